"""mtl-infer run on pictures: what it answers, and in which form."""

import json
import shutil

import numpy
import pytest
from support import (
    BINARY, CHECKPOINT, EXPECTED, FINGERS, FIXTURES, SAMPLES, call, call_json, outputs, png, refusal,
    safetensors, scene, upright)


def label(answer):
    side = {"left": "L", "right": "R"}[answer["tasks"]["hand"]["label"]]
    return answer["tasks"]["count"]["label"] + side


def test_binary_is_there():
    assert BINARY.is_file()
    assert len(SAMPLES) == 24


def test_labels_are_those_of_the_file_names():
    answers = call_json("run", FINGERS, *SAMPLES)
    assert [answer["image"] for answer in answers] == [str(path) for path in SAMPLES]
    for path, answer in zip(SAMPLES, answers):
        assert path.stem.endswith("_" + label(answer))


def test_json_has_the_documented_members():
    (answer,) = call_json("run", FINGERS, SAMPLES[3])
    assert set(answer) == {"image", "tasks", "time_ms", "prepare_ms", "encoder_ms", "heads_ms"}
    assert set(answer["tasks"]) == set(answer["heads_ms"]) == {"hand", "count"}
    for name, task in answer["tasks"].items():
        assert set(task) == {"kind", "label", "index", "confidence"}
        assert task["kind"] == "classification"
        assert task["confidence"] == pytest.approx(max(EXPECTED[SAMPLES[3].name][name]), abs=1e-5)
    assert answer["time_ms"] >= answer["encoder_ms"] + sum(answer["heads_ms"].values()) > 0


def test_table():
    lines = call("run", FINGERS, *SAMPLES[:3]).splitlines()
    assert lines[0].split() == ["image", "hand", "count", "total", "ms", "encoder", "hand", "count"]
    assert len(lines) == 4
    for path, line in zip(SAMPLES, lines[1:]):
        assert line.startswith(str(path))
        assert f"right ({100 * EXPECTED[path.name]['hand'][0]:.1f} %)" in line
    # The last column is flush right.
    assert len({len(line) for line in lines}) == 1


def test_tasks_are_chosen_and_ordered():
    (answer,) = call_json("run", FINGERS, SAMPLES[0], "--tasks", "count")
    assert set(answer["tasks"]) == set(answer["heads_ms"]) == {"count"}
    title = call("run", FINGERS, SAMPLES[0], "--tasks", "count,hand").splitlines()[0]
    assert title.split()[1:3] == ["count", "hand"]


@pytest.mark.parametrize("threads", [1, 2, 3, 16])
def test_any_number_of_threads_gives_the_same_bytes(tmp_path, threads):
    one = outputs(tmp_path / "one", FINGERS, *SAMPLES[:2], "--threads", "1")
    many = outputs(tmp_path / "many", FINGERS, *SAMPLES[:2], "--threads", threads)
    assert len(one) == 4
    assert {name: array.tobytes() for name, array in one.items()} == {
        name: array.tobytes() for name, array in many.items()}


ISAS = ["scalar", "avx2", "avx512", "avx512vnni", "avx512bf16", "amx"]


@pytest.mark.parametrize("isa", ISAS)
def test_instruction_set_cap(tmp_path, isa):
    env = {"MTL_ISA": isa}
    best = call_json("inspect", FINGERS)["isa"]
    wanted = min(best, isa, key=ISAS.index)
    assert call_json("inspect", FINGERS, env=env)["isa"] == wanted
    found = outputs(tmp_path / "out", FINGERS, *SAMPLES[:4], env=env)
    for path in SAMPLES[:4]:
        for task, values in EXPECTED[path.name].items():
            assert numpy.abs(found[f"{path.name}.{task}"][0] - numpy.float32(values)).max() <= 1e-5


def test_outputs_are_those_of_pytorch(tmp_path):
    found = outputs(tmp_path / "a" / "new" / "folder", FINGERS, *SAMPLES)
    assert len(found) == 48
    for path in SAMPLES:
        for task, values in EXPECTED[path.name].items():
            array = found[f"{path.name}.{task}"]
            assert array.dtype == numpy.float32 and array.shape == (1, len(values))
            assert numpy.abs(array[0] - numpy.float32(values)).max() <= 1e-5


