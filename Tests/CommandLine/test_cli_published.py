"""mtl-infer on checkpoints of published networks: what it takes them for, and objects in pictures."""

import json
import shutil

import numpy
import pytest
from support import FIXTURES, call, call_json, png, refusal, scene

RECIPES = FIXTURES / "recipes"


@pytest.mark.parametrize("name, network", [
    ("faces-resnet18-backbone", "faces-resnet"), ("utkface-hydranet", "utkface-hydranet"),
    ("fairface-resnet34", "fairface-resnet34"), ("centernet-multi-pose-res50", "centernet-multi-pose"),
])
def test_bare_checkpoint_is_recognised(name, network):
    report = call_json("inspect", RECIPES / name / "weights.pt")
    assert report["network"] == network
    assert report["notes"][0].startswith(f"taken for '{network}' by its keys")


def test_likely_others_are_named():
    note = call_json("inspect", RECIPES / "fairface-resnet34" / "weights.pt")["notes"][0]
    assert note.endswith("which look like those of 'faces-resnet' as well")


def test_wrong_recipe_names_the_right_one():
    text = refusal(
        "inspect", RECIPES / "centernet-ctdet-res18" / "weights.pt", "--network", "fairface-resnet34", status=65,
        part="It fits the recipe 'centernet-ctdet'")
    assert "network 'fairface-resnet34': the checkpoint does not fit" in text


def test_networks_lists_parameters():
    entries = {entry["name"]: entry for entry in call_json("networks")}
    assert [parameter["name"] for parameter in entries["faces-resnet"]["parameters"]] == ["activation", "size", "dilated"]
    assert "activation (relu): between the layers of a head" in call("networks")


def write_model(folder, name, **fields):
    """A small input, so that the run is short."""
    card = json.loads((RECIPES / name / "model.json").read_text()) | fields
    card["input"] = {"width": 64, "height": 64, "color": "bgr", "resize": "center"}
    (folder / "model.json").write_text(json.dumps(card))
    shutil.copy(RECIPES / name / "weights.pt", folder / "weights.pt")
    (folder / "picture.png").write_bytes(png(scene(60, 120)))
    return folder


def test_boxes(tmp_path):
    folder = write_model(tmp_path, "centernet-multitask-res18")
    report, = call_json("run", folder, folder / "picture.png", "--threshold", 0.0)
    detection, pose = report["tasks"]["detection"], report["tasks"]["pose"]
    assert detection["kind"] == "detection" and pose["kind"] == "key_points"
    scores = [found["score"] for found in detection["objects"]]
    assert 0 < len(scores) <= 100 and scores == sorted(scores, reverse=True)
    assert all(found["label"] == str(found["index"]) and len(found["box"]) == 4 for found in detection["objects"])
    person = pose["objects"][0]
    assert person["label"] == "person" and len(person["key_points"]) == 17
    assert person["key_points"][0].keys() == {"name", "x", "y"} and person["key_points"][0]["name"] == "nose"


def test_places_are_on_the_picture(tmp_path):
    """The maps of the run, decoded here for the best object: the longer side, 120 pixels, spans 64 of the input."""
    folder = write_model(tmp_path, "centernet-ctdet-res18")
    report, = call_json("run", folder, folder / "picture.png", "--threshold", 0.0, "--out", tmp_path / "out")
    maps = numpy.load(tmp_path / "out" / "picture.png.detection.npy")[0]
    heat = maps[:80]
    label, row, column = numpy.unravel_index(numpy.argmax(heat), heat.shape)
    best = report["tasks"]["detection"]["objects"][0]
    assert best["index"] == label
    width, height, x, y = maps[80:, row, column]
    centre = (numpy.array([column + x, row + y]) * 4 - 32) * 120 / 64 + [60, 30]
    half = numpy.array([width, height]) * 2 * 120 / 64
    assert numpy.allclose(best["box"], [*(centre - half), *(centre + half)], atol=1e-3)


def test_threshold_and_table(tmp_path):
    folder = write_model(tmp_path, "centernet-ctdet-res18")
    text = call("run", folder, folder / "picture.png", "--threshold", 0.0)
    assert "object" in text and "bottom" in text and "key points" not in text
    text = call("run", folder, folder / "picture.png", "--threshold", 1.0)
    assert "0 objects" in text and "bottom" not in text
    refusal("run", folder, folder / "picture.png", "--threshold", 1.5, status=64, part="--threshold must be 0 to 1")


def test_wrong_label_count(tmp_path):
    tasks = [{"name": "detection", "kind": "detection", "labels": ["a"]}]
    folder = write_model(tmp_path, "centernet-ctdet-res18", tasks=tasks)
    refusal("inspect", folder, status=65, part="expected 80 labels for 80 classes, found 1")


def test_dense_tasks_become_pictures(tmp_path):
    """Labels, depth and normals at the size of the picture, turned upright, and a sheet of all."""
    (tmp_path / "room.png").write_bytes(png(scene(70, 90), orientation=6))
    weights = RECIPES / "libmtl-hps-nyuv2" / "weights.pt"
    report, = call_json(
        "run", weights, tmp_path / "room.png", "--network", "libmtl-hps-nyuv2", "--out", tmp_path / "out")
    tasks = report["tasks"]
    assert sum(part["share"] for part in tasks["segmentation"]["parts"]) == pytest.approx(1)
    assert tasks["depth"]["low"] <= tasks["depth"]["median"] <= tasks["depth"]["high"] and tasks["depth"]["unit"] == "m"
    assert numpy.linalg.norm(tasks["normal"]["mean"]) <= 1.001
    found = {path.name for path in (tmp_path / "out").iterdir()}
    pictures = {"segmentation.png", "segmentation.overlay.png", "depth.png", "normal.png", "sheet.png"}
    raw = {"segmentation.npy", "depth.npy", "normal.npy"}
    assert found == {f"room.png.{name}" for name in pictures | raw}
    for name in found:
        start = (tmp_path / "out" / name).read_bytes()[:24]
        assert start.startswith(b"\x93NUMPY" if name.endswith("npy") else b"\x89PNG")
    # Upright the picture is 70 wide; a panel has a gap on either side and is at least 240 wide.
    depth = (tmp_path / "out" / "room.png.depth.png").read_bytes()
    assert int.from_bytes(depth[16:20], "big") == 240 + 2 * 11


def test_dense_answers_in_the_table(tmp_path):
    (tmp_path / "room.png").write_bytes(png(scene(70, 90)))
    text = call("run", RECIPES / "libmtl-hps-nyuv2" / "weights.pt", tmp_path / "room.png", "--network", "libmtl-hps-nyuv2")
    assert " m  " in text and "mean " in text and " %" in text
