"""What the tests of the bindings share.

They test a finished build: the library from MTL_INFER_LIBRARY, else from .build/release, and the model in
models/fingers. Those missing is a failure; only what a machine may lack (a second compiler, CMake) is skipped.
"""
import os
import sys
from pathlib import Path

import numpy
import pytest
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent))
from bindings_support import LIBRARY, ROOT  # noqa: E402  (the folder has to be on the path first)

sys.path.insert(0, str(ROOT / "bindings" / "python"))
sys.path.insert(0, str(ROOT / "tools"))


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
