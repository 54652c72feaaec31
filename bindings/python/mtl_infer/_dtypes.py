"""Element types of tensors, by the names that numpy and ml_dtypes give them."""

from . import _ffi

BY_NAME = {
    "float32": _ffi.MTL_FLOAT32, "uint8": _ffi.MTL_UINT8, "int8": _ffi.MTL_INT8, "uint16": _ffi.MTL_UINT16,
    "int16": _ffi.MTL_INT16, "int32": _ffi.MTL_INT32, "int64": _ffi.MTL_INT64, "bool": _ffi.MTL_BOOL,
    "float16": _ffi.MTL_FLOAT16, "float64": _ffi.MTL_FLOAT64, "uint32": _ffi.MTL_UINT32, "uint64": _ffi.MTL_UINT64,
    "bfloat16": _ffi.MTL_BFLOAT16, "float8_e4m3fn": _ffi.MTL_FLOAT8_E4M3FN,
    "float8_e4m3fnuz": _ffi.MTL_FLOAT8_E4M3FNUZ, "float8_e5m2": _ffi.MTL_FLOAT8_E5M2,
    "float8_e5m2fnuz": _ffi.MTL_FLOAT8_E5M2FNUZ, "uint4": _ffi.MTL_UINT4, "int4": _ffi.MTL_INT4,
    "float4_e2m1fn": _ffi.MTL_FLOAT4_E2M1, "float8_e8m0fnu": _ffi.MTL_FLOAT8_E8M0, "uint2": _ffi.MTL_UINT2,
    "int2": _ffi.MTL_INT2,
}
#: dtype kinds of arrays of texts: str, bytes, objects
TEXT_KINDS = "USO"
