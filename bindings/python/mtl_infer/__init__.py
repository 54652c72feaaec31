"""mtl-infer: runs trained multitask vision networks on the CPU, from the checkpoint.

    >>> import mtl_infer
    >>> result = mtl_infer.load("models/fingers").run(image)
    >>> result["count"]            # numpy float32, the batch first, without a copy
    >>> result.label("count")      # Label(name='3', index=3, confidence=0.98)

Models, runtimes and results may be used by several threads. A session serves one call at a time.
"""
from ._library import cpu_isa, version
from .errors import (
    ArgumentError, BusyError, DtypeError, InternalError, MachineError, ModelError, MTLError, NotFoundError,
)
from .model import Input, Model, Runtime, Summary, Task, load, loads
from .result import Label, Object, Result
from .session import Session, Stats

__all__ = [
    "ArgumentError", "BusyError", "DtypeError", "Input", "InternalError", "Label", "MTLError", "MachineError", "Model",
    "ModelError", "NotFoundError", "Object", "Result", "Runtime", "Session", "Stats", "Summary", "Task", "cpu_isa", "load", "loads", "version",
]
