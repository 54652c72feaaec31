"""The failures of the library: one exception class for each family of status codes."""
from typing import Dict, Type

from . import _ffi


class MTLError(Exception):
    """Base of all. `code` is the library's status (`mtl_status` in mtl_infer.h), the text is the library's."""

    def __init__(self, message: str, code: int = _ffi.MTL_INTERNAL, system_errno: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        #: errno of the failing system call, or 0
        self.system_errno = system_errno

    def __str__(self) -> str:
        return self.message


class ArgumentError(MTLError, ValueError):
    """The caller's: a value, shape, element type, size or order of calls that the library does not accept."""


class DtypeError(ArgumentError, TypeError):
    """The caller's: elements of another type than the model takes."""


class NotFoundError(MTLError, KeyError):
    """The caller's: no such task, network or input, or a task that was not run."""


class BusyError(MTLError, RuntimeError):
    """The caller's: the session is in use by another thread."""


class ModelError(MTLError):
    """The model's: damaged, too new, too large, or not what its description says."""


class MachineError(MTLError, OSError):
    """The machine's: files, memory, threads. `errno` is set if a system call failed."""

    def __init__(self, message: str, code: int, system_errno: int = 0) -> None:
        super().__init__(message, code, system_errno)
        self.errno = system_errno or None


class InternalError(MTLError):
    """A fault of the library. Please report it with its message and the version."""


_ADVICE = "one session serves one call at a time: give each thread its own, from model.session()"
_SPECIAL: Dict[int, Type[MTLError]] = {
    _ffi.MTL_NOT_FOUND: NotFoundError, _ffi.MTL_BUSY: BusyError, _ffi.MTL_DTYPE_MISMATCH: DtypeError}


def from_record(record: _ffi.mtl_error) -> MTLError:
    """The exception for a filled error record."""
    code = record.code
    message = record.message.decode("utf-8", "replace")
    if code == _ffi.MTL_BUSY:
        message = f"{message} ({_ADVICE})"
    return _class_of(code)(message, code, record.system_errno)


def _class_of(code: int) -> Type[MTLError]:
    if code in _SPECIAL:
        return _SPECIAL[code]
    if 1 <= code < 20:
        return ArgumentError
    if 20 <= code < 40:
        return ModelError
    if 40 <= code < 60:
        return MachineError
    return InternalError
