"""The examples of the three languages say the same about the same picture, and say it right."""
import os
import subprocess
import sys

import pytest
from bindings_support import ROOT, compiler, run, sample_labels
from PIL import Image

BINDINGS = ROOT / "bindings"


@pytest.fixture(scope="module")
def programs(library, library_folder, tmp_path_factory):
    """Commands of the examples, by language."""
    folder = tmp_path_factory.mktemp("examples")
    link = ["-I", ROOT / "include", "-L", library_folder, "-lmtl_infer", f"-Wl,-rpath,{library_folder}"]
    run(compiler("gcc"), "-std=c99", BINDINGS / "c" / "classify.c", "-o", folder / "c", *link)
    run(compiler("g++"), "-std=c++17", BINDINGS / "cpp" / "classify.cpp", "-o", folder / "cpp", *link)
    return {
        "c": [folder / "c"],
        "cpp": [folder / "cpp"],
        "python": [sys.executable, BINDINGS / "python" / "examples" / "classify.py"],
    }


@pytest.fixture(scope="module")
def environment(library):
    return {**os.environ, "PYTHONPATH": str(BINDINGS / "python"), "MTL_INFER_LIBRARY": str(library)}


def test_examples_agree(programs, environment, model_path, samples, tmp_path):
    for sample in (samples[0], samples[-1]):
        pgm = tmp_path / "sample.pgm"
        Image.open(sample).convert("L").save(pgm)
        outputs = {name: run(*command, model_path, pgm, env=environment) for name, command in programs.items()}
        assert outputs["c"] == outputs["cpp"] == outputs["python"]
        rows = [line.split() for line in outputs["c"].splitlines()]
        assert {task: label for task, label, _ in rows} == sample_labels(sample)
        assert all(0.5 < float(confidence) <= 1 for _, _, confidence in rows)


@pytest.mark.parametrize("language", ["c", "cpp", "python"])
def test_examples_report_a_missing_model(language, programs, environment, sample_pgm):
    done = subprocess.run([*map(str, programs[language]), "no/such/model", str(sample_pgm)], env=environment,
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "no/such/model" in done.stderr and done.stdout == ""
