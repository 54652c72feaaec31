"""The headers compile as promised, and C, ctypes and the checked-in record agree on every struct."""
import ctypes
import json
import subprocess
from pathlib import Path

import pytest
from bindings_support import ROOT, compiler, run

STRICT = ["-pedantic", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-I", ROOT / "include"]
RECORD = Path(__file__).parent / "abi" / "layout.json"


def compiles(command, source, path, *flags):
    path.write_text(source)
    run(compiler(command), *STRICT, *flags, path)


@pytest.mark.parametrize("command", ["gcc", "clang"])
def test_c99(command, tmp_path):
    compiles(command, '#include "mtl_infer.h"\nint main(void) { return MTL_OK; }\n', tmp_path / "a.c", "-std=c99")


@pytest.mark.parametrize("command", ["g++", "clang++"])
def test_c_header_in_cpp17(command, tmp_path):
    compiles(command, '#include "mtl_infer.h"\nint main() { return MTL_OK; }\n', tmp_path / "a.cpp", "-std=c++17")


@pytest.mark.parametrize("command", ["g++", "clang++"])
@pytest.mark.parametrize("flags", [[], ["-DMTL_INFER_NO_EXCEPTIONS", "-fno-exceptions"]], ids=["throws", "expected"])
def test_cpp_header(command, flags, tmp_path):
    source = (Path(__file__).parent / "wrapper_test.cpp").read_text()
    compiles(command, source, tmp_path / "a.cpp", "-std=c++17", *flags)


def test_python_mirror_is_up_to_date():
    run(ROOT / "tools" / "generate_python_ffi.py", "--check")


def test_generator_refuses_what_it_cannot_read():
    from generate_python_ffi import Header

    with pytest.raises(SystemExit, match="cannot read"):
        Header("typedef union strange { int32_t a; } strange;")


@pytest.fixture(scope="module")
def c_layout(mtl_infer, tmp_path_factory):
    """{struct: {"size": bytes, "offsets": {field: bytes}}} as the C compiler sees it."""
    from mtl_infer import _ffi

    lines = []
    for struct in _ffi.STRUCTURES:
        name = struct.__name__
        lines += [f'printf("{name} size %zu\\n", sizeof({name}));']
        lines += [f'printf("{name} {field} %zu\\n", offsetof({name}, {field}));' for field, _ in struct._fields_]
    folder = tmp_path_factory.mktemp("layout")
    source = folder / "layout.c"
    source.write_text('#include <stdio.h>\n#include "mtl_infer.h"\nint main(void) {\n' + "\n".join(lines) + "\n}\n")
    run(compiler("gcc"), "-std=c99", "-I", ROOT / "include", source, "-o", folder / "layout")
    layout = {}
    for line in run(folder / "layout").splitlines():
        name, field, number = line.split()
        struct = layout.setdefault(name, {"size": int(number), "offsets": {}})
        if field != "size":
            struct["offsets"][field] = int(number)
    return layout


def test_ctypes_sees_the_same_structs(c_layout):
    from mtl_infer import _ffi

    mirror = {
        struct.__name__: {
            "size": ctypes.sizeof(struct),
            "offsets": {field: getattr(struct, field).offset for field, _ in struct._fields_},
        }
        for struct in _ffi.STRUCTURES
    }
    assert mirror == c_layout


def test_structs_have_not_changed(c_layout):
    """A change here breaks callers unless it only adds fields to the end of a struct with `struct_size`."""
    assert c_layout == json.loads(RECORD.read_text())


def test_a_wrong_use_does_not_compile(tmp_path):
    """The strict flags are in force: the checks above can fail."""
    path = tmp_path / "a.c"
    path.write_text('#include "mtl_infer.h"\nint main(void) { int unused; return 0; }\n')
    done = subprocess.run([compiler("gcc"), *map(str, STRICT), str(path)], capture_output=True)
    assert done.returncode != 0
