"""Models and the threads they run on."""
import ctypes
import threading
from dataclasses import dataclass
from os import PathLike
from typing import Any, Callable, Dict, Optional, Sequence, Tuple, Union

from . import _ffi
from ._library import Handle, Owner, call, filled, library, text
from .result import Result
from .session import Session, count, from_struct, make_options


@dataclass(frozen=True)
class Task:
    """What a model can be asked for. Counts are for a batch of 1 at the default input size."""

    name: str
    #: as in a model.json: "classification", "segmentation", "depth" ...; "raw" = numbers without a known meaning
    kind: str
    #: names of the classes, in the order of their indices
    labels: Tuple[str, ...]
    output_shape: Tuple[int, ...]
    #: of what only this task needs
    head_parameters: int
    head_multiply_accumulates: int


@dataclass(frozen=True)
class Input:
    """An input of the network."""

    name: str
    dtype: str
    #: N, C, H, W; -1 = any
    shape: Tuple[int, ...]
    #: whether it is a list of arrays
    sequence: bool = False
    #: whether it may be None
    optional: bool = False


@dataclass(frozen=True)
class Summary:
    """Sizes of a model. Counts are for a batch of 1 at the default input size."""

    name: str
    #: of the weights, such as "PyTorch zip checkpoint"
    format: str
    #: recipe, or "blocks"
    network: str
    encoder_parameters: int
    encoder_multiply_accumulates: int
    total_parameters: int
    total_multiply_accumulates: int


class Runtime(Owner):
    """Threads, for models to share. Models without one share the process's default runtime."""

    def __init__(self, threads: int = 0) -> None:
        """threads: 0 = the processors that this process may use."""
        options = _ffi.mtl_runtime_options(
            struct_size=ctypes.sizeof(_ffi.mtl_runtime_options), num_threads=count(threads, "threads"))
        pointer = ctypes.POINTER(_ffi.mtl_runtime)()
        call(library.mtl_runtime_create, ctypes.byref(options), ctypes.byref(pointer))
        self._handle = Handle(pointer, library.mtl_runtime_release)

    @property
    def threads(self) -> int:
        """Number of threads."""
        return int(library.mtl_runtime_num_threads(self._open()))


class Model(Owner):
    """Immutable weights, graph and task table. Made by `load` and `loads`. May be used by several threads."""

    def __init__(self, pointer: Any) -> None:
        self._handle = handle = Handle(pointer, library.mtl_model_release)
        #: what it is and how large
        self.summary: Summary = from_struct(Summary, filled(_ffi.mtl_model_summary, library.mtl_model_info, handle))
        #: in the model's order
        self.tasks: Tuple[Task, ...] = tuple(_task(handle, i) for i in range(library.mtl_model_num_tasks(handle)))
        #: in the model's order
        self.inputs: Tuple[Input, ...] = tuple(_input(handle, i) for i in range(library.mtl_model_num_inputs(handle)))
        self._indices: Dict[str, int] = {task.name: index for index, task in enumerate(self.tasks)}
        self._sessions = threading.local()

    @property
    def name(self) -> str:
        """Name of the model."""
        return self.summary.name

    def session(self, threads: int = 0, tasks: Optional[Sequence[str]] = None, isa: Optional[str] = None,
                max_plans: int = 0) -> Session:
        """A session for one thread.

        threads: at most so many; 0 = all of the runtime's. tasks: names of the tasks to run; None = all.
        isa: cap on the instruction set, such as "avx2". max_plans: plans kept, one for each input shape and set of
        tasks; 0 = 8.

        NotFoundError: unknown task. ValueError: unknown instruction set.
        """
        handle = self._open()
        sequences = [each.sequence for each in self.inputs]
        plain = not any(each.sequence or each.optional for each in self.inputs)
        return Session(handle, self._indices, make_options(handle, threads, tasks, isa, max_plans), plain, sequences)

    def run(self, images: Any = None, *, tensors: Any = None, tasks: Optional[Sequence[str]] = None,
            format: str = "rgb") -> Result:
        """`Session.run` on a session of the model's own, one for each calling thread, made when first needed."""
        self._open()
        session = getattr(self._sessions, "session", None)
        if session is None:
            session = self._sessions.session = self.session()
        return session.run(images, tensors=tensors, tasks=tasks, format=format)

    def save(self, path: Union[str, bytes, "PathLike[str]"]) -> None:
        """Writes the library's own file: it is mapped when it is opened, needs no other file, and gives the same outputs
        to the last bit. Any safetensors reader opens it."""
        call(library.mtl_model_save, self._open(), text(path, "path"))

    def close(self) -> None:
        """Lets go of the model and of the sessions made by `run`. Other sessions and results stay usable."""
        super().close()
        self._sessions = threading.local()


def load(path: Union[str, bytes, "PathLike[str]"], network: Optional[str] = None, description: Optional[str] = None,
         copy: bool = False, runtime: Optional[Runtime] = None) -> Model:
    """Opens a model.

    path: a folder with a model.json, a model.json, a checkpoint, an ONNX file, or a file that `Model.save` wrote.
    network: recipe for a bare checkpoint; not needed if the checkpoint fits a recipe exactly.
    description: text of a model.json, used instead of a file.
    copy: read the file into memory instead of mapping it; a mapped file must not be shortened while in use.

    MachineError (an OSError): the file cannot be read. ModelError: it is not a model, or not the one described.
    """
    encoded = text(path, "path")
    return _open_model(library.mtl_model_open_path, runtime, network, description, copy, encoded)


def loads(data: Any, network: Optional[str] = None, description: Optional[str] = None,
          runtime: Optional[Runtime] = None) -> Model:
    """Opens the bytes of a checkpoint, which are copied. The rest is as for `load`."""
    content = data if isinstance(data, bytes) else bytes(memoryview(data))
    release = _ffi.mtl_release_function()
    return _open_model(library.mtl_model_open_memory, runtime, network, description, False, content, len(content),
                       release, None)


def _open_model(function: Callable[..., int], runtime: Optional[Runtime], network: Optional[str],
                description: Optional[str], copy: bool, *source: Any) -> Model:
    options = _ffi.mtl_model_options(
        struct_size=ctypes.sizeof(_ffi.mtl_model_options), flags=_ffi.MTL_MODEL_COPY if copy else 0,
        network=None if network is None else text(network, "network"),
        description=None if description is None else text(description, "description"))
    pointer = ctypes.POINTER(_ffi.mtl_model)()
    call(function, None if runtime is None else runtime._open(), *source, ctypes.byref(options),
         ctypes.byref(pointer))
    return Model(pointer)


def _task(model: Handle, index: int) -> Task:
    info = filled(_ffi.mtl_task_info, library.mtl_model_task_info, model, index)
    labels = (library.mtl_model_task_label(model, index, label) for label in range(info.num_labels))
    return Task(
        info.name.decode(), library.mtl_task_kind_name(info.kind).decode(), tuple(name.decode() for name in labels),
        tuple(info.output_shape[:info.output_rank]), info.head_parameters, info.head_multiply_accumulates)


def _input(model: Handle, index: int) -> Input:
    info = filled(_ffi.mtl_input_info, library.mtl_model_input_info, model, index)
    return Input(info.name.decode(), library.mtl_dtype_name(info.dtype).decode(), tuple(info.shape[:info.rank]),
                 info.form == _ffi.MTL_SEQUENCE, bool(info.flags & _ffi.MTL_INPUT_OPTIONAL))
