"""The shared library as a guest in a process: what it exports, needs, weighs and touches."""
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from bindings_support import ROOT, compiler, run

SYMBOLS = Path(__file__).parent / "abi" / "symbols.txt"
# libonnx_proto and libprotobuf come with the package trait ONNX; Debian has no static libonnx_proto.
ALLOWED = re.compile(r"(libc|libm|libstdc\+\+|libgcc_s|libonnx_proto|libprotobuf|ld-linux-[\w-]+)\.so\.\d+")
MAXIMUM_BYTES = 14_000_000


@pytest.fixture(scope="module")
def dynamic_section(library):
    return run("readelf", "--dynamic", "--wide", library)


def test_exports_are_the_record(library):
    lines = run("nm", "-D", "--defined-only", "--extern-only", library).splitlines()
    # Type A is the name of the symbol version itself.
    exported = sorted(line.split()[-1].split("@")[0] for line in lines if " A " not in line)
    assert exported == SYMBOLS.read_text().split()
    assert all(name.startswith("mtl_") for name in exported)


def test_record_is_the_header(mtl_infer):
    from mtl_infer import _ffi

    assert SYMBOLS.read_text().split() == sorted(name for name, _, _ in _ffi.PROTOTYPES)


def test_needs_only_the_system(dynamic_section):
    needed = re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic_section)
    assert needed and not [name for name in needed if not ALLOWED.fullmatch(name)]


def test_soname(dynamic_section):
    assert re.findall(r"\(SONAME\).*\[(.*)\]", dynamic_section) == ["libmtl_infer.so.0"]


def test_no_search_path(dynamic_section):
    assert not re.findall(r"\((?:RUNPATH|RPATH)\).*", dynamic_section), "build with swift build --disable-local-rpath"


def test_stripped_size(library, tmp_path):
    copy = shutil.copy(library, tmp_path / "stripped.so")
    run("strip", "--strip-unneeded", copy)
    assert Path(copy).stat().st_size < MAXIMUM_BYTES


def test_version_is_the_headers(mtl_infer):
    stated = re.search(r'mtl_version\(void\);\s+/\* "([\d.]+)"', (ROOT / "include" / "mtl_infer.h").read_text())
    assert mtl_infer.version == stated[1]


GUEST = """
import ctypes, os, signal, sys
def caught():
    lines = open("/proc/self/status").read().splitlines()
    return [line for line in lines if line.startswith(("SigCgt", "SigIgn", "SigBlk"))]
affinity, before = os.sched_getaffinity(0), caught()
environment, folder = dict(os.environ), os.getcwd()
library = ctypes.CDLL(sys.argv[1])
model, session, error = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.create_string_buffer(512)
assert library.mtl_model_open_path(None, sys.argv[2].encode(), None, ctypes.byref(model), error) == 0, error.raw[8:]
assert library.mtl_session_create(model, None, ctypes.byref(session), error) == 0, error.raw[8:]
assert library.mtl_session_reserve(session, 1, 0, 0, error) == 0, error.raw[8:]
assert library.mtl_model_open_path(None, b"no/such/model", None, ctypes.byref(model), error) != 0
assert caught() == before, (before, caught())
assert os.sched_getaffinity(0) == affinity and dict(os.environ) == environment and os.getcwd() == folder
"""


def test_silent_and_leaves_signals_alone(library, model_path):
    command = [sys.executable, "-c", GUEST, library, model_path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


FPU = """
#include <fenv.h>
#include <stdio.h>
#include <xmmintrin.h>
#include "mtl_infer.h"
int main(int argc, char **argv) {
  static unsigned char pixels[128 * 128];
  mtl_model *model = NULL; mtl_session *session = NULL; mtl_result *result = NULL;
  mtl_image_view image = {.data = pixels, .byte_size = sizeof pixels, .row_stride = 128, .width = 128, .height = 128,
                          .format = MTL_GRAY8};
  for (int mode = 0; mode < 2; ++mode) {
    fesetround(mode ? FE_UPWARD : FE_TONEAREST);
    unsigned before = _mm_getcsr() & ~0x3Fu; /* all but the sticky exception flags */
    if (argc != 2 || mtl_model_open_path(NULL, argv[1], NULL, &model, NULL)) return 2;
    if (mtl_session_create(model, NULL, &session, NULL)) return 3;
    if (mtl_run_images(session, &image, 1, NULL, &result, NULL)) return 4;
    mtl_result_release(result); mtl_session_release(session); mtl_model_release(model);
    if ((_mm_getcsr() & ~0x3Fu) != before) { printf("%x to %x\\n", before, _mm_getcsr()); return 1; }
  }
  return 0;
}
"""


def test_keeps_the_floating_point_mode(library_folder, model_path, tmp_path):
    if platform.machine() != "x86_64":
        pytest.skip("reads MXCSR, which only x86-64 has")
    (tmp_path / "fpu.c").write_text(FPU)
    run(compiler("gcc"), "-I", ROOT / "include", tmp_path / "fpu.c", "-o", tmp_path / "fpu", "-L", library_folder,
        "-lmtl_infer", f"-Wl,-rpath,{library_folder}", "-lm")
    run(tmp_path / "fpu", model_path)
