"""mtl-infer compile: the library's own file from checkpoints and ONNX models, what is in it, and what is refused."""

import json
import os
import struct
from pathlib import Path

import mtl_infer
import numpy
import pytest
import safetensors.numpy
from support import call, call_json, refusal

onnx = pytest.importorskip("onnx")
from onnx import helper  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
FLOAT, INT64, BOOL, UINT4 = 1, 7, 9, 21


def header(path):
    """The parsed header of a safetensors file, and where its data begin."""
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    return json.loads(content[8 : 8 + length]), 8 + length


def value(name, kind, shape):
    return helper.make_tensor_value_info(name, kind, shape)


def constant(name, kind, shape, numbers):
    return helper.make_tensor(name, kind, shape, numbers)


def branches():
    """A graph inside a node: each branch takes what lies outside, one another constant."""
    node = helper.make_node
    then = helper.make_graph([node("Add", ["x", "w"], ["t"], name="add")], "then", [], [value("t", FLOAT, ["n", 3])])
    other = helper.make_graph([node("Mul", ["x", "v"], ["e"], name="mul")], "else", [], [value("e", FLOAT, ["n", 3])],
                              [constant("v", FLOAT, [3], [2, 3, 4])])
    nodes = [
        node("ReduceSum", ["x"], ["sum"], name="sum", keepdims=0),
        node("Greater", ["sum", "zero"], ["condition"], name="compare"),
        node("If", ["condition"], ["y"], name="choose", then_branch=then, else_branch=other),
    ]
    return nodes, [value("x", FLOAT, ["n", 3])], [value("y", FLOAT, ["n", 3])], [
        constant("w", FLOAT, [3], [1, -1, 0.1]), constant("zero", FLOAT, [], [0])]


def unusual():
    """Elements of four bits, infinities as attributes, an input left out, a constant of no elements, one used twice."""
    node = helper.make_node
    nodes = [
        node("DequantizeLinear", ["q", "s"], ["w"], name="weights"),
        node("Clip", ["x", "", "top"], ["c"], name="clip"),
        node("ThresholdedRelu", ["c"], ["r"], name="threshold", alpha=float("-inf")),
        node("MatMul", ["r", "w"], ["y"], name="product"),
        node("Concat", ["y", "none"], ["z"], name="join", axis=1),
        node("Add", ["z", "b"], ["b1"], name="first"),
        node("Mul", ["b1", "b"], ["out"], name="second"),
    ]
    constants = [
        constant("q", UINT4, [3, 2], [1, 2, 3, 4, 15, 0]), constant("s", FLOAT, [], [0.1]),
        constant("top", FLOAT, [], [0.5]), constant("none", FLOAT, [1, 0], []), constant("b", FLOAT, [2], [0.3, 0.7])]
    return nodes, [value("x", FLOAT, [1, 3])], [value("out", FLOAT, [1, 2])], constants


