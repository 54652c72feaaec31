"""mtl-infer on ONNX files: tensors, pictures, and what a model.json beside them says."""

import json

import numpy
import pytest
from support import call, call_json, outputs, png, refusal, scene

onnx = pytest.importorskip("onnx")
from onnx import helper  # noqa: E402

CLASSES, SIDE = 4, 8


@pytest.fixture
def model(tmp_path):
    """Two heads on the mean colour: one of classes by logits, one of a number; their names are an exporter's."""
    random = numpy.random.default_rng(2)
    arrays = {"w": random.standard_normal((CLASSES, 3)), "v": random.standard_normal((1, 3))}
    constants = [helper.make_tensor(name, 1, array.shape, array.astype(numpy.float32).ravel()) for name, array in arrays.items()]
    nodes = [
        helper.make_node("GlobalAveragePool", ["image"], ["mean"], name="mean"),
        helper.make_node("Flatten", ["mean"], ["rows"], name="rows"),
        helper.make_node("Gemm", ["rows", "w"], ["/head/out:0"], name="classes", transB=1),
        helper.make_node("Gemm", ["rows", "v"], ["age"], name="age", transB=1),
    ]
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes, "two", [value("image", 1, ["n", 3, SIDE, SIDE])],
        [value("/head/out:0", 1, ["n", CLASSES]), value("age", 1, ["n", 1])], constants)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(made, tmp_path / "two.onnx")
    return tmp_path / "two.onnx", arrays


def means(picture):
    return (picture.astype(float) / 255).mean((0, 1))


def test_tensors(model, tmp_path):
    path, arrays = model
    image = numpy.random.default_rng(1).random((2, 3, SIDE, SIDE), numpy.float32)
    numpy.save(tmp_path / "image.npy", image)
    found = outputs(tmp_path / "out", path, "--input", f"image={tmp_path}/image.npy")
    assert found["_head_out:0"] == pytest.approx(image.mean((2, 3)) @ arrays["w"].T, abs=1e-5)
    assert found["age"] == pytest.approx(image.mean((2, 3)) @ arrays["v"].T, abs=1e-5)


def test_kinds_are_guessed_and_say_so(model):
    report = call_json("inspect", model[0])
    assert [task["kind"] for task in report["tasks"]] == ["raw", "raw"]
    assert any("guess" in note for note in report["notes"])


def test_a_card_is_written_edited_and_used(model, tmp_path):
    path, arrays = model
    call("inspect", path, "--write-card", stderr="wrote ")
    card = json.loads((tmp_path / "model.json").read_text())
    assert card["weights"] == "two.onnx" and card["network"] == {"graph": "file"}
    assert card["tasks"][0]["prefix"] == "/head/out:0"
    card["tasks"] = [
        {"name": "colour", "prefix": "/head/out:0", "kind": "classification", "labels": ["red", "green", "blue", "grey"]},
        {"name": "age", "kind": "regression", "unit": "years"},
    ]
    (tmp_path / "model.json").write_text(json.dumps(card))
    picture = scene(SIDE, SIDE)
    (tmp_path / "x.png").write_bytes(png(picture))
    logits, age = means(picture) @ arrays["w"].T, means(picture) @ arrays["v"].T
    for model_path in (path, tmp_path, tmp_path / "model.json"):
        tasks = call_json("run", model_path, tmp_path / "x.png")[0]["tasks"]
        assert tasks["colour"]["index"] == logits.argmax()
        assert tasks["colour"]["confidence"] == pytest.approx(numpy.exp(logits).max() / numpy.exp(logits).sum(), abs=1e-5)
        assert tasks["age"]["values"] == pytest.approx(list(age), abs=1e-5)
        assert not any("guess" in note for note in call_json("inspect", model_path)["notes"])
    refusal("inspect", path, "--write-card", status=74, part="is there already")
    card["tasks"][0]["prefix"] = "head"
    (tmp_path / "model.json").write_text(json.dumps(card))
    refusal("run", tmp_path, tmp_path / "x.png", status=65, part="expected one of the outputs /head/out:0, age, found 'head'")


def test_a_card_inside_the_file(model, tmp_path):
    path, _ = model
    made = onnx.load(path)
    made.metadata_props.add(key="mtl_infer", value=json.dumps(
        {"format": 1, "name": "inside", "network": {"graph": "file"}, "tasks": [{"name": "age", "kind": "regression"}]}))
    onnx.save(made, path)
    report = call_json("inspect", path)
    assert report["name"] == "inside" and [(task["name"], task["kind"]) for task in report["tasks"]] == [("age", "regression")]
    made.metadata_props[0].value = "{"
    onnx.save(made, path)
    refusal("inspect", path, status=65, part="metadata 'mtl_infer'")


def test_a_card_of_the_graph_needs_one(tmp_path):
    (tmp_path / "w").write_bytes(b"\x80\x02}q\x00.")
    (tmp_path / "model.json").write_text('{"format": 1, "weights": "w", "network": {"graph": "elsewhere"}}')
    refusal("inspect", tmp_path, status=65, part="expected 'file', found 'elsewhere'")


def two_inputs(opset=17):
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["a", "b"], ["y"], name="product")], "two",
        [value("a", 1, ["n", "k"]), value("b", 1, ["k", 2])], [value("y", 1, ["n", 2])])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def test_sizes_of_one_symbol_agree(tmp_path):
    onnx.save(two_inputs(), tmp_path / "two.onnx")
    numpy.save(tmp_path / "a.npy", numpy.ones((1, 3), numpy.float32))
    numpy.save(tmp_path / "b.npy", numpy.ones((4, 2), numpy.float32))
    error = refusal(
        "run", tmp_path / "two.onnx", "--input", f"a={tmp_path / 'a.npy'}", "--input", f"b={tmp_path / 'b.npy'}", "--out",
        tmp_path / "out", status=65, part="size 'k' to be 3, as in 'a'")
    assert "found 4" in error


def test_an_operator_set_of_the_future(tmp_path):
    onnx.save(two_inputs(opset=31), tmp_path / "two.onnx")
    report = call_json("inspect", tmp_path / "two.onnx", "--json")
    assert any("operator set 31 is newer" in note for note in report["notes"])


def test_fields_in_another_order(tmp_path):
    """Protobuf promises no order: here the version comes last."""
    message = two_inputs()
    version = message.ir_version
    message.ClearField("ir_version")
    (tmp_path / "two.onnx").write_bytes(message.SerializeToString() + bytes([8, version]))
    assert call_json("inspect", tmp_path / "two.onnx", "--json")["network"] == "onnx"
