"""Wrong usage, bad data and failing input or output: exit status, message, and nothing else."""

import json
import random
import shutil
import struct
import subprocess
import zlib

import pytest
from support import (
    BINARY, CHECKPOINT, FINGERS, FIXTURES, SAMPLES, call, call_json, outputs, png, refusal, safetensors, scene)


@pytest.mark.parametrize("arguments, part", [
    (["rnu"], "rnu"), (["run"], "Missing expected argument"), (["run", FINGERS], "Give pictures"),
    (["run", FINGERS, SAMPLES[0], "--threads", "0"], "--threads must be at least 1, not 0"),
    (["run", FINGERS, SAMPLES[0], "--threads", "-1"], "--threads"),
    (["run", FINGERS, SAMPLES[0], "--threads", "two"], "--threads"),
    (["run", FINGERS, SAMPLES[0], "--threads", "99999999"], "threads: expected 0 to"),
    (["run", FINGERS, SAMPLES[0], "--no-such-option"], "--no-such-option"),
    (["run", FINGERS, SAMPLES[0], "--tasks", "depth"], "task 'depth': the model has no such task; it has hand, count"),
    (["run", FINGERS, SAMPLES[0], "--tasks", "hand,,count"], "task ''"),
    (["run", FINGERS, SAMPLES[0], "--tasks", ""], "task ''"),
    (["run", FINGERS, SAMPLES[0], "--tasks", "hand,hand"], "task 'hand': is named twice"),
    (["run", "", SAMPLES[0]], "expected a file name"),
    (["bench", FINGERS, "--runs", "0"], "--runs must be 1 to 1000000, not 0"),
    (["inspect"], "Missing expected argument"), (["networks", "x"], "x"),
])
def test_wrong_usage(arguments, part):
    refusal(*arguments, status=64, part=part)


def test_instruction_sets_are_named(tmp_path):
    """A cap with a typing error would be no cap."""
    call("inspect", FINGERS, env={"MTL_ISA": "sclar"}, status=64,
         stderr="MTL_ISA: expected one of scalar, avx2, avx512, avx512vnni, avx512bf16, amx, found 'sclar'")
    for name in ("Scalar", "SCALAR"):
        assert "runs on scalar" in call("inspect", FINGERS, env={"MTL_ISA": name})
    assert call("inspect", FINGERS, env={"MTL_ISA": ""}) == call("inspect", FINGERS)


@pytest.mark.parametrize("name", ["", "none", "none/model.json"])
def test_missing_models(tmp_path, name):
    part = "model.json" if not name else name
    refusal("inspect", tmp_path / name, status=74, part=f"{part}: cannot be opened: No such file")


