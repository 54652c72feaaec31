"""What the tests of the bindings share.

They test a finished build: the library from MTL_INFER_LIBRARY, else from .build/release, and the model in
models/fingers. Those missing is a failure; only what a machine may lack (a second compiler, CMake) is skipped.
"""
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = Path(os.environ.get("MTL_INFER_LIBRARY") or ROOT / ".build" / "release" / "libmtl_infer.so").resolve()

sys.path.insert(0, str(ROOT / "bindings" / "python"))
sys.path.insert(0, str(ROOT / "tools"))


def run(*command, timeout=300, **options):
    """Output of a command that must succeed."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=timeout, **options)
    assert done.returncode == 0, f"{command[0]} gave {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def compiler(name):
    """The command, or a skip where the machine has no such compiler. The system's own C compiler must be there."""
    found = shutil.which(name)
    if not found and name in ("gcc", "g++"):
        pytest.fail(f"{name} is needed to test the C interface")
    return found or pytest.skip(f"this machine has no {name}")


def sample_labels(path):
    """What the name of a sample says: `..._3L.png` is {"count": "3", "hand": "left"}."""
    code = path.stem.rsplit("_", 1)[1]
    return {"count": code[0], "hand": {"L": "left", "R": "right"}[code[1]]}


def same(left, right):
    """Whether two results hold the same bytes for the same tasks."""
    return list(left) == list(right) and all(left[task].tobytes() == right[task].tobytes() for task in left)


@pytest.fixture(scope="session")
def library():
    """Path of the library under test."""
    assert LIBRARY.exists(), f"{LIBRARY} is missing: swift build -c release --product mtl_infer --disable-local-rpath"
    return LIBRARY


@pytest.fixture(scope="session")
def library_folder(library, tmp_path_factory):
    """A folder with the library under the names that linkers and loaders ask for."""
    folder = tmp_path_factory.mktemp("lib")
    for name in ("libmtl_infer.so", "libmtl_infer.so.0"):
        (folder / name).symlink_to(library)
    return folder


@pytest.fixture(scope="session")
def model_path():
    """The folder of the fingers model."""
    path = ROOT / "models" / "fingers"
    for name in ("model.json", "best.pt"):
        assert (path / name).exists(), f"{path / name} is missing"
    return path


@pytest.fixture(scope="session")
def samples(model_path):
    """Paths of the model's sample pictures, PNG."""
    found = sorted((model_path / "samples").glob("*_[0-5][LR].png"))
    assert found, f"no samples in {model_path / 'samples'}"
    return found


@pytest.fixture(scope="session")
def sample_pgm(samples, tmp_path_factory):
    """One sample as a binary PGM."""
    path = tmp_path_factory.mktemp("pgm") / "sample.pgm"
    Image.open(samples[-1]).convert("L").save(path)
    return path


@pytest.fixture(scope="session")
def grey(samples):
    """One sample as a uint8 array HxW."""
    return numpy.asarray(Image.open(samples[-1]).convert("L"))


@pytest.fixture(scope="session")
def mtl_infer(library):
    """The package, on the library under test."""
    os.environ["MTL_INFER_LIBRARY"] = str(library)
    import mtl_infer

    return mtl_infer


@pytest.fixture(scope="session")
def model(mtl_infer, model_path):
    """The fingers model."""
    return mtl_infer.load(model_path)
