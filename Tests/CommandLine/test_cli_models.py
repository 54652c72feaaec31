"""The shipped models on their samples: as many answers right as there were when they were shipped."""

import pytest
from support import ROOT, call_json

MODELS = ROOT / "models"


def right(model, samples):
    report = call_json("eval", MODELS / model, MODELS / samples)
    assert report["failures"] == []
    return {task: round(own["figures"][0]["value"] * own["pictures"]) for task, own in report["tasks"].items()}


@pytest.mark.parametrize("model, samples, expected", [
    ("faces", "faces/samples", {"age": 17, "glasses": 24, "expression": 21}),
    ("documents/resnet", "documents/samples", {"font": 21, "script": 20, "location": 21, "date": 14}),
    ("documents/resnet/pages.json", "documents/samples/pages", {"font": 3, "script": 3, "location": 3, "date": 3}),
])
def test_samples(model, samples, expected):
    assert right(model, samples) == expected


def test_shared_faces_against_single_ones():
    """The comparison that the card prints, on the samples."""
    singles = [MODELS / "faces" / "single" / task for task in ("age", "glasses", "expression")]
    report = call_json("compare", MODELS / "faces", *singles, "--data", MODELS / "faces" / "samples", "--runs", 3)
    assert {line["task"] for line in report["lines"]} == {"age", "glasses", "expression"}
    assert 2.8 < report["singles"]["parameters"] / report["shared"]["parameters"] < 3


@pytest.mark.parametrize("name, tasks", [
    ("fingers", 2), ("rooms", 3), ("faces", 3), ("documents/resnet", 4), ("documents/perceiver", 4),
])
def test_every_model_runs(name, tasks):
    model = MODELS / name
    samples = model / "samples" if (model / "samples").is_dir() else model.parent / "samples"
    answers = call_json("run", model, samples)
    assert len(answers) >= 4 and all(len(answer["tasks"]) == tasks for answer in answers)
