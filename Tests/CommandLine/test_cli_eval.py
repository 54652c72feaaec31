"""mtl-infer eval: metrics against their definitions, written out in NumPy, and data sets with something wrong."""

import json
import shutil

import numpy
import pytest
from support import FINGERS, FIXTURES, SAMPLES, call, call_json, figures, outputs, png, refusal, scene

DENSE = FIXTURES / "recipes" / "libmtl-hps-nyuv2"
SIZE = (64, 96)


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
