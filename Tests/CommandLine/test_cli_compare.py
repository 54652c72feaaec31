"""mtl-infer compare: a shared model against a model of one of its tasks."""

import numpy
import pytest
from support import FIXTURES, call, call_json, refusal
from test_cli_eval import rooms  # noqa: F401

RECIPES = FIXTURES / "recipes"
SHARED, DEPTH = RECIPES / "libmtl-hps-nyuv2", RECIPES / "libmtl-single-depth-nyuv2"
NOTE = "no single model has 'segmentation'"


def test_costs_are_those_of_inspect(tmp_path):
    report = call_json("compare", SHARED, DEPTH, "--runs", 2, stderr=NOTE)
    assert report["lines"] == [] and "delta_m" not in report
    for key, model in (("shared", SHARED), ("singles", DEPTH)):
        cost, total = report[key], call_json("inspect", model)["total"]
        assert (cost["parameters"], cost["macs"]) == (total["parameters"], total["macs"])
        assert cost["file_mib"] == (model / "weights.pt").stat().st_size / 2**20
        assert cost["time_ms"] > 0 and 5 < cost["peak_mib"] < 500


def test_gains_follow_from_eval(rooms, tmp_path):  # noqa: F811
    chart = tmp_path / "chart.png"
    report = call_json("compare", SHARED, DEPTH, "--runs", 2, "--data", rooms, "--out", chart, stderr=NOTE)
    measured = [{figure["name"]: figure for figure in call_json("eval", model, rooms, **note)["tasks"]["depth"]["figures"]}
                for model, note in ((SHARED, {}), (DEPTH, {}))]
    gains = {}
    for line in report["lines"]:
        shared, single = (figures[line["metric"]]["value"] for figures in measured)
        assert (line["task"], line["shared"], line["single"]) == ("depth", shared, single)
        sign = 1 if line["is_higher_better"] else -1
        if single:
            gains[line["metric"]] = sign * 100 * (shared - single) / abs(single)
            assert line["gain_percent"] == pytest.approx(gains[line["metric"]])
    assert report["delta_m"] == pytest.approx(gains["absolute_error"])
    assert report["delta_p"] == pytest.approx(numpy.mean([gains["absolute_error"], gains["relative_error"]]))
    assert chart.read_bytes().startswith(b"\x89PNG")
    assert "Delta_m" in call("compare", SHARED, DEPTH, "--runs", 2, "--data", rooms, stderr=NOTE)


def test_models_that_do_not_belong_together(rooms, tmp_path):  # noqa: F811
    refusal("compare", DEPTH, SHARED, DEPTH, status=65, part="task 'depth': is in")
    refusal("compare", RECIPES / "faces-resnet18-backbone" / "weights.pt", DEPTH, status=65, part="found depth")
    (rooms / "val" / "depth" / "2.npy").rename(tmp_path / "2.npy")
    try:
        call("compare", SHARED, DEPTH, "--data", rooms, status=65, stderr="1 pictures failed")
    finally:
        (tmp_path / "2.npy").rename(rooms / "val" / "depth" / "2.npy")