def test_pictures_of_one_name_do_not_overwrite_each_other(tmp_path):
    for folder, sample in [("a", SAMPLES[0]), ("b", SAMPLES[9])]:
        (tmp_path / folder).mkdir()
        shutil.copy(sample, tmp_path / folder / "x.png")
    found = outputs(tmp_path / "out", FINGERS, tmp_path / "a", tmp_path / "b")
    assert set(found) == {"x.png.hand", "x.png.hand-2", "x.png.count", "x.png.count-2"}
    assert found["x.png.hand"].argmax() == 0 and found["x.png.hand-2"].argmax() == 1


def test_folders_patterns_and_files(tmp_path):
    (tmp_path / "deep" / "er").mkdir(parents=True)
    for target, sample in [("b.png", 0), ("a.png", 1), ("deep/c", 2), ("deep/er/d.PNG", 3), ("[e].png", 4)]:
        shutil.copy(SAMPLES[sample], tmp_path / target)
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / ".hidden.png").write_text("no picture")

    def images(*arguments):
        return [answer["image"].removeprefix(f"{tmp_path}/") for answer in call_json("run", FINGERS, *arguments)]

    everything = ["[e].png", "a.png", "b.png", "deep/c", "deep/er/d.PNG"]
    assert images(tmp_path) == everything
    assert images(f"{tmp_path}/") == everything
    assert images(tmp_path / "?.png") == ["a.png", "b.png"]
    assert images(tmp_path / "[e].png", tmp_path / "deep" / "c") == ["[e].png", "deep/c"]
    assert images(tmp_path / "b.png", tmp_path / "a.png", tmp_path / "b.png") == ["b.png", "a.png", "b.png"]


@pytest.mark.parametrize("model", [FINGERS, FINGERS / "model.json", CHECKPOINT], ids=["folder", "card", "checkpoint"])
def test_every_form_of_the_model(model):
    (answer,) = call_json("run", model, SAMPLES[15])
    assert label(answer) == "3R"


def test_recipe_by_name():
    (answer,) = call_json("run", CHECKPOINT, SAMPLES[15], "--network", "fingers")
    assert label(answer) == "3R"


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("channels", [1, 3])
def test_rotated_pictures(tmp_path, orientation, channels):
    stored = scene(channels=channels)
    (tmp_path / "stored.png").write_bytes(png(stored, orientation))
    (tmp_path / "upright.png").write_bytes(png(upright(stored, orientation)))
    found = outputs(tmp_path / "out", FINGERS, tmp_path / "stored.png", tmp_path / "upright.png")
    for task in ["hand", "count"]:
        assert found[f"stored.png.{task}"].tobytes() == found[f"upright.png.{task}"].tobytes()


# Files of other kinds, whose pixels lie beside them, against the same pixels as PNG.
PICTURES = [
    line.split() for line in (FIXTURES / "images" / "expected.txt").read_text().splitlines()
    if line.split()[0] in {
        "420.jpg", "progressive.jpg", "1x1.jpg", "17x1.jpg", "1x17.jpg", "grey.jpg", "cmyk.jpg", "orientation-6.jpg",
        "orientation-7.jpg", "exif.webp", "lossy.webp", "lossless.webp", "alpha-lossy.webp", "1x1.webp", "1x1.png",
        "rgba8.png", "palette4.png", "rgb8-interlaced.png", "exif.png"}]


@pytest.mark.parametrize("facts", PICTURES, ids=lambda facts: facts[0])
def test_every_kind_of_picture(tmp_path, facts):
    file = FIXTURES / "images" / facts[0]
    columns, rows, channels, orientation = map(int, facts[1:])
    pixels = numpy.frombuffer((file.parent / (file.name + ".raw")).read_bytes(), numpy.uint8)
    pixels = pixels.reshape((rows, columns) if channels == 1 else (rows, columns, channels))
    (tmp_path / "same.png").write_bytes(png(upright(pixels, orientation)))
    found = outputs(tmp_path / "out", FINGERS, file, tmp_path / "same.png")
    assert len(found) == 4
    for task in ["hand", "count"]:
        assert found[f"{file.name}.{task}"].tobytes() == found[f"same.png.{task}"].tobytes()


def test_all_pictures_were_found():
    assert len(PICTURES) == 19


