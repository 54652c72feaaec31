"""mtl-infer eval: metrics against their definitions, written out in NumPy, and data sets with something wrong."""

import json
import os
import shutil
import struct
import zlib

import numpy
import pytest
from support import FINGERS, FIXTURES, SAMPLES, call, call_json, chunk, outputs, png, refusal, scene

DENSE = FIXTURES / "recipes" / "libmtl-hps-nyuv2"
SIZE = (64, 96)


def figures(report, task):
    return {figure["name"]: figure["value"] for figure in report["tasks"][task]["figures"]}


def test_fingers_by_file_names():
    report = call_json("eval", FINGERS, FINGERS / "samples")
    assert report["pictures"] == len(SAMPLES) and report["failures"] == []
    assert figures(report, "hand")["accuracy"] == 1 and figures(report, "count")["macro_f1"] == 1
    assert "accuracy" in call("eval", FINGERS, FINGERS / "samples")


def test_table_of_classes(tmp_path):
    """Names and indices, one of them wrong: accuracy and macro F1 as scikit-learn defines them."""
    for index, sample in enumerate(SAMPLES[:4]):
        shutil.copy(sample, tmp_path / f"{index}.png")
    right = [int(sample.stem[-2]) for sample in SAMPLES[:4]]
    wrong = [*right[:3], (right[3] + 1) % 6]
    lines = ["file,count"] + [f"{index}.png,{label}" for index, label in enumerate(wrong)]
    (tmp_path / "labels.csv").write_text("\n".join(lines) + "\n")
    report = call_json("eval", FINGERS, tmp_path, stderr="task 'hand' of kind classification is not measured")
    scores = []
    for label in set(right) | set(wrong):
        hits = sum(a == b == label for a, b in zip(right, wrong))
        scores.append(2 * hits / (right.count(label) + wrong.count(label)))
    found = figures(report, "count")
    assert found["accuracy"] == 0.75 and found["macro_f1"] == pytest.approx(numpy.mean(scores), abs=1e-12)


@pytest.fixture(scope="module")
def rooms(tmp_path_factory):
    """Three pictures with labels, depth and normals as LibMTL keeps them, some of them invalid."""
    folder = tmp_path_factory.mktemp("rooms")
    random = numpy.random.default_rng(3)
    for part in ("image", "label", "depth", "normal"):
        (folder / "val" / part).mkdir(parents=True)
    for index in range(3):
        label = random.integers(-1, 13, SIZE)
        depth = random.uniform(0.5, 9, (*SIZE, 1)) * (random.random((*SIZE, 1)) > 0.2)
        normal = random.standard_normal((*SIZE, 3))
        normal /= numpy.linalg.norm(normal, axis=-1, keepdims=True)
        normal[random.random(SIZE) < 0.1] = 0
        arrays = {"image": random.random((*SIZE, 3)), "label": label, "depth": depth, "normal": normal}
        for part, array in arrays.items():
            numpy.save(folder / "val" / part / f"{index}.npy", array.astype(numpy.float32))
    return folder


def load(folder, part, index):
    return numpy.load(folder / "val" / part / f"{index}.npy")


def enlarged(maps):
    """Bilinear with aligned corners, N x C x H x W to the pictures' size, in double precision."""
    for axis, size in ((2, SIZE[0]), (3, SIZE[1])):
        places = numpy.arange(size) * (maps.shape[axis] - 1) / (size - 1)
        first = numpy.minimum(places.astype(int), maps.shape[axis] - 1)
        second = numpy.minimum(first + 1, maps.shape[axis] - 1)
        share = (places - first).reshape([-1 if a == axis else 1 for a in range(4)])
        maps = numpy.take(maps, first, axis) * (1 - share) + numpy.take(maps, second, axis) * share
    return maps


