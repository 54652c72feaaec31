"""Functions that the tests of the bindings share; a module of its own, because every folder has a conftest."""
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = Path(os.environ.get("MTL_INFER_LIBRARY") or ROOT / ".build" / "release" / "libmtl_infer.so").resolve()


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
