"""Pictures and arrays as the views that C reads. Whoever makes a view keeps the array until the call is over."""
from typing import Any, List, Sequence, Tuple

import numpy

from . import _dtypes, _ffi

_EXIF_ORIENTATION = 0x0112
_MAXIMUM_SIZE = 2**31 - 1
_FORMATS = {
    "rgb": {1: _ffi.MTL_GRAY8, 3: _ffi.MTL_RGB8, 4: _ffi.MTL_RGBA8},
    "bgr": {1: _ffi.MTL_GRAY8, 3: _ffi.MTL_BGR8, 4: _ffi.MTL_BGRA8},
}
#: 8-bit modes of PIL whose numbers are not grey, RGB or RGBA, and the mode to read them in.
_PIL_CONVERSIONS = {
    "1": "L", "La": "L", "LA": "L", "P": "RGB", "PA": "RGB", "RGBX": "RGB", "RGBa": "RGB", "CMYK": "RGB",
    "YCbCr": "RGB", "LAB": "RGB", "HSV": "RGB",
}


def image_views(images: Any, order: str) -> Tuple[Any, List[numpy.ndarray]]:
    """One picture or a list of them as an array of mtl_image_view, and the arrays it borrows."""
    if order not in _FORMATS:
        raise ValueError(f'format: expected "rgb" or "bgr", found {order!r}')
    pictures = list(images) if isinstance(images, (list, tuple)) else [images]
    pairs = [_image_view(picture, order) for picture in pictures]
    return (_ffi.mtl_image_view * len(pairs))(*(view for view, _ in pairs)), [pixels for _, pixels in pairs]


def _image_view(picture: Any, order: str) -> Tuple[Any, numpy.ndarray]:
    orientation = 0
    if hasattr(picture, "getexif"):
        orientation = picture.getexif().get(_EXIF_ORIENTATION, 0)
        orientation = orientation if orientation in range(1, 9) else 0  # others mean nothing: upright
        order = "rgb"
        if picture.mode in _PIL_CONVERSIONS:
            picture = picture.convert(_PIL_CONVERSIONS[picture.mode])
    elif isinstance(picture, (str, bytes)):
        raise TypeError(f"image: expected an array or a picture, found {type(picture).__name__}; open files with PIL")
    pixels = numpy.asarray(picture)
    channels = pixels.shape[2] if pixels.ndim == 3 else 1
    if pixels.dtype != numpy.uint8:
        raise TypeError(f"image: expected uint8, found {pixels.dtype}")
    if pixels.ndim not in (2, 3) or channels not in _FORMATS[order]:
        raise ValueError(f"image: expected shape HxW, HxWx1, HxWx3 or HxWx4, found {pixels.shape}; batches are lists")
    if max(pixels.shape) > _MAXIMUM_SIZE:
        raise ValueError(f"image: shape {pixels.shape} is too large")
    if not _rows_are_packed(pixels, channels):
        pixels = numpy.ascontiguousarray(pixels)
    height, width = pixels.shape[:2]
    row_size = width * channels
    row_stride = pixels.strides[0] if height > 1 else row_size
    view = _ffi.mtl_image_view(
        data=pixels.ctypes.data, byte_size=row_stride * (height - 1) + row_size if height else 0,
        row_stride=row_stride, width=width, height=height, format=_FORMATS[order][channels], orientation=orientation)
    return view, pixels


def _rows_are_packed(pixels: numpy.ndarray, channels: int) -> bool:
    """Whether a row stride alone describes the array: rows apart, nothing between pixels or channels."""
    height, width = pixels.shape[:2]
    return ((height <= 1 or pixels.strides[0] >= width * channels)
            and (width <= 1 or pixels.strides[1] == channels)
            and (channels == 1 or pixels.strides[2] == 1))


def tensor_views(tensors: Any) -> Tuple[Any, List[numpy.ndarray]]:
    """One array, or a sequence with one for each input, as an array of mtl_tensor_view, and the arrays it borrows."""
    sequence: Sequence[Any] = tensors if isinstance(tensors, (list, tuple)) else [tensors]
    arrays = [_tensor_array(tensor) for tensor in sequence]
    return (_ffi.mtl_tensor_view * len(arrays))(*(_tensor_view(array) for array in arrays)), arrays


def _tensor_array(tensor: Any) -> numpy.ndarray:
    array = numpy.asarray(tensor)
    if array.dtype.name not in _dtypes.BY_NAME:
        raise TypeError(f"tensor: expected numbers of a type that the library has, found {array.dtype}")
    if array.ndim > _ffi.MTL_MAX_RANK:
        raise ValueError(f"tensor: expected at most {_ffi.MTL_MAX_RANK} dimensions, found {array.ndim}")
    if not array.flags.aligned or any(stride < 0 for stride in array.strides):
        array = numpy.ascontiguousarray(array)
    return array


def _tensor_view(array: numpy.ndarray) -> Any:
    view = _ffi.mtl_tensor_view(data=array.ctypes.data, dtype=_dtypes.BY_NAME[array.dtype.name], rank=array.ndim)
    view.shape[:array.ndim] = array.shape
    view.stride[:array.ndim] = array.strides
    if array.size:
        view.byte_size = array.itemsize + sum((size - 1) * step for size, step in zip(array.shape, array.strides))
    return view