def test_large_picture(tmp_path):
    (tmp_path / "large.png").write_bytes(png(scene(3000, 4000)))
    (answer,) = call_json("run", FINGERS, tmp_path / "large.png")
    assert set(answer["tasks"]) == {"hand", "count"}


def test_numbers_that_are_none(tmp_path):
    """Infinite weights give infinite outputs: they are shown as such, in the table and in JSON."""
    card = {
        "format": 1, "weights": "w", "input": {"width": 2, "height": 2, "color": "gray"},
        "network": {"encoder": [{"block": "flatten"}], "heads": {"t": [{"block": "linear", "key": "fc"}]}},
        "tasks": [{"name": "t", "kind": "classification", "output": "probabilities"}],
    }
    (tmp_path / "model.json").write_text(json.dumps(card))
    (tmp_path / "x.png").write_bytes(png(scene(2, 2, 1)))
    for bias, shown in [(numpy.inf, "inf"), (1e30, "e+")]:
        (tmp_path / "w").write_bytes(safetensors({"fc.weight": numpy.zeros((2, 4)), "fc.bias": [0, bias]}))
        assert shown in call("run", tmp_path, tmp_path / "x.png")
        (answer,) = call_json("run", tmp_path, tmp_path / "x.png")
        assert answer["tasks"]["t"]["index"] == 1


def page(letter_height, lines=12):
    """Lines of upright strokes on paper that darkens to the right."""
    step = letter_height * 5 // 2
    pixels = numpy.tile(numpy.linspace(235, 190, 60 * letter_height), ((lines + 2) * step, 1))
    for line in range(1, lines + 1):
        for stroke in range(3, 170):
            left = stroke * letter_height // 3
            pixels[line * step:line * step + letter_height, left:left + max(letter_height // 5, 1)] = 40
    return pixels


def test_pages_in_crops(tmp_path):
    """Text twice as high is cut into crops twice as large; a card that knows no pages refuses a height of text."""
    model = shutil.copytree(FIXTURES / "recipes" / "documents-resnet", tmp_path / "model")
    card = json.loads((model / "model.json").read_text())
    pages = {"text_height": 10, "limit": 100}
    (model / "model.json").write_text(json.dumps({**card, "input": {"width": 64, "height": 64, "pages": pages}}))
    for name, height in (("small", 10), ("large", 20)):
        (tmp_path / f"{name}.png").write_bytes(png(page(height)))
    small, large = call_json("run", model, tmp_path / "small.png", tmp_path / "large.png")
    assert abs(small["text_height"] - 10) <= 1 and abs(large["text_height"] - 20) <= 2
    assert small["crops"] == large["crops"] > 10
    (given,) = call_json("run", model, tmp_path / "small.png", "--text-height", 30)
    assert given["text_height"] == 30 and given["crops"] < small["crops"]
    # One crop is the mean of one.
    raw = outputs(tmp_path / "whole", model, tmp_path / "small.png", "--text-height", 3000)
    (model / "model.json").write_text(json.dumps({**card, "input": {"width": 64, "height": 64}}))
    plain = outputs(tmp_path / "plain", model, tmp_path / "small.png")
    for name, values in plain.items():
        if name.endswith("location"):
            assert numpy.allclose(raw[name], values, atol=1e-5)
        else:
            shares = [numpy.exp(own - own.max()) / numpy.exp(own - own.max()).sum() for own in (raw[name], values)]
            assert numpy.allclose(*shares, atol=1e-6), name
    refusal("run", model, tmp_path / "small.png", "--text-height", 10, status=65, part="has no 'pages'")
    refusal("run", model, tmp_path / "small.png", "--text-height", 0, status=64, part="must be 1 to 32768")


def test_pages_of_maps(tmp_path):
    """A mean over crops means nothing for a map."""
    model = shutil.copytree(FIXTURES / "recipes" / "libmtl-single-depth-nyuv2", tmp_path / "model")
    card = json.loads((model / "model.json").read_text())
    (model / "model.json").write_text(json.dumps(
        {**card, "input": {"width": 64, "height": 64, "pages": {"text_height": 8}}}))
    (tmp_path / "a.png").write_bytes(png(page(8)))
    refusal("run", model, tmp_path / "a.png", status=65, part="of kind depth has no mean over the crops")
