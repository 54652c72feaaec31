"""Pictures and arrays as the views that C reads. Whoever makes a view keeps the array until the call is over."""
import ctypes
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


def tensor_views(tensors: Any) -> Tuple[Any, List[Any]]:
    """One array, or a sequence with one for each input, as an array of mtl_tensor_view, and what it borrows."""
    sequence: Sequence[Any] = tensors if isinstance(tensors, (list, tuple)) else [tensors]
    pairs = [_tensor_view(tensor) for tensor in sequence]
    return (_ffi.mtl_tensor_view * len(pairs))(*(view for view, _ in pairs)), [borrowed for _, borrowed in pairs]


def values(inputs: Any, is_sequence: Sequence[bool]) -> Tuple[Any, List[Any]]:
    """What each input is given as an array of mtl_value, and what it borrows.

    is_sequence: which inputs take a list of arrays. None stands for nothing.
    """
    given = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
    if len(given) != len(is_sequence):
        raise ValueError(f"tensors: expected {len(is_sequence)}, one for each input, found {len(given)}")
    results, borrowed = [], []
    for value, takes_list in zip(given, is_sequence):
        if value is None:
            results.append(_ffi.mtl_value(form=_ffi.MTL_NOTHING))
            continue
        if takes_list and not isinstance(value, (list, tuple)):
            raise TypeError(f"tensors: expected a list of arrays for a sequence, found {type(value).__name__}")
        views, arrays = tensor_views(list(value) if takes_list else [value])
        results.append(_ffi.mtl_value(
            form=_ffi.MTL_SEQUENCE if takes_list else _ffi.MTL_TENSOR, count=len(views), tensors=views))
        borrowed += [views, arrays]
    return (_ffi.mtl_value * len(results))(*results), borrowed


def _tensor_array(tensor: Any) -> numpy.ndarray:
    array = numpy.asarray(tensor)
    is_text = array.dtype.kind in _dtypes.TEXT_KINDS
    if not is_text and array.dtype.name not in _dtypes.BY_NAME:
        raise TypeError(f"tensor: expected numbers of a type that the library has, found {array.dtype}")
    if array.ndim > _ffi.MTL_MAX_RANK:
        raise ValueError(f"tensor: expected at most {_ffi.MTL_MAX_RANK} dimensions, found {array.ndim}")
    if is_text:
        return array
    if not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
    if not array.flags.aligned or any(stride < 0 for stride in array.strides):
        array = numpy.ascontiguousarray(array)
    return array


def _tensor_view(tensor: Any) -> Tuple[Any, Any]:
    array = _tensor_array(tensor)
    if array.dtype.kind in _dtypes.TEXT_KINDS:
        return _text_view(array)
    view = _ffi.mtl_tensor_view(data=array.ctypes.data, dtype=_dtypes.BY_NAME[array.dtype.name], rank=array.ndim)
    view.shape[:array.ndim] = array.shape
    view.stride[:array.ndim] = array.strides
    if array.size:
        view.byte_size = array.itemsize + sum((size - 1) * step for size, step in zip(array.shape, array.strides))
    return view, array


def _text_view(array: numpy.ndarray) -> Tuple[Any, Any]:
    """Texts as records in row-major order, which point to their bytes."""
    encoded = [_encode(text) for text in array.ravel().tolist()]
    records = (_ffi.mtl_string * len(encoded))(*(_ffi.mtl_string(data=text, byte_size=len(text)) for text in encoded))
    view = _ffi.mtl_tensor_view(
        data=ctypes.addressof(records), byte_size=ctypes.sizeof(records), dtype=_ffi.MTL_STRING, rank=array.ndim)
    view.shape[:array.ndim] = array.shape
    step = ctypes.sizeof(_ffi.mtl_string)
    for axis in reversed(range(array.ndim)):
        view.stride[axis] = step
        step *= max(array.shape[axis], 1)
    return view, (records, encoded)


def _encode(text: Any) -> bytes:
    if not isinstance(text, (str, bytes)):
        raise TypeError(f"tensor: expected numbers or texts, found an array with a {type(text).__name__}")
    return text.encode() if isinstance(text, str) else text
