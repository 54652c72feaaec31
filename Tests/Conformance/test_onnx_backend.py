"""The ONNX backend suite: everything that is not on the list of skips passes, and nothing on it does."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("onnx")
SCRIPT = Path(__file__).with_name("onnx_backend.py")

# Tests that pass at least; a later onnx package may have more.
LEAST = {"node": 1820, "simple": 21, "pytorch-operator": 35, "pytorch-converted": 82, "light": 9}


@pytest.mark.parametrize("form", [[], ["--compiled"]], ids=["onnx", "compiled"])
def test_backend_suite(tmp_path, form):
    file = tmp_path / "outcomes.json"
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--json", str(file), *form], capture_output=True, text=True, timeout=600, env=os.environ)
    outcomes = json.loads(file.read_text())
    wrong = {name: entry for name, entry in outcomes.items() if entry["outcome"] not in ("passed", "skipped")}
    assert not wrong, wrong
    assert done.returncode == 0, done.stderr
    for suite, least in LEAST.items():
        passed = sum(entry["outcome"] == "passed" for name, entry in outcomes.items() if name.startswith(f"{suite}/"))
        assert passed >= least, f"{suite}: {passed}"
