"""mtl-infer inspect, bench, networks, and the help."""

import json

import pytest
from support import CHECKPOINT, FINGERS, FIXTURES, call, call_json, refusal, safetensors


def test_json():
    report = call_json("inspect", FINGERS)
    assert report["name"] == report["network"] == "fingers"
    assert report["weights"] == "PyTorch zip checkpoint"
    assert report["input_shape"] == [1, 1, 128, 128]
    assert report["total"]["parameters"] == 2365556
    assert report["encoder"] == {"macs": 394060800, "parameters": 674712}
    assert sum(task["head"]["parameters"] for task in report["tasks"]) == 2365556 - 674712
    assert [(task["name"], task["output_shape"]) for task in report["tasks"]] == [("hand", [1, 2]), ("count", [1, 6])]
    assert report["tasks"][0]["labels"] == ["right", "left"]
    assert report["ignored_keys"] == report["notes"] == []
    assert report["threads"] >= 1 and "plan" not in report and "shared" not in report


def test_text():
    text = call("inspect", FINGERS, "--threads", 1)
    for part in [
        "fingers: fingers, PyTorch zip checkpoint", "input image, gray, 1x1x128x128; runs on ", "1 threads",
        "2,365,556", "394,060,800", "count: 0, 1, 2, 3, 4, 5",
    ]:
        assert part in text


@pytest.mark.parametrize("isa", ["scalar", "avx2", "avx512", "avx512vnni", "avx512bf16", "amx"])
def test_plan_has_a_kernel_for_every_step(isa):
    plan = call_json("inspect", FINGERS, "--plan", env={"MTL_ISA": isa})["plan"]
    assert {step["part"] for step in plan} == {"encoder", "hand", "count"}
    assert sum(step["node"].startswith("encoder.") for step in plan) >= 5
    text = call("inspect", FINGERS, "--plan", env={"MTL_ISA": isa})
    assert "reference evaluation" not in text + json.dumps(plan)
    for step in plan:
        assert step["kernel"] and step["kernel"] in text


def test_heads_on_the_same_weights():
    """Each counts the weights that they share; a head without blocks has none."""
    report = call_json("inspect", FIXTURES / "networks" / "tied")
    assert report["network"] == "blocks" and "shared" not in report
    assert [task["head"]["parameters"] for task in report["tasks"]] == [44, 0, 44]


def test_checkpoint_alone():
    assert call_json("inspect", CHECKPOINT)["network"] == "fingers"
    assert call_json("inspect", CHECKPOINT, "--network", "fingers")["total"]["parameters"] == 2365556


def test_keys_not_used_are_listed(tmp_path):
    card = {
        "format": 1, "weights": "w", "input": {"width": 2, "height": 2, "color": "gray"},
        "network": {"encoder": [{"block": "flatten"}], "heads": {"t": [{"block": "linear", "key": "fc"}]}},
    }
    (tmp_path / "model.json").write_text(json.dumps(card))
    tensors = {"fc.weight": [[0] * 4], "fc.bias": [0], "loss_scale": [1], "other.fc.weight": [[0] * 4]}
    (tmp_path / "w").write_bytes(safetensors(tensors))
    assert call_json("inspect", tmp_path)["ignored_keys"] == ["loss_scale", "other.fc.weight"]
    assert "keys not used: loss_scale, other.fc.weight" in call("inspect", tmp_path)


def test_wrong_networks():
    refusal("inspect", CHECKPOINT, "--network", "resnet", status=64, part="recipe 'resnet': is not known; nearest: '")
    refusal("inspect", CHECKPOINT, "--network", "libmtl-fingers", status=65, part="It fits the recipe 'fingers'")
    refusal("inspect", FINGERS, "--network", "fingers", status=64, part="names its network itself")


def test_bench():
    report = call_json("bench", FINGERS, "--runs", 7, "--threads", 1)
    assert set(report) == {"threads", "isa", "precision", "whole", "encoder", "heads", "peak_mib"}
    assert 5 < report["peak_mib"] < 500
    assert report["threads"] == 1 and report["precision"] == "fp32" and set(report["heads"]) == {"hand", "count"}
    for times in [report["whole"], report["encoder"], *report["heads"].values()]:
        assert set(times) == {"median_ms", "p99_ms", "runs"}
        assert times["runs"] == 7 and 0 < times["median_ms"] <= times["p99_ms"]
    assert report["whole"]["median_ms"] >= report["encoder"]["median_ms"]
    assert set(call_json("bench", FINGERS, "--runs", 2, "--tasks", "hand")["heads"]) == {"hand"}


def test_bench_table():
    lines = call("bench", FINGERS, "--runs", 3).splitlines()
    assert lines[0].startswith("fingers: fp32, ") and "3 runs, " in lines[0] and lines[0].endswith(" MiB at peak")
    assert [line.split()[0] for line in lines[1:]] == ["part", "encoder", "hand", "count", "whole"]


def test_networks():
    entries = call_json("networks")
    assert {"fingers", "libmtl-fingers"} <= {entry["name"] for entry in entries}
    assert all(set(entry) == {"name", "family", "summary", "source", "parameters"} for entry in entries)
    text = call("networks")
    assert all(entry["name"] in text and entry["source"] in text for entry in entries)


def test_bench_of_layers():
    """Steps count all that the network does, and add up to its time."""
    report = call_json("bench", FINGERS, "--runs", 9, "--threads", 1, "--layers")
    layers = report["layers"]
    assert sum(layer["macs"] for layer in layers) == call_json("inspect", FINGERS)["total"]["macs"]
    assert 0.5 < sum(layer["median_ms"] for layer in layers) / report["whole"]["median_ms"] < 1.5
    assert report["peak_gmacs"] > 0.1
    assert all((layer["macs"] > 0) == ("share_of_peak" in layer) for layer in layers)
    assert "layers" not in call_json("bench", FINGERS, "--runs", 1)
    assert "GMAC/s of float32" in call("bench", FINGERS, "--runs", 2, "--layers")


@pytest.mark.parametrize("command", [[], ["run"], ["inspect"], ["bench"], ["eval"], ["compare"], ["networks"]])
def test_help(command):
    assert "USAGE: mtl-infer" in call(*command, "--help")


def test_version():
    assert call("--version") == "0.1.0\n"