def test_bad_models(tmp_path):
    whole = CHECKPOINT.read_bytes()
    places = [1, 100, len(whole) // 2, len(whole) - 1] + random.Random(4).sample(range(len(whole)), 16)
    for length in places:
        (tmp_path / "cut.pt").write_bytes(whole[:length])
        refusal("run", tmp_path / "cut.pt", SAMPLES[0], status=65, part="cut.pt")
    for name, data, part in [
        ("empty", b"", "is empty (0 bytes)"), ("noise", random.Random(1).randbytes(5000), "of an unknown kind"),
        ("text", b"hello", "text"), ("json", b'{"format": 1,', "json"), ("page", b"<!DOCTYPE html><html>", "page"),
        ("future", b'{"format": 9}', "expected format up to 2, found 9"),
        ("strange", safetensors({"a.weight": [[1]], "a.bias": [1]}), "Its first keys are a.weight, a.bias"),
    ]:
        (tmp_path / name).write_bytes(data)
        refusal("run", tmp_path / name, SAMPLES[0], status=65, part=part)
    refusal("run", SAMPLES[0], SAMPLES[0], status=65, part=SAMPLES[0].name)
    refusal("run", "/dev/null", SAMPLES[0], status=65, part="expected a regular file")


def test_checkpoint_of_another_network(tmp_path):
    shutil.copy(FIXTURES / "networks" / "grouped" / "weights.pt", tmp_path / "best.pt")
    shutil.copy(FINGERS / "model.json", tmp_path)
    error = refusal("run", tmp_path, SAMPLES[0], status=65, part="28 missing: encoder.0.weight (48x1x11x11)")
    assert "network 'fingers'" in error


def test_names_of_heads_lead_nowhere(tmp_path):
    card = {"format": 1, "weights": "w.safetensors", "input": {"width": 2, "height": 2},
            "network": {"encoder": [], "heads": {"../escaped": [{"block": "flatten"}]}}}
    (tmp_path / "model.json").write_text(json.dumps(card))
    (tmp_path / "w.safetensors").write_bytes(safetensors({"w": [1]}))
    refusal("run", tmp_path, SAMPLES[0], "--out", tmp_path / "out", status=65, part="the task name '../escaped'")
    assert not list(tmp_path.glob("*.npy"))


@pytest.mark.parametrize("fields, part", [
    ({"network": {"recipe": "resnet"}}, "recipe 'resnet': is not known"),
    ({"tasks": [{"name": "hand", "prefix": "decoder9"}]}, "task 'hand' with prefix 'decoder9'"),
    ({"weights": "a\0b"}, "weights: the name has a zero byte"),
    ({"section": "ema"}, "section 'ema': "),
])
def test_faults_of_a_description_are_bad_data(tmp_path, fields, part):
    shutil.copy(CHECKPOINT, tmp_path)
    card = {"format": 1, "weights": CHECKPOINT.name, "network": {"recipe": "fingers"}}
    (tmp_path / "model.json").write_text(json.dumps(card | fields))
    refusal("run", tmp_path, SAMPLES[0], status=65, part=part)
    refusal("run", CHECKPOINT, SAMPLES[0], "--network", "resnet", status=64, part="recipe 'resnet': is not known")


def zero_size():
    header = struct.pack(">IIBBBBB", 0, 0, 8, 0, 0, 0, 0)
    return png(scene(1, 1, 1))[:12] + b"IHDR" + header + struct.pack(">I", zlib.crc32(b"IHDR" + header))


BAD_PICTURES = {
    "empty.png": b"", "text.jpg": b"this is no picture", "cut.png": png(scene())[:3000], "zero.png": zero_size(),
    "huge.png": png(scene(2, 2, 1)).replace(struct.pack(">II", 2, 2), struct.pack(">II", 30000, 30000)),
    "wide.png": png(scene(1, 30000, 1)), "gif.gif": b"GIF89a" + bytes(50),
}


@pytest.mark.parametrize("name", BAD_PICTURES)
def test_bad_pictures(tmp_path, name):
    (tmp_path / name).write_bytes(BAD_PICTURES[name])
    refusal("run", FINGERS, tmp_path / name, status=65, part=f"{tmp_path}/{name}: ")
    refusal("run", FINGERS, tmp_path / name, "--out", tmp_path / "out", status=65, part=name)
    assert not (tmp_path / "out").exists()


def test_bad_pictures_have_a_json_row(tmp_path):
    (tmp_path / "bad.png").write_bytes(b"")
    good, bad = call_json(
        "run", FINGERS, SAMPLES[0], tmp_path / "bad.png", status=65,
        stderr="bad.png: expected a JPEG, PNG or WebP picture")
    assert "error" not in good and set(good["tasks"]) == {"hand", "count"}
    assert set(bad) == {"image", "error"} and "found an empty file" in bad["error"]


def test_missing_pictures(tmp_path):
    refusal("run", FINGERS, tmp_path / "none.png", status=74, part="none.png: cannot open: No such file")
    refusal("run", FINGERS, tmp_path / "*.png", status=74, part="*.png: matches no file")
    refusal("run", FINGERS, tmp_path, status=65, part="has no pictures")


def test_one_bad_picture_among_a_thousand(tmp_path):
    pixels = scene(8, 8, 1)
    for number in range(1000):
        (tmp_path / f"{number:04}.png").write_bytes(png(pixels) if number != 500 else b"\x89PNG broken")
    done = subprocess.run([BINARY, "run", FINGERS, tmp_path], capture_output=True, text=True, timeout=300)
    assert done.returncode == 65
    errors = done.stderr.splitlines()
    assert len(errors) == 2 and errors[0].count("0500.png") == 1
    assert errors[1] == "mtl-infer: 1 of 1000 pictures failed"
    rows = done.stdout.splitlines()[1:]
    assert len(rows) == 999 and not any("0500.png" in row for row in rows)


def test_folders_that_cannot_be_written(tmp_path):
    """None of these depends on who runs the test: root may write anywhere but in a file and below /proc."""
    (tmp_path / "file").write_text("in the way")
    tied = FIXTURES / "networks" / "tied"
    for out in [tmp_path / "file", tmp_path / "file" / "below", "/proc/none"]:
        refusal("run", FINGERS, SAMPLES[0], "--out", out, status=74, part=f"{out}: ")
        refusal("run", tied, "--input", f"image={tied}/input.npy", "--out", out, status=74, part=f"{out}: ")
    assert (tmp_path / "file").read_text() == "in the way"


def test_output_that_cannot_be_written(tmp_path):
    """A folder where the file should be."""
    (tmp_path / "out" / f"{SAMPLES[0].name}.hand.npy" / "x").mkdir(parents=True)
    refusal("run", FINGERS, SAMPLES[0], "--out", tmp_path / "out", status=74, part="hand.npy: cannot be written")
    assert [path.name for path in (tmp_path / "out").iterdir()] == [f"{SAMPLES[0].name}.hand.npy"]


def test_wrong_tasks_write_nothing(tmp_path):
    refusal("run", FINGERS, SAMPLES[0], "--tasks", "x", "--out", tmp_path / "out", status=64, part="task 'x'")
    refusal("run", tmp_path / "no-model", SAMPLES[0], "--out", tmp_path / "out", status=74, part="no-model")
    assert not (tmp_path / "out").exists()


def test_existing_outputs_are_replaced(tmp_path):
    first = outputs(tmp_path, FINGERS, SAMPLES[0])
    (tmp_path / f"{SAMPLES[0].name}.hand.npy").write_bytes(b"old")
    second = outputs(tmp_path, FINGERS, SAMPLES[0])
    assert {name: array.tobytes() for name, array in first.items()} == {
        name: array.tobytes() for name, array in second.items()}
