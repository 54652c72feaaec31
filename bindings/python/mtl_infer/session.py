"""A session: the plans and the memory of one caller."""
import ctypes
from dataclasses import dataclass
from typing import Any, Dict, Optional, Sequence, Tuple

from . import _ffi
from ._library import Handle, Owner, call, filled, library, text
from ._views import image_views, tensor_views, values
from .result import Result, task_index


@dataclass(frozen=True)
class Stats:
    """Counters of a session, and the times of its last run."""

    threads: int
    runs: int
    plan_builds: int
    plan_hits: int
    #: of all plans together
    arena_bytes: int
    #: weights that were repacked; the others are used where the file maps them
    packed_weight_bytes: int
    #: pixels to input tensor
    prepare_nanoseconds: int
    encoder_nanoseconds: int
    heads_nanoseconds: int
    total_nanoseconds: int


class Session(Owner):
    """Runs a model. Made by `Model.session`. One call at a time: use one session per thread."""

    def __init__(self, model: Handle, tasks: Dict[str, int], options: Any, plain: bool,
                 sequences: Sequence[bool]) -> None:
        """plain: every input is a tensor that must be there. sequences: which inputs are sequences."""
        pointer = ctypes.POINTER(_ffi.mtl_session)()
        call(library.mtl_session_create, model, ctypes.byref(options), ctypes.byref(pointer))
        self._handle = Handle(pointer, library.mtl_session_release)
        self._model = model
        self._tasks = tasks
        self._plain = plain
        self._sequences = sequences

    def run(self, images: Any = None, *, tensors: Any = None, tasks: Optional[Sequence[str]] = None,
            format: str = "rgb") -> Result:
        """Runs the encoder once and then the heads of `tasks` (None = the session's).

        images: a uint8 array HxW, HxWx1, HxWx3 or HxWx4 (grey, RGB, RGBA; BGR, BGRA with format="bgr"), a PIL image
            (its EXIF orientation is honoured, its own channel order holds), or a list of these: a batch. Any size.
            Read in place if its rows have no gaps between pixels, wherever the rows lie; otherwise copied first.
        tensors: instead of images, float32 NxCxHxW (or what an ONNX file asks for), normalised as the network
            expects; several inputs as a list. Read in place with any strides that are not negative; otherwise copied
            first. Of an ONNX file, texts are arrays of str (or of UTF-8 bytes), an input that is a sequence takes a list
            of arrays, and one that is optional takes None.

        TypeError, ValueError: not such an array. NotFoundError: unknown task. ArgumentError: refused by the library.
        BusyError: another thread is in a call to the session.
        """
        if (images is None) == (tensors is None):
            raise TypeError("run: expected either images or tensors")
        if images is not None:
            function = library.mtl_run_images
            views, borrowed = image_views(images, format)
        elif self._plain:
            function = library.mtl_run_tensors
            views, borrowed = tensor_views(tensors)
        else:
            function = library.mtl_run_values
            views, borrowed = values(tensors, self._sequences)
        options = _ffi.mtl_run_options(struct_size=ctypes.sizeof(_ffi.mtl_run_options))
        choose_tasks(options, self._model, tasks)
        pointer = ctypes.POINTER(_ffi.mtl_result)()
        call(function, self._open(), views, len(views), ctypes.byref(options), ctypes.byref(pointer))
        del borrowed  # needed until here: the views point into these arrays
        return Result(pointer, self._model, self._tasks)

    def reserve(self, batch: int = 1, size: Tuple[int, int] = (0, 0)) -> None:
        """Builds the plan for a batch now, so that the first run does not pay for it.

        size: (height, width) of the network's input, 0 = the model's default.
        """
        height, width = size
        call(library.mtl_session_reserve, self._open(), count(batch, "batch"), count(height, "height"),
             count(width, "width"))

    @property
    def stats(self) -> Stats:
        """BusyError: another thread is in a call to the session."""
        return from_struct(Stats, filled(_ffi.mtl_stats, library.mtl_session_stats, self._open()))

    @property
    def head_times(self) -> Dict[str, int]:
        """Nanoseconds that each task's head took in the last run; 0 if it did not run."""
        times = {}
        for task, index in self._tasks.items():
            nanoseconds = ctypes.c_uint64()
            call(library.mtl_session_head_time, self._open(), index, ctypes.byref(nanoseconds))
            times[task] = nanoseconds.value
        return times


def make_options(model: Handle, threads: int, tasks: Optional[Sequence[str]], isa: Optional[str],
                 max_plans: int) -> Any:
    """mtl_session_options from what `Model.session` takes."""
    options = _ffi.mtl_session_options(
        struct_size=ctypes.sizeof(_ffi.mtl_session_options), max_threads=count(threads, "threads"),
        max_plans=count(max_plans, "max_plans"), isa_cap=_ffi.MTL_ISA_BEST if isa is None else _isa_number(isa))
    choose_tasks(options, model, tasks)
    return options


def choose_tasks(options: Any, model: Handle, tasks: Optional[Sequence[str]]) -> None:
    """Sets `tasks` and `num_tasks` of an options struct, which keeps the array. NotFoundError: unknown task."""
    if tasks is None:
        return
    if isinstance(tasks, (str, bytes)):
        raise TypeError("tasks: expected a list of names, found one text")
    indices = [task_index(model, name) for name in tasks]
    if not indices:
        raise ValueError("tasks: expected at least one name; None stands for all")
    options.tasks = (ctypes.c_uint32 * len(indices))(*indices)
    options.num_tasks = len(indices)


def count(value: int, what: str) -> int:
    """`value` if C's uint32_t can hold it: ctypes would cut it silently."""
    if not 0 <= value < 2**32:
        raise ValueError(f"{what}: {value} is out of range")
    return value


def from_struct(dataclass_type: Any, structure: Any) -> Any:
    """A dataclass from the fields of the same names; text is decoded."""
    values = {name: getattr(structure, name) for name in dataclass_type.__dataclass_fields__}
    return dataclass_type(**{
        name: value.decode() if isinstance(value, bytes) else value for name, value in values.items()})


def _isa_number(name: str) -> int:
    for number in range(1, 32):
        if library.mtl_isa_name(number) == text(name, "isa"):
            return number
    raise ValueError(f"isa: unknown instruction set {name!r}")
