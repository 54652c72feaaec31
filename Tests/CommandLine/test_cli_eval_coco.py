"""mtl-infer eval on COCO's JSON: what belongs to what, and files with something wrong."""

import json
import shutil

import numpy
import pytest
from support import FIXTURES, call, call_json, figures, png, refusal

BOXES = FIXTURES / "recipes" / "centernet-multitask-res18"


def coco(folder, objects, categories, shift=0):
    """COCO's JSON that says that these objects are in a.png, or so many pixels off."""
    annotations = []
    for own in objects:
        left, top, right, bottom = own["box"]
        annotation = {
            "image_id": 7, "category_id": categories.index(own["label"]), "iscrowd": 0,
            "bbox": [left + shift, top, right - left, bottom - top]}
        if "key_points" in own:
            annotation["keypoints"] = [n for point in own["key_points"] for n in (point["x"] + shift, point["y"], 2)]
        annotations.append(annotation)
    (folder / "instances.json").write_text(json.dumps({
        "images": [{"id": 7, "file_name": "a.png"}], "annotations": annotations,
        "categories": [{"id": index, "name": name} for index, name in enumerate(categories)]}))
    return folder / "instances.json"


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """A folder with a.png, and the boxes and persons that a network without names of classes finds there."""
    folder = tmp_path_factory.mktemp("coco")
    (folder / "a.png").write_bytes(png(numpy.random.default_rng(0).integers(0, 256, (300, 400, 3))))
    (answer,) = call_json("run", BOXES, folder / "a.png", "--threshold", 0)

    def whole(task):
        boxes = [own for own in answer["tasks"][task]["objects"] if own["box"][2] > own["box"][0] + 1]
        return [own for own in boxes if own["box"][3] > own["box"][1] + 1][:10]

    return folder, whole("detection"), whole("pose")


def test_boxes_of_coco(found, tmp_path):
    """What the network finds is there, where it finds it, and not a picture's width beside it."""
    folder, objects, _ = found
    assert len(objects) == 10
    labels = [str(index) for index in range(4)]

    def measured(objects, labels, shift=0):
        report = call_json("eval", BOXES, coco(folder, objects, labels, shift), "--tasks", "detection")
        return figures(report, "detection")

    right = measured(objects, labels)
    assert right["ar_100"] > 0.8 and right["average_precision"] > 0.2
    assert set(measured(objects, labels, 400).values()) == {0}
    refusal("eval", BOXES, coco(folder, objects, labels[:3]), "--tasks", "detection", status=65,
            part="expected 4 categories, one for each of its classes, which have no names, found 3")
    # With names, the order of the categories does not matter, and what is not known is left out.
    named = shutil.copytree(BOXES, tmp_path / "named")
    card = json.loads((named / "model.json").read_text())
    task = {"name": "detection", "kind": "detection", "labels": labels}
    (named / "model.json").write_text(json.dumps({**card, "tasks": [task]}))
    again = call_json("eval", named, coco(folder, objects, ["3", "2", "1", "0"]))
    assert figures(again, "detection") == right
    more = [*objects, {**objects[0], "label": "unicorn"}]
    noted = call_json("eval", named, coco(folder, more, [*labels, "unicorn"]),
                      stderr="does not know are left out: unicorn")
    assert figures(noted, "detection") == right
    refusal("eval", named, coco(folder, more[-1:], ["unicorn"]), status=65, part="found unicorn")


def test_key_points_of_coco(found):
    folder, _, persons = found
    labels = ["person"]

    def measured(shift):
        report = call_json("eval", BOXES, coco(folder, persons, labels, shift), "--tasks", "pose")
        return figures(report, "pose")

    right, wrong = measured(0), measured(4000)
    assert right["average_recall"] > 0.8 and right["pck_0.2"] > 0.5
    assert wrong["average_recall"] == 0 and wrong["pck_0.2"] == 0
    short = [{**person, "key_points": person["key_points"][:-1]} for person in persons]
    call("eval", BOXES, coco(folder, short, labels), "--tasks", "pose", status=65, stderr="17 key points, found 16")


@pytest.mark.parametrize("text, message", [
    ("{", "is not COCO's JSON"),
    ('{"images": [], "annotations": []}', "it has no 'categories'"),
    ('{"images": [], "annotations": [], "categories": []}', "has no picture"),
    ('{"images": [{"id": 1, "file_name": "a.png"}], "annotations": [{"image_id": 2, "category_id": 1, '
     '"bbox": [0, 0, 1, 1]}], "categories": [{"id": 1, "name": "x"}]}', "is of picture 2"),
    ('{"images": [{"id": 1, "file_name": "a.png"}], "annotations": [{"image_id": 1, "category_id": 3, '
     '"bbox": [0, 0, 1, 1]}], "categories": [{"id": 1, "name": "x"}]}', "has category 3"),
    ('{"images": [{"id": 1, "file_name": "a.png"}], "annotations": [{"image_id": 1, "category_id": 1, '
     '"bbox": [0, 0, 1]}], "categories": [{"id": 1, "name": "x"}]}', "a bbox of left, top, width, height"),
])
def test_broken_coco(tmp_path, text, message):
    (tmp_path / "x.json").write_text(text)
    refusal("eval", BOXES, tmp_path / "x.json", status=65, part=message)
