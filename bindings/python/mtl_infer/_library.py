"""Finds and loads libmtl_infer, checks that it fits, and calls it."""
import ctypes
import ctypes.util
import os
import weakref
from pathlib import Path
from typing import Any, Callable, Iterator, List, Optional

from . import _ffi
from .errors import from_record

_FILE_NAME = "libmtl_infer.so"


def _candidates() -> Iterator[str]:
    """Where the library may be, in this order. A variable that is set is the only candidate: no silent fallback."""
    override = os.environ.get("MTL_INFER_LIBRARY")
    if override:
        yield override
        return
    package = Path(__file__).resolve().parent
    yield str(package / _FILE_NAME)
    if len(package.parents) > 2 and (package.parents[2] / "Package.swift").exists():
        yield str(package.parents[2] / ".build" / "release" / _FILE_NAME)
    installed = ctypes.util.find_library("mtl_infer")
    if installed:
        yield installed


def _load() -> ctypes.CDLL:
    tried: List[str] = []
    for path in _candidates():
        try:
            library = ctypes.CDLL(path)
            _check_abi(library)
            _ffi.declare(library)
            return library
        except (OSError, AttributeError) as error:
            tried.append(f"\n  {path}: {error}")
    raise ImportError(
        f"mtl_infer: no usable {_FILE_NAME}; set MTL_INFER_LIBRARY to its path. Tried:{''.join(tried)}")


def _check_abi(library: ctypes.CDLL) -> None:
    """OSError: the library serves another version of the interface than this package was made for."""
    record = _ffi.mtl_error()
    if library.mtl_check_abi(_ffi.MTL_ABI, _ffi.MTL_ABI_MINOR, ctypes.byref(record)):
        raise OSError(record.message.decode("utf-8", "replace"))


library = _load()

#: Version of the loaded library, such as "0.1.0".
version: str = library.mtl_version().decode()


def cpu_isa() -> str:
    """Best instruction set that the library can use on this machine: "scalar", "avx2", "avx512"."""
    return library.mtl_isa_name(library.mtl_cpu_isa()).decode()


def call(function: Callable[..., int], *arguments: Any) -> None:
    """Calls a function that takes an error record last. Raises the MTLError that it reports."""
    record = _ffi.mtl_error()
    if function(*arguments, ctypes.byref(record)):
        raise from_record(record)


def filled(structure: Any, function: Callable[..., int], *arguments: Any) -> Any:
    """A struct with a `struct_size`, filled by `function`. Raises MTLError."""
    result = structure(struct_size=ctypes.sizeof(structure))
    call(function, *arguments, ctypes.byref(result))
    return result


def text(value: Any, what: str) -> bytes:
    """A str, bytes or path as zero-terminated text for C. TypeError, ValueError: cannot be one."""
    if not isinstance(value, (str, bytes, os.PathLike)):
        raise TypeError(f"{what}: expected text, found {type(value).__name__}")
    encoded = os.fsencode(value)
    if b"\0" in encoded:
        raise ValueError(f"{what}: contains a zero byte")
    return encoded


class Handle:
    """One counted reference to a C object, given back when the last Python object that needs it is gone.

    Nothing is given back at interpreter exit: the process returns it all, and exit handlers may still read results.
    Passes itself to C functions, so that it lives at least as long as the call.
    """

    def __init__(self, pointer: Any, release: Callable[[Any], None]) -> None:
        self._as_parameter_ = pointer
        weakref.finalize(self, release, pointer).atexit = False


class Owner:
    """An object with a handle: closes by hand, as a context manager, or when collected."""

    _handle: Optional[Handle] = None

    def _open(self) -> Handle:
        """The handle. ValueError: closed."""
        handle = self._handle
        if handle is None:
            raise ValueError(f"this {type(self).__name__} is closed")
        return handle

    def close(self) -> None:
        """Lets go of the C object. Calls in progress, results and arrays that need it keep it alive."""
        self._handle = None

    def __enter__(self) -> Any:
        self._open()
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()
