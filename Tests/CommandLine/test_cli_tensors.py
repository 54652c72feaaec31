"""mtl-infer run --input: arrays in, arrays out."""

import json

import numpy
import pytest
from support import FINGERS, FIXTURES, call, outputs, refusal

NETWORKS = sorted(path.name for path in (FIXTURES / "networks").iterdir())


def largest_difference(found, expected):
    assert found.shape == expected.shape and found.dtype == numpy.float32
    return numpy.abs(found - expected).max()


@pytest.mark.parametrize("name", NETWORKS)
def test_outputs_are_those_of_pytorch(tmp_path, name):
    folder = FIXTURES / "networks" / name
    found = outputs(tmp_path / "out", folder, "--input", f"image={folder}/input.npy")
    assert set(found) == {path.stem.removeprefix("expected_") for path in folder.glob("expected_*.npy")}
    for task, array in found.items():
        assert largest_difference(array, numpy.load(folder / f"expected_{task}.npy")) <= 2e-6


@pytest.mark.parametrize("change", [
    lambda a: a.astype(numpy.float64), lambda a: numpy.asfortranarray(a),
    lambda a: numpy.asfortranarray(a, numpy.float64), lambda a: a.astype(numpy.float16),
    lambda a: numpy.rint(a * 3).astype(numpy.int8), lambda a: (a > 0),
    lambda a: numpy.rint(a * 1e6).astype(numpy.int64),
], ids=["float64", "fortran", "fortran float64", "float16", "int8", "bool", "int64"])
def test_inputs_of_other_types_and_orders(tmp_path, change):
    """They answer as the same numbers in float32 and C order do."""
    folder = FIXTURES / "networks" / "every_block"
    changed = change(numpy.load(folder / "input.npy"))
    numpy.save(tmp_path / "changed.npy", changed)
    numpy.save(tmp_path / "plain.npy", numpy.ascontiguousarray(changed, numpy.float32))
    found = outputs(tmp_path / "a", folder, "--input", f"image={tmp_path}/changed.npy")
    wanted = outputs(tmp_path / "b", folder, "--input", f"image={tmp_path}/plain.npy")
    assert len(found) == 3
    for task, array in found.items():
        assert array.tobytes() == wanted[task].tobytes()


def test_batch_and_subset(tmp_path):
    rng = numpy.random.default_rng(5)
    batch = rng.uniform(-1, 1, (3, 1, 128, 128)).astype(numpy.float32)
    numpy.save(tmp_path / "batch.npy", batch)
    numpy.save(tmp_path / "second.npy", batch[1:2])
    found = outputs(tmp_path / "a", FINGERS, "--input", f"image={tmp_path}/batch.npy")
    assert {name: array.shape for name, array in found.items()} == {"hand": (3, 2), "count": (3, 6)}
    assert numpy.allclose(found["count"].sum(1), 1, atol=1e-6)
    one = outputs(tmp_path / "b", FINGERS, "--input", f"image={tmp_path}/second.npy", "--tasks", "count")
    assert set(one) == {"count"}
    assert one["count"].tobytes() == found["count"][1:2].tobytes()


def test_says_what_was_written(tmp_path):
    folder = FIXTURES / "networks" / "tied"
    arguments = ["run", folder, "--input", f"image={folder}/input.npy", "--out", tmp_path]
    assert call(*arguments).splitlines() == ["right 2x4", "features 2x10x1x1", "left 2x4"]
    assert json.loads(call(*arguments, "--json")) == {"right": [2, 4], "features": [2, 10, 1, 1], "left": [2, 4]}


def test_equals_sign_in_the_file_name(tmp_path):
    folder = FIXTURES / "networks" / "tied"
    (tmp_path / "a=b.npy").write_bytes((folder / "input.npy").read_bytes())
    assert len(outputs(tmp_path / "out", folder, "--input", f"image={tmp_path}/a=b.npy")) == 3


@pytest.mark.parametrize("shape, part", [
    ((1, 1, 64, 64), "the model's input is 1x1x128x128"),
    ((1, 3, 128, 128), "expected N x 1 x H x W, found 1x3x128x128"),
    ((128, 128), "expected N x 1 x H x W, found 128x128"), ((0, 1, 128, 128), "expected 1 to 65536 images, found 0"),
    ((1, 1, 128, 128, 1), "expected N x 1 x H x W"), ((), "expected N x 1 x H x W, found scalar"),
])
def test_wrong_shapes(tmp_path, shape, part):
    numpy.save(tmp_path / "x.npy", numpy.zeros(shape, numpy.float32))
    refusal("run", FINGERS, "--input", f"image={tmp_path}/x.npy", "--out", tmp_path / "out", status=65, part=part)
    assert not (tmp_path / "out").exists()


def test_wrong_arrays(tmp_path):
    numpy.save(tmp_path / "complex.npy", numpy.zeros((1, 1, 128, 128), numpy.complex64))
    numpy.save(tmp_path / "whole.npy", numpy.zeros((1, 1, 128, 128), numpy.float32))
    (tmp_path / "cut.npy").write_bytes((tmp_path / "whole.npy").read_bytes()[:-1])
    (tmp_path / "empty.npy").write_bytes(b"")
    (tmp_path / "text.npy").write_text("no array")
    for name, status in [("complex", 65), ("cut", 65), ("empty", 65), ("text", 65), ("none", 74)]:
        file = f"{tmp_path}/{name}.npy"
        refusal("run", FINGERS, "--input", f"image={file}", "--out", tmp_path / "out", status=status, part=file)
    assert not (tmp_path / "out").exists()


def test_wrong_inputs(tmp_path):
    file = FIXTURES / "networks" / "tied" / "input.npy"
    out = ["--out", tmp_path / "out"]
    refusal("run", FINGERS, "--input", f"x={file}", *out, status=64, part="input 'x': the model has no such input")
    refusal("run", FINGERS, "--input", file, *out, status=64, part="--input takes NAME=FILE.npy, once for each of image")
    refusal("run", FINGERS, "--input", f"image={file}", "--input", f"image={file}", *out, status=64, part="is given twice")
    refusal("run", FINGERS, "--input", f"image={file}", status=64, part="--input needs --out DIR")
    refusal("run", FINGERS, "picture.png", "--input", f"image={file}", *out, status=64, part="Give pictures, or")
    assert not (tmp_path / "out").exists()