def write(path, parts):
    nodes, inputs, outputs, constants = parts
    graph = helper.make_graph(nodes, "net", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    onnx.save(model, str(path))
    return path


@pytest.mark.parametrize("parts", [branches(), unusual()], ids=["branches", "unusual"])
def test_onnx_round_trip(tmp_path, parts):
    source, target = write(tmp_path / "net.onnx", parts), tmp_path / "net.mtl"
    call("compile", source, "-o", target)
    # The new file needs no other one.
    os.rename(source, tmp_path / "kept")
    (tmp_path / "other").mkdir()
    moved = tmp_path / "other" / "alone"
    os.rename(target, moved)
    with mtl_infer.load(tmp_path / "kept") as before, mtl_infer.load(moved) as after:
        assert [task.name for task in after.tasks] == [task.name for task in before.tasks]
        for seed in range(4):
            x = numpy.random.default_rng(seed).standard_normal((1, 3)).astype(numpy.float32)
            name = before.tasks[0].name
            assert numpy.array_equal(before.run(tensors=x)[name], after.run(tensors=x)[name])
    members, start = header(moved)
    assert start % 64 == 0
    for name, entry in members.items():
        if name != "__metadata__" and not name.startswith(".padding"):
            begin, end = entry["data_offsets"]
            width = {"F32": 4, "I64": 8, "BOOL": 1, "U8": 1}[entry["dtype"]]
            assert begin % (64 if end - begin >= 64 else width) == 0
    again = tmp_path / "again.mtl"
    call("compile", moved, "-o", again)
    assert again.read_bytes() == moved.read_bytes()


def test_fingers(tmp_path):
    """A checkpoint keeps its keys and types, its card, and its answers."""
    folder, target = ROOT / "models" / "fingers", tmp_path / "fingers.mtl"
    report = call_json("compile", folder, "-o", target, "--json")
    assert report["tasks"] == ["hand", "count"] and report["bytes"] == target.stat().st_size
    pictures = sorted((folder / "samples").iterdir())[:4]
    keep = lambda answers: [answer["tasks"] for answer in answers]  # noqa: E731
    assert keep(call_json("run", target, *pictures, "--json")) == keep(call_json("run", folder, *pictures, "--json"))
    members, _ = header(target)
    card = json.loads(members["__metadata__"]["mtl_infer"])
    assert [task["labels"] for task in card["tasks"]][1] == [str(count) for count in range(6)]
    weights = safetensors.numpy.load_file(str(target))
    assert any(key.endswith("weight") for key in weights)


def test_tasks_of_a_card_survive(tmp_path):
    write(tmp_path / "net.onnx", unusual())
    card = {"format": 1, "name": "named", "weights": "net.onnx", "network": {"graph": "file"},
            "tasks": [{"name": "score", "kind": "regression", "unit": "points", "prefix": "out"}]}
    (tmp_path / "model.json").write_text(json.dumps(card))
    call("compile", tmp_path, "-o", tmp_path / "net.mtl")
    report = call_json("inspect", tmp_path / "net.mtl", "--json")
    assert report["name"] == "named"
    assert [(task["name"], task["kind"]) for task in report["tasks"]] == [("score", "regression")]
    assert not any("guess" in note for note in report["notes"])


def test_a_guess_stays_one(tmp_path):
    call("compile", write(tmp_path / "net.onnx", unusual()), "-o", tmp_path / "net.mtl")
    assert any("guess" in note for note in call_json("inspect", tmp_path / "net.mtl", "--json")["notes"])


def test_python_save(tmp_path):
    model = mtl_infer.load(ROOT / "models" / "fingers")
    model.save(tmp_path / "saved.mtl")
    picture = numpy.random.default_rng(0).integers(0, 255, (128, 128), dtype=numpy.uint8)
    saved = mtl_infer.load(tmp_path / "saved.mtl")
    for task in ("hand", "count"):
        assert numpy.array_equal(model.run(picture)[task], saved.run(picture)[task])
    with pytest.raises(mtl_infer.errors.MachineError):
        model.save(tmp_path / "no folder" / "saved.mtl")
    assert [entry.name for entry in tmp_path.iterdir()] == ["saved.mtl"]


def test_output_that_cannot_be_written(tmp_path):
    fingers = ROOT / "models" / "fingers"
    refusal("compile", fingers, "-o", tmp_path / "nowhere" / "x.mtl", status=74, part="nowhere")
    refusal("compile", fingers, "-o", tmp_path, status=74, part="cannot be written")
    assert list(tmp_path.iterdir()) == []


def test_replaces_the_file_it_reads(tmp_path):
    """The old file stays mapped while the new one takes its place."""
    path = tmp_path / "net.mtl"
    call("compile", write(tmp_path / "net.onnx", unusual()), "-o", path)
    before = path.read_bytes()
    call("compile", path, "-o", path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("change, problem", [
    (lambda graph: graph.pop("nodes"), "'nodes'"),
    (lambda graph: graph["nodes"][0].update(operator="Nothing"), "no operator"),
    (lambda graph: graph["nodes"][0].update(inputs=[99, 0]), "weights (DequantizeLinear)"),
    (lambda graph: graph["nodes"][0].update(inputs=[7]), "weights (DequantizeLinear)"),
    (lambda graph: graph["nodes"][0].update(outputs=5), "at most"),
    (lambda graph: graph["nodes"][0].update(own_inputs=-1), "own_inputs"),
    (lambda graph: graph["nodes"][2]["attributes"].update(alpha={"integer": 3}), "float"),
    (lambda graph: graph["nodes"][2]["attributes"].update(alpha={"float": "much"}), "is no float"),
    (lambda graph: graph["nodes"][2]["attributes"].update(alpha={"new": 1}), "is no new"),
    (lambda graph: graph["constants"][0].update(tensor="gone"), "gone"),
    (lambda graph: graph["constants"][0].update(type="float64"), "float64"),
    (lambda graph: graph["constants"][0].update(type="quaternion"), "quaternion"),
    (lambda graph: graph["inputs"][0].pop("type"), "no type"),
    (lambda graph: graph["inputs"][0].update(dimensions=[-1, 3]), "dimensions"),
    (lambda graph: graph["inputs"][0].update(dimensions=[1] * 9), "dimensions"),
    (lambda graph: graph["inputs"].append(graph["inputs"][0]), "each name once"),
    (lambda graph: graph["outputs"][0].update(value=-1), "a value of the graph"),
    (lambda graph: graph["outputs"].append(graph["outputs"][0]), "each name once"),
])
def test_changed_graphs_are_refused(tmp_path, change, problem):
    path = tmp_path / "net.mtl"
    call("compile", write(tmp_path / "net.onnx", unusual()), "-o", path)
    members, start = header(path)
    data = path.read_bytes()[start:]
    graph = json.loads(members["__metadata__"]["mtl_infer_graph"])
    change(graph)
    members["__metadata__"]["mtl_infer_graph"] = json.dumps(graph)
    text = json.dumps(members).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    refusal("inspect", path, status=65, part=problem)


def test_graphs_within_graphs_have_an_end(tmp_path):
    """Fifty graphs, each in a node of the one around it."""
    path = tmp_path / "net.mtl"
    call("compile", write(tmp_path / "net.onnx", branches()), "-o", path)
    members, start = header(path)
    data = path.read_bytes()[start:]
    graph = json.loads(members["__metadata__"]["mtl_infer_graph"])
    inner = shallow = graph["nodes"][2]["attributes"]["then_branch"]
    for _ in range(50):
        node = {"name": "n", "operator": "If", "opset": 21, "inputs": [0, 0, 0, 0], "outputs": 1,
                "attributes": {"then_branch": inner, "else_branch": shallow}}
        inner = {"graph": {"inputs": [{"name": "a"}], "outputs": [{"name": "o", "value": 1}], "constants": [],
                           "nodes": [node], "captures": [0, 0]}}
    graph["nodes"][2]["attributes"]["then_branch"] = inner
    members["__metadata__"]["mtl_infer_graph"] = json.dumps(graph)
    text = json.dumps(members).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    refusal("inspect", path, status=65, part="nest")


def test_cut_and_changed_at_every_byte(tmp_path):
    """An error or a model that runs or refuses to: never the end of the process."""
    path = tmp_path / "net.mtl"
    call("compile", write(tmp_path / "net.onnx", unusual()), "-o", path)
    content = path.read_bytes()
    for length in range(1, len(content)):
        with pytest.raises(mtl_infer.errors.MTLError):
            mtl_infer.loads(content[:length])
    x = numpy.ones((1, 3), numpy.float32)
    for position in range(len(content)):
        for change in (1, 0x10):
            damaged = bytearray(content)
            damaged[position] ^= change
            try:
                mtl_infer.loads(bytes(damaged)).run(tensors=x)
            except mtl_infer.errors.MTLError:
                pass
