"""The Python package in a process: loading, threads, fork, exit, leaks, and as an installed wheel."""
import multiprocessing
import os
import resource
import shutil
import subprocess
import sys
import threading
import time
import venv

import pytest
from bindings_support import ROOT, run

PACKAGE = ROOT / "bindings" / "python"


def python(code, *arguments, **environment):
    """A fresh interpreter with the checkout's package, every warning an error."""
    return subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", code, *map(str, arguments)], capture_output=True, text=True,
        timeout=120, env={**os.environ, "PYTHONPATH": str(PACKAGE), **environment})


# ---- Loading -------------------------------------------------------------------------------------------------------


def test_a_missing_library_is_explained(tmp_path):
    done = python("import mtl_infer", MTL_INFER_LIBRARY=str(tmp_path / "none.so"))
    assert done.returncode == 1 and "ImportError" in done.stderr and f"{tmp_path / 'none.so'}: " in done.stderr
    assert "MTL_INFER_LIBRARY" in done.stderr


def test_every_tried_place_is_listed(tmp_path):
    """A copy of the package in an empty checkout: both its places are named, each with its own error."""
    shutil.copytree(PACKAGE / "mtl_infer", tmp_path / "bindings" / "python" / "mtl_infer")
    (tmp_path / "Package.swift").touch()
    beside = tmp_path / "bindings" / "python" / "mtl_infer" / "libmtl_infer.so"
    beside.write_text("not a library")
    done = python("import mtl_infer", PYTHONPATH=str(tmp_path / "bindings" / "python"), MTL_INFER_LIBRARY="")
    assert done.returncode == 1 and f"{beside}: " in done.stderr and "too short" in done.stderr
    assert f"{tmp_path / '.build' / 'release' / 'libmtl_infer.so'}: " in done.stderr


def test_another_library_is_refused(tmp_path):
    """One without the interface, and one of another version of it."""
    too_old = 'int mtl_check_abi(int a, int b, char *e) { __builtin_strcpy(e + 8, "too old"); return 2; }'
    for source, reason in (("int nothing;", "mtl_check_abi"), (too_old, "too old")):
        (tmp_path / "other.c").write_text(source)
        run("gcc", "-shared", "-fPIC", tmp_path / "other.c", "-o", tmp_path / "other.so")
        done = python("import mtl_infer", MTL_INFER_LIBRARY=str(tmp_path / "other.so"))
        assert done.returncode == 1 and "ImportError" in done.stderr and reason in done.stderr


# ---- Threads and processes -----------------------------------------------------------------------------------------


def test_threads_agree_with_one(model, grey):
    """Through Model.run, which has a session for each thread."""
    expected, wrong = model.run(grey)["count"].tobytes(), []

    def work():
        try:
            wrong.extend(1 for _ in range(50) if model.run(grey)["count"].tobytes() != expected)
        except Exception as error:
            wrong.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_busy_session_gives_advice(mtl_infer, model, grey):
    """Threads share a session until one meets another in it; each call either works or says busy."""
    session, met, wrong = model.session(), [], []
    deadline = time.monotonic() + 30

    def work():
        while not met and not wrong and time.monotonic() < deadline:
            try:
                session.run([grey] * 16)
            except mtl_infer.BusyError as error:
                met.append(str(error))
            except Exception as error:
                wrong.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong and met and "model.session()" in met[0]
    assert session.run(grey).batch == 1


def test_closing_a_session_in_use_is_harmless(model, grey):
    for _ in range(30):
        session = model.session()
        thread = threading.Thread(target=lambda: session.run([grey] * 8))
        thread.start()
        session.close()
        thread.join()


def child(model, grey, expected, answers):
    answers.put(model.run(grey)["count"].tobytes() == expected
                and model.session(threads=2).run(grey)["count"].tobytes() == expected)


def test_fork(model, grey):
    context = multiprocessing.get_context("fork")
    expected = model.run(grey)["count"].tobytes()
    for _ in range(5):
        answers = context.Queue()
        process = context.Process(target=child, args=(model, grey, expected, answers))
        process.start()
        assert answers.get(timeout=60) is True
        process.join(60)
        assert process.exitcode == 0
        assert model.run(grey)["count"].tobytes() == expected


EXIT = """
import atexit, sys, threading
import numpy
if sys.argv[2] == "late":
    atexit.register(lambda: print(float(view.sum()) == total, result.label("count").name == name))
import mtl_infer
if sys.argv[2] == "early":
    atexit.register(lambda: print(float(view.sum()) == total, result.label("count").name == name))
model = mtl_infer.load(sys.argv[1])
session = model.session()
result = session.run(numpy.zeros((128, 128), numpy.uint8))
view = result["count"]
total, name = float(view.sum()), result.label("count").name
class Cycle: pass
cycle = Cycle(); cycle.self, cycle.session, cycle.result = cycle, session, result
kept = threading.local(); kept.model = model
"""


@pytest.mark.parametrize("order", ["early", "late"])
def test_exit_order(order, library, model_path):
    """Handlers that run at exit, before or after this package's own, still read results; nothing is printed."""
    done = python(EXIT, model_path, order, MTL_INFER_LIBRARY=str(library))
    assert (done.returncode, done.stdout, done.stderr) == (0, "True True\n", "")


def resident_bytes():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def test_no_leak(mtl_infer, model_path, grey):
    model = mtl_infer.load(model_path)

    def step(index):
        session = model.session(tasks=["count"])
        kept = [session.run(grey)["count"] for _ in range(4)]
        with pytest.raises(KeyError):
            model.run(grey)["depth"]
        if index % 4 == 0:
            mtl_infer.load(model_path).run(grey)
        del session, kept

    for index in range(100):
        step(index)
    before = resident_bytes()
    for index in range(400):
        step(index)
    assert resident_bytes() - before < 4 << 20


# ---- Installed -----------------------------------------------------------------------------------------------------

CHECK = """
import pathlib, sys, mtl_infer, numpy
package = pathlib.Path(mtl_infer.__file__).parent
assert (package.parent.name == "site-packages") == (sys.argv[2] == "wheel"), package
assert (package / "libmtl_infer.so").exists() == (sys.argv[2] == "wheel"), package
print(mtl_infer.load(sys.argv[1]).run(numpy.zeros((128, 128), numpy.uint8)).label("count").name)
"""


@pytest.mark.parametrize("kind", ["wheel", "editable"])
def test_installation(kind, library, model_path, tmp_path):
    """`pip install ./bindings/python`, also with -e, into an environment of its own, used from elsewhere."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    environment["MTL_INFER_LIBRARY"] = str(library)
    venv.create(tmp_path / "venv", with_pip=True)
    interpreter = tmp_path / "venv" / "bin" / "python"
    flags = ["-e"] if kind == "editable" else []
    run(interpreter, "-m", "pip", "install", "--quiet", *flags, PACKAGE, env=environment, timeout=1800)
    if kind == "wheel":
        del environment["MTL_INFER_LIBRARY"]
        tag = next((tmp_path / "venv").rglob("mtl_infer-*.dist-info/WHEEL")).read_text()
        assert "Tag: py3-none-linux_" in tag and "Root-Is-Purelib: false" in tag
    assert run(interpreter, "-I", "-W", "error", "-c", CHECK, model_path, kind, env=environment, cwd=tmp_path).strip()
    version = "import importlib.metadata; print(importlib.metadata.version('mtl-infer'))"
    assert run(interpreter, "-I", "-c", version).strip() == "0.1.0"
