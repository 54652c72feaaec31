"""mtl-infer embed and probe."""

import json

import numpy
import pytest
from support import FINGERS, FIXTURES, SAMPLES, call, call_json, png, refusal, safetensors, scene

RECIPES = FIXTURES / "recipes"


def test_fingers_are_told_by_their_representation(tmp_path):
    file = tmp_path / "features.npy"
    assert call("embed", FINGERS, *SAMPLES, "--out", file).startswith(f"{file} {len(SAMPLES)}x")
    features = numpy.load(file)
    assert (tmp_path / "features.npy.txt").read_text().splitlines() == [str(path) for path in SAMPLES]
    assert features.dtype == numpy.float32 and len(features) == len(SAMPLES) and numpy.ptp(features, axis=0).max() > 0
    labels = [path.stem[-2] for path in SAMPLES]
    (tmp_path / "labels.txt").write_text("\n".join(labels))
    report = call_json("probe", file, tmp_path / "labels.txt", "--neighbours", 3)
    assert report == {"rows": len(SAMPLES), "classes": len(set(labels)), "neighbours": 3, "chance": pytest.approx(
        max(map(labels.count, labels)) / len(labels)), "accuracy": pytest.approx(leave_one_out(features, labels, 3))}


def test_labels_of_a_data_set(tmp_path):
    """By the names of the pictures, in whatever order the data set has them."""
    file = tmp_path / "features.npy"
    call("embed", FINGERS, *reversed(SAMPLES), "--out", file)
    labels = [path.stem[-2] for path in reversed(SAMPLES)]
    (tmp_path / "labels.txt").write_text("\n".join(labels))
    expected = call_json("probe", file, tmp_path / "labels.txt")
    assert call_json("probe", file, FINGERS / "samples", "--task", "count") == expected
    table = tmp_path / "labels.csv"
    table.write_text("file,count\n" + "".join(f"{path.name},{path.stem[-2]}\n" for path in SAMPLES))
    assert call_json("probe", file, table, "--task", "count") == expected
    refusal("probe", file, table, "--task", "hand", status=65, part="says nothing of 'hand' of")
    table.write_text(table.read_text() + f"other/{SAMPLES[0].name},1\n")
    refusal("probe", file, table, "--task", "count", status=65, part="has two pictures named")
    (tmp_path / "features.npy.txt").unlink()
    refusal("probe", file, FINGERS / "samples", "--task", "count", status=74, part="'embed' writes it")


def leave_one_out(features, labels, count):
    """The same, in NumPy."""
    rows = features / numpy.linalg.norm(features, axis=1, keepdims=True)
    products = rows @ rows.T
    numpy.fill_diagonal(products, -numpy.inf)
    hits = 0
    for row, order in enumerate(numpy.argsort(-products, axis=1, kind="stable")):
        near = [labels[index] for index in order[:count]]
        hits += max(near, key=lambda label: (near.count(label), -near.index(label))) == labels[row]
    return hits / len(labels)


def test_maps_are_averaged(tmp_path):
    """A trunk of one 1 x 1 convolution: the average of what it makes is what it makes of the average."""
    random = numpy.random.default_rng(5)
    weight, bias = random.standard_normal((5, 3)), random.standard_normal(5)
    heads = {f"{name}.{part}": random.standard_normal((2, 5, 1, 1) if part == "weight" else 2)
             for name in ("a", "b") for part in ("weight", "bias")}
    (tmp_path / "w").write_bytes(safetensors({"t.weight": weight[:, :, None, None], "t.bias": bias, **heads}))
    (tmp_path / "model.json").write_text(json.dumps({
        "format": 1, "weights": "w", "input": {"width": 20, "height": 10},
        "network": {"encoder": [{"block": "conv", "key": "t"}],
                    "heads": {name: [{"block": "conv", "key": name}] for name in ("a", "b")}}}))
    picture = scene(10, 20)
    (tmp_path / "x.png").write_bytes(png(picture))
    call("embed", tmp_path, tmp_path / "x.png", "--out", tmp_path / "x.npy")
    expected = weight @ (picture / 255).mean((0, 1)) + bias
    assert numpy.load(tmp_path / "x.npy") == pytest.approx(expected[None], abs=1e-5)


def test_refusals(tmp_path):
    (tmp_path / "a.png").write_bytes(png(scene()))
    (tmp_path / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    out = ["--out", tmp_path / "x.npy"]
    refusal("embed", RECIPES / "libmtl-single-depth-nyuv2", tmp_path / "a.png", *out, status=65, part="share no representation")
    text = call("embed", FINGERS, tmp_path / "a.png", tmp_path / "bad.png", *out, status=65, stderr="bad.png: ")
    assert " 1x" in text and len(numpy.load(tmp_path / "x.npy")) == 1
    numpy.save(tmp_path / "f.npy", numpy.ones((8, 3), numpy.float32))
    (tmp_path / "l.txt").write_text("a\n" * 7)
    refusal("probe", tmp_path / "f.npy", tmp_path / "l.txt", status=65, part="expected 8 labels, one for each row, found 7")
    refusal("probe", tmp_path / "f.npy", tmp_path / "l.txt", "--neighbours", 8, status=65, part="more than 8 rows")
    refusal("probe", tmp_path / "f.npy", tmp_path / "none.txt", status=74, part="cannot be read")
