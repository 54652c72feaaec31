"""The C interface under a hostile, a careless and a busy caller: abi_test, one process for each case."""
import re
from pathlib import Path

import pytest
from bindings_support import ROOT, compiler, run

FOLDER = Path(__file__).parent / "abi_test"
CASES = re.findall(r"CASE\((\w+)\)", (FOLDER / "cases.def").read_text())


@pytest.fixture(scope="module")
def abi_test(library_folder, tmp_path_factory):
    program = tmp_path_factory.mktemp("abi_test") / "abi_test"
    run(compiler("gcc"), "-std=gnu11", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-rdynamic", "-pthread",
        "-I", ROOT / "include", *sorted(FOLDER.glob("*.c")), "-o", program,
        "-L", library_folder, "-lmtl_infer", f"-Wl,-rpath,{library_folder}")
    return program


@pytest.mark.parametrize("case", CASES)
def test_case(case, abi_test, model_path, sample_pgm):
    assert run(abi_test, case, model_path, sample_pgm, timeout=600) == ""


@pytest.mark.parametrize("command", ["g++", "clang++"])
@pytest.mark.parametrize("flags", [[], ["-DMTL_INFER_NO_EXCEPTIONS", "-fno-exceptions"]], ids=["throws", "expected"])
def test_cpp_wrapper(command, flags, library_folder, model_path, tmp_path):
    program = tmp_path / "wrapper_test"
    run(compiler(command), "-std=c++17", *flags, "-I", ROOT / "include", Path(__file__).parent / "wrapper_test.cpp",
        "-o", program, "-L", library_folder, "-lmtl_infer", f"-Wl,-rpath,{library_folder}")
    assert run(program, model_path) == ""
