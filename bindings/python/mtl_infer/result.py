"""The outputs of one run."""
import ctypes
from collections.abc import Mapping
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Tuple

import numpy

from . import _dtypes, _ffi
from ._library import Handle, Owner, call, filled, library, text


class Label(NamedTuple):
    """Most probable class of a classification task."""

    #: None if the model does not name the class
    name: Optional[str]
    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody asks a label for
    #: probability, 0 to 1
    confidence: float


class Object(NamedTuple):
    """An object that a detection task found, in pixels of the picture."""

    #: None if the model does not name the class
    name: Optional[str]
    index: int  # type: ignore[assignment]
    #: 0 to 1
    score: float
    left: float
    top: float
    right: float
    bottom: float


class Result(Owner, Mapping[str, Any]):
    """Maps the names of the tasks that were run to their outputs. May be read by several threads.

    An output is what the network's own forward returns: float32 (or the type that an ONNX file gives the output), the
    batch first, read-only, without a copy. It stays valid after result, session and model are gone. Of an ONNX file,
    texts are copied into arrays of str; an output may be a sequence, which is a list of arrays, or None.
    """

    def __init__(self, pointer: Any, model: Handle, tasks: Dict[str, int]) -> None:
        self._handle = Handle(pointer, library.mtl_result_release)
        self._model = model
        self._tasks = tasks

    __eq__ = object.__eq__
    __hash__ = object.__hash__

    @property
    def batch(self) -> int:
        """Number of images."""
        return int(library.mtl_result_batch(self._open()))

    def __getitem__(self, task: str) -> Any:
        """NotFoundError (a KeyError): no such task, or it was not run."""
        index = task_index(self._model, task)
        form, count = ctypes.c_int32(), ctypes.c_uint32()
        call(library.mtl_result_form, self._open(), index, ctypes.byref(form), ctypes.byref(count), None)
        if form.value == _ffi.MTL_NOTHING:
            return None
        arrays = [self._array(index, element) for element in range(count.value)]
        return arrays if form.value == _ffi.MTL_SEQUENCE else arrays[0]

    def _array(self, task: int, element: int) -> numpy.ndarray:
        handle = self._open()
        view = _ffi.mtl_tensor_view()
        call(library.mtl_result_element, handle, task, element, ctypes.byref(view))
        if view.dtype == _ffi.MTL_STRING:
            return _texts(view)
        memory = (ctypes.c_char * view.byte_size).from_address(view.data)
        memory.owner = handle  # arrays keep `memory`, `memory` keeps the result
        dtype = _numpy_dtype(view.dtype)
        shape = tuple(view.shape[:view.rank])
        if view.byte_size == 0:
            return numpy.zeros(shape, dtype)
        numbers = numpy.frombuffer(memoryview(memory).toreadonly(), dtype)
        return numpy.ndarray(shape, dtype, numbers, strides=tuple(view.stride[:view.rank]))

    def __iter__(self) -> Iterator[str]:
        return (task for task in self._tasks if task in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def label(self, task: str, image: int = 0) -> Label:
        """Class of image `image` of the batch. NotFoundError: task not run. ArgumentError: not a classification."""
        index = task_index(self._model, task)
        label, confidence = ctypes.c_int32(), ctypes.c_float()
        if not 0 <= image < self.batch:
            raise IndexError(f"image {image}: the batch has {self.batch}")
        call(library.mtl_result_label, self._open(), index, image, ctypes.byref(label), ctypes.byref(confidence))
        name = library.mtl_model_task_label(self._model, index, label.value)
        return Label(name.decode() if name is not None else None, label.value, confidence.value)

    def label_map(self, task: str, size: Tuple[int, int], image: int = 0) -> numpy.ndarray:
        """Class of each pixel of the picture that image `image` of the batch was made from: height x width, uint16.

        `size` is the upright picture's (width, height), as `PIL.Image.size` has it, or any at which the classes are wanted.
        ArgumentError: the task is no segmentation.
        """
        index, (width, height) = self._checked(task, size, image)
        labels = numpy.empty((height, width), numpy.uint16)
        pointer = labels.ctypes.data_as(ctypes.POINTER(ctypes.c_uint16))
        call(library.mtl_result_label_map, self._open(), index, image, width, height, pointer, labels.nbytes)
        return labels

    def map(self, task: str, size: Tuple[int, int], image: int = 0) -> numpy.ndarray:
        """Numbers for each pixel, likewise: depth and disparity in the task's unit, saliency and edges as probabilities
        (height x width), normals of length 1 (height x width x 3). ArgumentError: the task is none of these."""
        index, (width, height) = self._checked(task, size, image)
        is_normals = self._kind(task) == _ffi.MTL_KIND_NORMALS
        values = numpy.empty((height, width, 3) if is_normals else (height, width), numpy.float32)
        pointer = values.ctypes.data_as(ctypes.POINTER(ctypes.c_float))
        call(library.mtl_result_map, self._open(), index, image, width, height, pointer, values.nbytes)
        return values

    def objects(self, task: str, size: Tuple[int, int], image: int = 0, least_score: float = 0.3) -> List[Object]:
        """What a detection task found in a picture of this size, best first."""
        index, (width, height) = self._checked(task, size, image)
        records, count = (_ffi.mtl_object * 100)(), ctypes.c_uint32()
        call(library.mtl_result_objects, self._open(), index, image, width, height, least_score, records, len(records),
             ctypes.byref(count))
        found = []
        for record in records[:count.value]:
            name = library.mtl_model_task_label(self._model, index, record.index)
            found.append(Object(name.decode() if name is not None else None, record.index, record.score, record.left,
                                record.top, record.right, record.bottom))
        return found

    def _checked(self, task: str, size: Tuple[int, int], image: int) -> Tuple[int, Tuple[int, int]]:
        index = task_index(self._model, task)
        if not 0 <= image < self.batch:
            raise IndexError(f"image {image}: the batch has {self.batch}")
        width, height = size
        if not (0 < width <= 32768 and 0 < height <= 32768):
            raise ValueError(f"size {size}: 1 to 32768 pixels a side are possible")
        return index, (int(width), int(height))

    @property
    def labels(self) -> Dict[str, List[Label]]:
        """For each classification task that was run, one label per image of the batch."""
        return {task: [self.label(task, image) for image in range(self.batch)]
                for task in self if self._is_classification(task)}

    def _is_classification(self, task: str) -> bool:
        return self._kind(task) == _ffi.MTL_KIND_CLASSIFICATION

    def _kind(self, task: str) -> int:
        info = filled(_ffi.mtl_task_info, library.mtl_model_task_info, self._model, self._tasks[task])
        return int(info.kind)


def _texts(view: Any) -> numpy.ndarray:
    """The texts of a dense view as an array of str."""
    shape = tuple(view.shape[:view.rank])
    texts = numpy.empty(shape, object)
    # ctypes itself would read the bytes of a text up to the first zero.
    records = numpy.frombuffer((ctypes.c_char * view.byte_size).from_address(view.data), numpy.uint64).reshape(-1, 2)
    texts.ravel()[:] = [ctypes.string_at(data, size).decode() for data, size in records.tolist()]
    texts.flags.writeable = False
    return texts


def _numpy_dtype(number: int) -> Any:
    """The dtype of a view. Types that numpy does not have come from ml_dtypes, and as bytes where that is missing."""
    name = next(name for name, own in _dtypes.BY_NAME.items() if own == number)
    try:
        return numpy.dtype(name)
    except TypeError:
        pass
    try:
        import ml_dtypes

        return numpy.dtype(getattr(ml_dtypes, name))
    except (ImportError, AttributeError):
        return numpy.dtype(f"u{library.mtl_dtype_size(number)}")


def task_index(model: Handle, name: str) -> int:
    """Index of a task. NotFoundError: the model has no such task. TypeError, ValueError: not a name."""
    if not isinstance(name, str):
        raise TypeError(f"task: expected a name, found {type(name).__name__}")
    index = ctypes.c_uint32()
    call(library.mtl_model_task_index, model, text(name, "task"), ctypes.byref(index))
    return index.value