def test_dense_metrics(rooms, tmp_path):
    report = call_json("eval", DENSE, rooms)
    assert report["pictures"] == 3
    raw = []
    for index in range(3):
        numpy.save(tmp_path / "image.npy", load(rooms, "image", index).transpose(2, 0, 1)[None].copy())
        raw.append(outputs(tmp_path / f"out{index}", DENSE, "--input", f"image={tmp_path}/image.npy"))
    maps = {task: enlarged(numpy.concatenate([one[task] for one in raw]).astype(float)) for task in raw[0]}
    truth = {part: numpy.stack([load(rooms, part, i) for i in range(3)]).astype(float) for part in ("label", "depth", "normal")}

    labels, expected = maps["segmentation"].argmax(1), truth["label"]
    valid = expected >= 0
    matrix = numpy.bincount((expected[valid] * 13 + labels[valid]).astype(int), minlength=169).reshape(13, 13)
    iou = numpy.diag(matrix) / (matrix.sum(0) + matrix.sum(1) - numpy.diag(matrix))
    found = figures(report, "segmentation")
    assert found["mean_iou"] == pytest.approx(iou.mean(), abs=1e-4), "a pixel or two may be a draw in float32"
    assert found["pixel_accuracy"] == pytest.approx(numpy.trace(matrix) / matrix.sum(), abs=1e-4)

    p, g = maps["depth"][:, 0], truth["depth"][..., 0]
    p, g = p[g > 0], g[g > 0]
    ratio = numpy.where(p > 0, numpy.maximum(p / g, g / p), numpy.inf)
    for name, value in {
        "absolute_error": abs(p - g).mean(), "relative_error": (abs(p - g) / g).mean(),
        "rmse": ((p - g) ** 2).mean() ** 0.5, "delta_1": (ratio < 1.25).mean(), "delta_2": (ratio < 1.25 ** 2).mean(),
        "delta_3": (ratio < 1.25 ** 3).mean(),
    }.items():
        assert figures(report, "depth")[name] == pytest.approx(value, rel=2e-6, abs=1e-4 if "delta" in name else 0), name

    p = maps["normal"] / numpy.linalg.norm(maps["normal"], axis=1, keepdims=True)
    g = truth["normal"].transpose(0, 3, 1, 2)
    angles = numpy.degrees(numpy.arccos(numpy.clip((p * g).sum(1), -1, 1)))[g.sum(1) != 0]
    found = figures(report, "normal")
    assert found["mean_angle"] == pytest.approx(angles.mean(), rel=2e-6)
    assert found["median_angle"] == pytest.approx(numpy.sort(angles)[(len(angles) - 1) // 2], rel=1e-4)
    for limit in (11.25, 22.5, 30):
        assert found[f"within_{limit:g}"] == pytest.approx((angles < limit).mean(), abs=1e-4)


def test_an_interrupted_evaluation_goes_on(rooms, tmp_path):
    whole = call_json("eval", DENSE, rooms)
    state = tmp_path / "state.json"
    assert call_json("eval", DENSE, rooms, "--state", state, "--limit", 1)["pictures"] == 1
    assert call_json("eval", DENSE, rooms, "--state", state) == whole
    assert json.loads(state.read_text())["done"] == 3
    refusal("eval", DENSE, rooms, "--state", state, "--limit", 2, status=65, part="at most --limit 2 pictures, found 3")
    # Nothing of what was measured may have changed.
    model = shutil.copytree(DENSE, tmp_path / "model")
    card = json.loads((model / "model.json").read_text())
    task = {"name": "depth", "kind": "depth", "unit": "m", "upsampling": "corners"}
    (model / "model.json").write_text(json.dumps({**card, "tasks": [task]}))
    one = tmp_path / "one.json"
    first = call_json("eval", model, rooms, "--state", one)
    assert call_json("eval", model, rooms, "--state", one) == first
    (model / "model.json").write_text(json.dumps({**card, "tasks": [{**task, "invalid": 3}]}))
    refusal("eval", model, rooms, "--state", one, status=65, part="other weights, another description, options or data")
    damaged = json.loads(state.read_text())
    damaged["metrics"]["segmentation"]["segmentation"]["_0"]["matrix"]["counts"] = []
    (tmp_path / "damaged.json").write_text(json.dumps(damaged))
    refusal("eval", DENSE, rooms, "--state", tmp_path / "damaged.json", status=65, part="expected a state of")
    refusal("eval", DENSE, rooms, "--state", tmp_path / "none" / "s", status=74, part="cannot be written")
    # A link stays one, an empty file is a new state.
    (tmp_path / "real").write_text("")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert call_json("eval", DENSE, rooms, "--state", tmp_path / "link") == whole
    assert (tmp_path / "link").is_symlink() and json.loads((tmp_path / "real").read_text())["done"] == 3
    refusal("eval", FINGERS, FINGERS / "samples", "--state", state, status=65, part="expected a state of fingers")
    state.write_text("{}")
    refusal("eval", DENSE, rooms, "--state", state, status=65, part="is no state of an evaluation")


@pytest.mark.parametrize("part, change, message", [
    ("label", lambda a: numpy.where(a == 3, 14, a), "labels of 0 to 12"),
    ("label", lambda a: a[:-1], None),
    ("label", lambda a: a[:-2], "expected the shape of the picture, which has 96 x 64 pixels, found 96 x 62"),
    ("depth", lambda a: a[..., 0].T[:, :, None, None], "expected H x W or H x W x values"),
    ("depth", lambda a: a * numpy.float32("nan"), "are no numbers"),
    ("normal", lambda a: a[..., :2], "expected 3 numbers for each pixel, found 2"),
    ("image", lambda a: a[..., :1], "expected H x W x 3"),
])
def test_what_is_wrong_is_reported_and_left_out(rooms, tmp_path, part, change, message):
    folder = shutil.copytree(rooms, tmp_path / "rooms")
    file = folder / "val" / part / "1.npy"
    numpy.save(file, change(numpy.load(file)))
    if message is None:
        # A truth of another size than the picture is compared at its own size.
        assert call_json("eval", DENSE, folder)["failures"] == []
        return
    report = json.loads(call("eval", DENSE, folder, "--json", status=65, stderr=message))
    assert report["pictures"] == 2 and [failure["name"] for failure in report["failures"]] == ["image/1.npy"]


@pytest.mark.parametrize("part", ["label", "depth", "normal"])
def test_a_missing_file_is_reported(rooms, tmp_path, part):
    folder = shutil.copytree(rooms, tmp_path / "rooms")
    (folder / "val" / part / "1.npy").unlink()
    report = json.loads(call("eval", DENSE, folder, "--json", status=65, stderr=f"{part}/1.npy"))
    assert report["pictures"] == 2


def test_no_data_set(tmp_path):
    refusal("eval", FINGERS, tmp_path, status=65, part="expected a data set")
    refusal("eval", FINGERS, tmp_path / "none", status=74, part="is no folder")
    (tmp_path / "a.png").write_bytes(png(scene()))
    (tmp_path / "labels.csv").write_text("file,colour\na.png,red\n")
    refusal("eval", FINGERS, tmp_path, status=65, part="the data set has colour")
    (tmp_path / "labels.csv").write_text("file,hand\na.png,both\nb.png,left\n")
    text = call("eval", FINGERS, tmp_path, "--tasks", "hand", status=65, stderr="or one of right, left, found 'both'")
    assert "on 0 pictures" in text


PASCAL = FIXTURES / "recipes" / "vandenhende-resnet18-pascal"
BOXES = FIXTURES / "recipes" / "centernet-multitask-res18"


def palette_png(labels, bits):
    """Indices of 1, 2, 4 or 8 bits with a palette of one grey, which says nothing of them."""
    whole = png(labels)
    rows, columns = labels.shape
    packed = b"".join(
        b"\0" + numpy.packbits((row[:, None] >> numpy.arange(bits)[::-1] & 1).astype(numpy.uint8).ravel()).tobytes()
        for row in labels.astype(int))
    return whole[:8] + chunk(b"IHDR", struct.pack(">IIBBBBB", columns, rows, bits, 3, 0, 0, 0)) + chunk(
        b"PLTE", bytes([7, 7, 7]) * 2**bits) + chunk(b"IDAT", zlib.compress(packed)) + chunk(b"IEND", b"")


def wide_png(values):
    """Grey of 16 bits."""
    rows, columns = values.shape
    lines = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", columns, rows, 16, 0, 0, 0, 0)) + chunk(
        b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


@pytest.fixture
def street(tmp_path):
    """A picture and PNG maps of PASCAL's tasks in a table."""
    random = numpy.random.default_rng(8)
    size = (40, 60)
    (tmp_path / "a.png").write_bytes(png(random.integers(0, 256, (*size, 3))))
    classes, parts = random.integers(0, 4, size), random.integers(0, 3, size)
    mask = random.random(size) < 0.3
    (tmp_path / "classes.png").write_bytes(palette_png(classes, 8))
    (tmp_path / "parts.png").write_bytes(palette_png(parts, 2))
    (tmp_path / "mask.png").write_bytes(palette_png(mask, 1))
    (tmp_path / "normals.png").write_bytes(png(random.integers(1, 256, (*size, 3))))
    numpy.save(tmp_path / "classes.npy", classes.astype(numpy.int32))
    numpy.save(tmp_path / "parts.npy", parts.astype(numpy.uint8))
    numpy.save(tmp_path / "mask.npy", mask)
    return tmp_path


def table(folder, ending):
    file = folder / f"{ending}.csv"
    file.write_text(
        "file,semseg,human_parts,sal,edge,normals\n"
        f"a.png,classes.{ending},parts.{ending},mask.{ending},mask.{ending},normals.png\n")
    return file


def test_maps_in_a_table(street):
    """Palettes of few bits and arrays are the same truth."""
    report = call_json("eval", PASCAL, table(street, "png"))
    assert report["failures"] == [] and report["pictures"] == 1
    kinds = {name: task["kind"] for name, task in report["tasks"].items()}
    assert kinds == {
        "semseg": "segmentation", "human_parts": "part_segmentation", "sal": "saliency", "edge": "edges",
        "normals": "normals"}
    assert {"max_f", "mean_iou"} == set(figures(report, "sal")) and {"ods_f", "ois_f"} == set(figures(report, "edge"))
    again = call_json("eval", PASCAL, table(street, "npy"))
    assert again["tasks"] == report["tasks"]


@pytest.mark.parametrize("name, content, message", [
    ("classes", lambda a: palette_png(numpy.full((40, 60), 30), 8), "labels of 0 to 3"),
    ("classes", lambda a: png(numpy.zeros((40, 60, 3))), "1 number for each pixel, found 3"),
    ("classes", lambda a: a[:-20], "PNG chunks up to an IEND"),
    ("classes", lambda a: b"", "a PNG picture"),
    ("normals", lambda a: os.mkfifo, "is no regular file"),
    ("mask", lambda a: palette_png(numpy.zeros((60, 40), bool), 1), "60 x 40 pixels, found 40 x 60"),
    ("parts", lambda a: None, "parts.png"),
])
def test_broken_maps_are_reported(street, name, content, message):
    file = street / f"{name}.png"
    changed = content(file.read_bytes())
    file.unlink()
    if changed is os.mkfifo:
        os.mkfifo(file)
    elif changed is not None:
        file.write_bytes(changed)
    report = json.loads(call("eval", PASCAL, table(street, "png"), "--json", status=65, stderr=message))
    assert report["pictures"] == 0 and report["failures"][0]["name"] == "a.png"


def test_depth_in_pictures(tmp_path):
    """Millimetres of 16 bits, or what the model says; the baseline of the card is compared with."""
    random = numpy.random.default_rng(9)
    folder = tmp_path / "set"
    for part in ("image", "depth"):
        (folder / part).mkdir(parents=True)
    (folder / "image" / "a.png").write_bytes(png(random.integers(0, 256, (32, 48, 3))))
    depth = random.integers(0, 9000, (32, 48))
    (folder / "depth" / "a.png").write_bytes(wide_png(depth))
    card = json.loads((FIXTURES / "recipes" / "libmtl-single-depth-nyuv2" / "model.json").read_text())
    model = shutil.copytree(FIXTURES / "recipes" / "libmtl-single-depth-nyuv2", tmp_path / "model")

    def measured(**convention):
        task = {"name": "depth", "kind": "depth", "unit": "m", "upsampling": "corners", **convention}
        (model / "model.json").write_text(json.dumps({**card, "tasks": [task]}))
        return call_json("eval", model, folder)

    first = measured()
    numpy.save(folder / "depth" / "a.npy", (depth / 1000).astype(numpy.float32))
    (folder / "depth" / "a.png").unlink()
    assert figures(measured(), "depth") == pytest.approx(figures(first, "depth"), rel=1e-6)
    (folder / "depth" / "a.png").write_bytes(wide_png(depth * 2))
    (folder / "depth" / "a.npy").unlink()
    assert figures(measured(truth_scale=0.0005), "depth") == pytest.approx(figures(first, "depth"), rel=1e-6)
    error = figures(first, "depth")["absolute_error"]
    compared = measured(truth_scale=0.0005, baseline={"absolute_error": 2 * error})["tasks"]["depth"]["baselines"]
    assert compared[0]["figure"] == "absolute_error" and compared[0]["gain"] == pytest.approx(50, rel=1e-6)
    assert "+50.00 %" in call("eval", model, folder)
    far = measured(truth_scale=0.0005, valid_range=[0.1, 2])
    assert figures(far, "depth")["absolute_error"] != error


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


def interlaced_png(labels, bits):
    """Seven passes (Adam7) of indices of few bits with a palette."""
    rows, columns = labels.shape
    lines = b""
    for top, left, down, across in ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2),
                                    (1, 0, 2, 1)):
        for row in labels[top::down, left::across].astype(int):
            if len(row):
                single = (row[:, None] >> numpy.arange(bits)[::-1] & 1).astype(numpy.uint8)
                lines += b"\0" + numpy.packbits(single.ravel()).tobytes()
    header = struct.pack(">IIBBBBB", columns, rows, bits, 3, 0, 0, 1)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"PLTE", bytes(3 * 2**bits)) + chunk(
        b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


def test_interlaced_maps(street):
    expected = call_json("eval", PASCAL, table(street, "npy"))
    for name, bits in (("classes", 4), ("parts", 2), ("mask", 1)):
        (street / f"{name}.png").write_bytes(interlaced_png(numpy.load(street / f"{name}.npy"), bits))
    assert call_json("eval", PASCAL, table(street, "png"))["tasks"] == expected["tasks"]


def test_partly_labelled_pictures(tmp_path):
    """A picture counts for the tasks that the table says something of."""
    for index, sample in enumerate(SAMPLES[:4]):
        shutil.copy(sample, tmp_path / f"{index}.png")
    hands = ["left" if sample.stem.endswith("L") else "right" for sample in SAMPLES[:4]]
    lines = [f"{index}.png,{hands[index]},{'' if index else SAMPLES[0].stem[-2]}" for index in range(4)]
    (tmp_path / "labels.csv").write_text("\n".join(["file,hand,count", *lines, "0.png,,"]) + "\n")
    report = json.loads(call("eval", FINGERS, tmp_path, "--json", status=65,
                             stderr="task 'count' is measured on 1 of 4 pictures"))
    assert report["tasks"]["hand"]["pictures"] == 4 and report["tasks"]["count"]["pictures"] == 1
    assert len(report["failures"]) == 1 and "says nothing of 'count', 'hand'" in report["failures"][0]["error"]


@pytest.mark.parametrize("text, message", [
    ("file,count,count\na.png,1,2\n", "has two columns 'count'"), ("file,count\n", "has no line behind the first"),
])
def test_broken_tables(tmp_path, text, message):
    (tmp_path / "x.csv").write_text(text)
    refusal("eval", FINGERS, tmp_path / "x.csv", status=65, part=message)


@pytest.mark.parametrize("labels, ages, expected", [
    (["0-9", "10-19", "20-29", "30-39", "40-49", "50-59", "60+"], [3, 25, 78], [0, 2, 6]),
    (["0-2", "3-20", "21-50", "51-60", "61-70", "71-80", "81+"], [3, 25, 78], [1, 2, 5]),
    (None, [3, 25, 78], [0, 2, 6]),
])
def test_ages_of_utkface(tmp_path, labels, ages, expected):
    """Years are told by the names of the classes, by decades where there are none."""
    model = shutil.copytree(FIXTURES / "recipes" / "utkface-resnet50", tmp_path / "model")
    card = json.loads((model / "model.json").read_text())
    task = {"name": "age", "kind": "classification", **({"labels": labels} if labels else {})}
    (model / "model.json").write_text(json.dumps({**card, "tasks": [task]}))
    (tmp_path / "set").mkdir()
    (tmp_path / "table").mkdir()
    lines = ["file,age"]
    for age, index in zip(ages, expected):
        (tmp_path / "set" / f"{age}_0_2_2017.jpg.png").write_bytes(png(scene(40 + age, 50)))
        lines.append(f"../set/{age}_0_2_2017.jpg.png,{index}")
    (tmp_path / "table" / "labels.csv").write_text("\n".join(lines))
    assert figures(call_json("eval", model, tmp_path / "set"), "age") == figures(
        call_json("eval", model, tmp_path / "table"), "age")


def test_what_is_invalid_as_it_is_stored(tmp_path):
    """Before it is scaled, and in float32: 0.1 is no double."""
    random = numpy.random.default_rng(9)
    model = shutil.copytree(FIXTURES / "recipes" / "libmtl-single-depth-nyuv2", tmp_path / "model")
    card = json.loads((model / "model.json").read_text())
    for part in ("image", "depth"):
        (tmp_path / "set" / part).mkdir(parents=True)
    (tmp_path / "set" / "image" / "a.png").write_bytes(png(random.integers(0, 256, (32, 48, 3))))
    depth = random.integers(500, 9000, (32, 48))
    hidden = random.random((32, 48)) < 0.3

    def measured(values, ending, **convention):
        for old in (tmp_path / "set" / "depth").iterdir():
            old.unlink()
        file = tmp_path / "set" / "depth" / f"a.{ending}"
        if ending == "npy":
            numpy.save(file, values.astype(numpy.float32))
        else:
            file.write_bytes(wide_png(values))
        task = {"name": "depth", "kind": "depth", "unit": "m", "upsampling": "corners", **convention}
        (model / "model.json").write_text(json.dumps({**card, "tasks": [task]}))
        return figures(call_json("eval", model, tmp_path / "set"), "depth")

    expected = measured(numpy.where(hidden, 0, depth), "png")
    assert measured(numpy.where(hidden, 65535, depth), "png", invalid=65535) == expected
    assert measured(numpy.where(hidden, 0.1, depth / 1000), "npy", invalid=0.1) == pytest.approx(expected, rel=1e-6)


def test_conventions_beside_a_recipes_task(rooms, tmp_path):
    """They leave the task what the recipe says it is."""
    model = shutil.copytree(DENSE, tmp_path / "model")
    card = json.loads((model / "model.json").read_text())
    (model / "model.json").write_text(json.dumps({**card, "tasks": [{"name": "segmentation", "invalid": 3}]}))
    report = call_json("eval", model, rooms)
    assert report["tasks"]["segmentation"]["kind"] == "segmentation"
    assert figures(report, "segmentation") != figures(call_json("eval", DENSE, rooms), "segmentation")


@pytest.mark.parametrize("value", [numpy.nan, numpy.inf, 255])
def test_pictures_that_are_no_pictures(rooms, tmp_path, value):
    folder = shutil.copytree(rooms, tmp_path / "rooms")
    file = folder / "val" / "image" / "1.npy"
    array = numpy.load(file)
    array[3, 4, 1] = value
    numpy.save(file, array)
    report = json.loads(call("eval", DENSE, folder, "--json", status=65, stderr="expected numbers of 0 to 1"))
    assert report["pictures"] == 2
