"""mtl-infer compile --precision int8, bf16 and auto: files that run in bytes and bfloat16."""

import json
import struct

import mtl_infer
import numpy
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from support import FINGERS, SAMPLES, call, call_json, outputs, png, refusal

NO_ATTENTIONS = {"bfloat16_attentions": 0, "all_attentions": 0}


def header(path):
    """The members of a safetensors file's header, and where its data begin."""
    content = path.read_bytes()
    length = struct.unpack("<Q", content[:8])[0]
    return json.loads(content[8:8 + length]), 8 + length


def answers(*arguments):
    return [answer["tasks"] for answer in call_json("run", *arguments)]


@pytest.fixture(scope="module")
def fingers(tmp_path_factory):
    """The shipped model in bytes, and what compile said."""
    target = tmp_path_factory.mktemp("quantized") / "fingers.mtl"
    report = call_json("compile", FINGERS, "-o", target, "--precision", "int8", "--calibrate", FINGERS / "samples",
                       "--pictures", 8)
    return target, report


def labels(answer):
    return {task: (value["label"], round(value["confidence"], 1)) for task, value in answer.items()}


def test_answers_are_those_of_floats(fingers):
    target, report = fingers
    assert report["precision"] == "int8"
    assert report["quantization"] == {"values": 4, "layers": 4, "bfloat16_layers": 0, "all_layers": 5} | NO_ATTENTIONS
    floats = answers(FINGERS, *SAMPLES)
    whole = answers(target, *SAMPLES)
    assert [labels(answer) for answer in whole] == [labels(answer) for answer in floats]
    assert whole != floats


def test_weights_take_a_fourth(fingers):
    target, _ = fingers
    members, start = header(target)
    sizes = {name: member["dtype"] for name, member in members.items() if name != "__metadata__"}
    assert [name for name in sizes if sizes[name] == "I8"] == [
        f"encoder.{layer}.weight" for layer in (3, 7, 9, 12)]
    table = json.loads(members["__metadata__"]["mtl_infer_quantization"])
    assert len(table["values"]) == 4 and set(table["steps"]) == {name for name in sizes if sizes[name] == "I8"}
    assert target.stat().st_size < (FINGERS / "best.pt").stat().st_size - 1_850_000
    assert start % 64 == 0


def test_weights_lie_in_the_order_of_kernels(tmp_path, fingers):
    """Which older files do not have: the plain order gives the same answers."""
    target, _ = fingers
    members, start = header(target)
    metadata, data = members.pop("__metadata__"), target.read_bytes()[start:]
    shapes = json.loads(metadata.pop("mtl_infer_blocks"))["shapes"]
    assert shapes and set(shapes) <= set(json.loads(metadata["mtl_infer_quantization"])["steps"])
    card = json.loads(metadata["mtl_infer"])
    assert card["format"] == 2
    plain, tensors = {"__metadata__": {**metadata, "mtl_infer": json.dumps({**card, "format": 1})}}, b""
    for name, member in members.items():
        content = data[slice(*member["data_offsets"])]
        if name in shapes:
            outputs, inputs, *kernel = shapes[name]
            blocks = numpy.frombuffer(content, numpy.int8).reshape(member["shape"]).transpose(0, 4, 1, 3, 5, 2)
            whole = blocks.reshape(blocks.shape[0] * 16, -1, blocks.shape[-1])[:outputs, :inputs]
            content, member = whole.tobytes(), {**member, "shape": shapes[name]}
        plain[name] = {**member, "data_offsets": [len(tensors), len(tensors) + len(content)]}
        tensors += content
    text = json.dumps(plain).encode()
    (tmp_path / "plain.mtl").write_bytes(struct.pack("<Q", len(text)) + text + tensors)
    assert answers(tmp_path / "plain.mtl", *SAMPLES) == answers(target, *SAMPLES)
    call("compile", tmp_path / "plain.mtl", "-o", tmp_path / "again.mtl")
    assert (tmp_path / "again.mtl").read_bytes() == target.read_bytes()


def test_inspect(fingers):
    target, _ = fingers
    assert "int8: 4 values, 4 of 5 convolutions" in call("inspect", target)
    report = call_json("inspect", target)
    assert report["precision"] == "int8" and report["quantization"]["layers"] == 4
    assert not any("steps" in key for key in report["ignored_keys"])
    plain = call_json("inspect", target, "--precision", "fp32")
    assert plain["precision"] == "fp32" and "quantization" not in plain
    assert call_json("inspect", FINGERS)["precision"] == "fp32"
    assert call_json("bench", target, "--runs", 1)["precision"] == "int8"


def test_floats_of_the_same_file(tmp_path, fingers):
    """--precision fp32 runs the rounded weights in floats; a file made of that is a plain one of the same answers."""
    target, _ = fingers
    rounded = answers(target, *SAMPLES[:4], "--precision", "fp32")
    assert rounded not in (answers(target, *SAMPLES[:4]), answers(FINGERS, *SAMPLES[:4]))
    call("compile", target, "-o", tmp_path / "floats.mtl", "--precision", "fp32")
    assert answers(tmp_path / "floats.mtl", *SAMPLES[:4]) == rounded
    assert "mtl_infer_quantization" not in header(tmp_path / "floats.mtl")[0]["__metadata__"]


def test_written_again_it_is_the_same(tmp_path, fingers):
    target, _ = fingers
    call("compile", target, "-o", tmp_path / "again.mtl")
    assert (tmp_path / "again.mtl").read_bytes() == target.read_bytes()


def test_groups_and_transposed_layers(tmp_path):
    """Weights of transposed layers, whose steps do not go by rows, lie in the file as floats."""
    random = numpy.random.default_rng(4)
    weight = lambda *shape: random.standard_normal(shape).astype(numpy.float32) / 6  # noqa: E731
    nodes = [
        helper.make_node("Conv", ["x", "w1"], ["c1"], name="first", pads=[1, 1, 1, 1]),
        helper.make_node("Conv", ["c1", "w2", "b2"], ["c2"], name="grouped", pads=[1, 1, 1, 1], group=8),
        helper.make_node("Relu", ["c2"], ["r2"], name="relu"),
        helper.make_node("ConvTranspose", ["r2", "w3", "b3"], ["y"], name="up", strides=[2, 2], group=2)]
    constants = [numpy_helper.from_array(array, name) for name, array in (
        ("w1", weight(32, 3, 3, 3)), ("w2", weight(48, 4, 3, 3)), ("b2", weight(48)), ("w3", weight(48, 5, 2, 2)),
        ("b3", weight(10)))]
    graph = helper.make_graph(
        nodes, "net", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, 12, 12])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)], constants)
    source, target = tmp_path / "net.onnx", tmp_path / "net.mtl"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(source))
    report = call_json(
        "compile", source, "-o", target, "--precision", "int8", "--calibrate", arrays(tmp_path / "x.npy"))
    assert report["quantization"] == {"values": 3, "layers": 3, "bfloat16_layers": 0, "all_layers": 3} | NO_ATTENTIONS
    members, _ = header(target)
    assert [members[name]["dtype"] for name in ("w1", "w2", "w3")] == ["I8", "I8", "F32"]
    steps = [step["kernel"] for step in call_json("inspect", target, "--plan")["plan"]]
    assert any("grouped int8 convolution" in step and "relu to bytes" in step for step in steps), steps
    assert any("transposed int8 convolution" in step for step in steps), steps
    call("compile", target, "-o", tmp_path / "again.mtl")
    x = numpy.random.default_rng(9).standard_normal((2, 3, 12, 12)).astype(numpy.float32)
    with (mtl_infer.load(source) as exact, mtl_infer.load(target) as rounded,
          mtl_infer.load(tmp_path / "again.mtl") as again):
        wanted, found = exact.run(tensors=x)["y"], rounded.run(tensors=x)["y"]
        assert numpy.array_equal(again.run(tensors=x)["y"], found)
        assert 0 < numpy.abs(wanted - found).max() < 0.05 * numpy.abs(wanted).max()


def test_bfloat16(tmp_path, monkeypatch):
    """Weights of 16 bits; values, too, where the processor has instructions for them, or the scalar kernels run."""
    target = tmp_path / "fingers.mtl"
    report = call_json("compile", FINGERS, "-o", target, "--precision", "bf16")
    assert report["precision"] == "bf16" and report["quantization"]["bfloat16_layers"] == 4
    members, _ = header(target)
    assert members["encoder.3.weight"]["dtype"] == "BF16" and members["encoder.0.weight"]["dtype"] == "F32"
    assert target.stat().st_size < (FINGERS / "best.pt").stat().st_size - 1_300_000
    assert "bf16: 4 of 5 convolutions" in call("inspect", target)
    assert not call_json("inspect", target)["ignored_keys"]
    call("compile", target, "-o", tmp_path / "again.mtl")
    assert (tmp_path / "again.mtl").read_bytes() == target.read_bytes()
    refusal("run", target, SAMPLES[0], "--precision", "int8", status=65, part="compile --precision int8")
    some = SAMPLES[:2]
    monkeypatch.setenv("MTL_ISA", "scalar")
    exact, rounded = answers(FINGERS, *some), answers(target, *some)
    assert [labels(answer) for answer in rounded] == [labels(answer) for answer in exact] and rounded != exact
    direct = answers(FINGERS, *some, "--precision", "bf16")
    assert [labels(answer) for answer in direct] == [labels(answer) for answer in exact]
    for model in ((target,), (FINGERS, "--precision", "bf16")):
        steps = call_json("inspect", *model, "--plan")["plan"]
        assert sum("bf16 convolution" in step["kernel"] for step in steps) == 4


def test_bfloat16_of_onnx(tmp_path):
    source, target = network(tmp_path / "net.onnx"), tmp_path / "net.mtl"
    report = call_json("compile", source, "-o", target, "--precision", "bf16")
    assert report["quantization"] == {"values": 0, "layers": 0, "bfloat16_layers": 1, "all_layers": 2} | NO_ATTENTIONS
    members, _ = header(target)
    assert (members["w1"]["dtype"], members["w2"]["dtype"]) == ("F32", "BF16")
    x = numpy.random.default_rng(9).standard_normal((2, 3, 12, 12)).astype(numpy.float32)
    with mtl_infer.load(source) as exact, mtl_infer.load(target) as rounded:
        for task in exact.tasks:
            wanted, found = exact.run(tensors=x)[task.name], rounded.run(tensors=x)[task.name]
            assert numpy.abs(wanted - found).max() < 0.01 * numpy.abs(wanted).max()


def test_python_gives_the_same(fingers):
    target, _ = fingers
    pixels = numpy.random.default_rng(3).integers(0, 256, (128, 128), dtype=numpy.uint8)
    path = target.parent / "noise.png"
    path.write_bytes(png(pixels))
    files = outputs(target.parent / "out", target, path)
    with mtl_infer.load(target) as model:
        for task in ("hand", "count"):
            assert numpy.array_equal(model.run(pixels)[task].ravel(), files[f"noise.png.{task}"].ravel())


def network(path, channels=16, shared=False, inputs=3):
    """x - conv - relu - conv - y, and the relu's mean; `shared` reads the second weight elsewhere, too."""
    random = numpy.random.default_rng(1)
    weight = lambda *shape: random.standard_normal(shape).astype(numpy.float32) / 6  # noqa: E731
    nodes = [
        helper.make_node("Conv", ["x", "w1", "b1"], ["c1"], name="first", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c1"], ["r1"], name="relu"),
        helper.make_node("Conv", ["r1", "w2"], ["y"], name="second"),
        helper.make_node("GlobalAveragePool", ["r1"], ["mean"], name="average"),
    ]
    ends = ["y", "mean"]
    if shared:
        nodes.append(helper.make_node("ReduceSum", ["w2"], ["sum"], name="sum", keepdims=0))
        nodes.append(helper.make_node("Mul", ["mean", "sum"], ["product"], name="product"))
        ends[1] = "product"
    constants = [
        numpy_helper.from_array(array, name) for name, array in
        (("w1", weight(channels, inputs, 3, 3)), ("b1", weight(channels)), ("w2", weight(8, channels, 1, 1)))]
    graph = helper.make_graph(
        nodes, "net", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", inputs, 12, 12])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ends], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, str(path))
    return path


def arrays(path, count=16, shape=(3, 12, 12)):
    numpy.save(path, numpy.random.default_rng(7).standard_normal((count, *shape)).astype(numpy.float32))
    return path


@pytest.mark.parametrize("shared", [False, True], ids=["own weights", "weights read elsewhere"])
def test_onnx(tmp_path, shared):
    """Graphs are quantized when their shapes are known; weights that something else reads stay floats in the file."""
    source, target = network(tmp_path / "net.onnx", shared=shared), tmp_path / "net.mtl"
    report = call_json("compile", source, "-o", target, "--precision", "int8", "--calibrate",
                       arrays(tmp_path / "x.npy"))
    # The colour picture is one of the values.
    assert report["quantization"] == {"values": 2, "layers": 2, "bfloat16_layers": 0, "all_layers": 2} | NO_ATTENTIONS
    members, _ = header(target)
    assert members["w2"]["dtype"] == ("F32" if shared else "I8")
    x = numpy.random.default_rng(9).standard_normal((2, 3, 12, 12)).astype(numpy.float32)
    with mtl_infer.load(source) as exact, mtl_infer.load(target) as whole:
        names = [task.name for task in exact.tasks]
        wanted, found = exact.run(tensors=x), whole.run(tensors=x)
        for name in names:
            assert not numpy.array_equal(wanted[name], found[name])
            assert numpy.abs(wanted[name] - found[name]).max() < 0.03 * numpy.abs(wanted[name]).max()
        # A part of the tasks is rounded as the whole is.
        for name in names:
            assert numpy.array_equal(whole.run(tensors=x, tasks=[name])[name], found[name])
        # Written again, weights of bytes are what the graph's own nodes dequantize.
        again, third = tmp_path / "again.mtl", tmp_path / "third.mtl"
        call("compile", target, "-o", again)
        call("compile", again, "-o", third)
        assert again.read_bytes() == third.read_bytes()
        with mtl_infer.load(again) as same:
            for name in names:
                assert numpy.array_equal(same.run(tensors=x)[name], found[name])


def test_bench_gives_a_model_the_input_that_it_wants(tmp_path):
    report = call_json("bench", network(tmp_path / "five.onnx", inputs=5), "--runs", 1, "--layers")
    assert report["whole"]["runs"] == 1 and len(report["layers"]) >= 3


def test_what_cannot_be_calibrated(tmp_path):
    net, target = network(tmp_path / "net.onnx"), tmp_path / "net.mtl"
    good = arrays(tmp_path / "x.npy")

    def refused(model, data, status, part, *more):
        refusal("compile", model, "-o", target, "--precision", "int8", "--calibrate", data, *more, status=status,
                part=part)
        assert not target.exists()

    refusal("compile", net, "-o", target, "--precision", "int8", status=64, part="--calibrate")
    refusal("compile", net, "-o", target, "--calibrate", good, status=64, part="int8")
    refusal("compile", net, "-o", target, "--pictures", 3, status=64, part="--calibrate")
    refusal("compile", net, "-o", target, "--precision", "int4", status=64, part="int4")
    refused(net, good, 64, "at least 1", "--pictures", 0)
    refused(net, tmp_path / "nothing", 74, "nothing")
    refused(net, tmp_path / "nothing.npy", 74, "nothing.npy")
    (tmp_path / "empty").mkdir()
    refused(net, tmp_path / "empty", 65, "has no pictures")
    refused(net, arrays(tmp_path / "wrong.npy", shape=(3, 12, 11)), 65, "expected Nx3x12x12")
    refused(net, arrays(tmp_path / "flat.npy", shape=(12,)), 65, "expected Nx3x12x12")
    refused(net, arrays(tmp_path / "none.npy", count=0), 65, "at least 1")
    refused(FINGERS, good, 65, "expected Nx1x?x? numbers")
    refused(FINGERS, arrays(tmp_path / "small.npy", shape=(1, 5, 5)), 65, "window")
    broken = numpy.load(good)
    broken[5, 1, 2, 3] = numpy.nan
    numpy.save(tmp_path / "nan.npy", broken)
    refused(net, tmp_path / "nan.npy", 65, "array 5 of 16")
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "a.png").write_bytes(b"no picture")
    refused(FINGERS, tmp_path / "pictures", 65, "a.png")
    thin = network(tmp_path / "thin.onnx", channels=8, inputs=5)
    refused(thin, arrays(tmp_path / "five.npy", shape=(5, 12, 12)), 65, "16 channels")
    refusal("run", FINGERS, SAMPLES[0], "--precision", "int8", status=65, part="compile --precision int8")
    refusal("inspect", net, "--precision", "int8", status=65, part="compile --precision int8")


def test_auto(tmp_path):
    """A budget of nothing leaves all in floats, one of everything all in bytes; the table is that of the layers."""
    net, data = network(tmp_path / "net.onnx"), arrays(tmp_path / "x.npy")

    def search(budget):
        return call_json("compile", net, "-o", tmp_path / "net.mtl", "--precision", "auto", "--calibrate", data,
                         "--budget", budget)

    strict = search("y=0,mean=0%")
    assert "quantization" not in strict and strict["precision"] == "fp32"
    assert [(layer["name"], layer["precision"]) for layer in strict["search"]["layers"]] == [
        ("first", "fp32"), ("second", "fp32")]
    assert [task["error"] for task in strict["search"]["tasks"]] == [0, 0]
    assert strict["search"]["tasks"][0]["error_of_all"] > 0
    loose = search("y=5,mean=5")
    assert loose["quantization"]["layers"] == 2 and loose["precision"] == "int8"
    costs = [layer["errors"]["y"] for layer in loose["search"]["layers"]]
    assert all(0 < cost <= 5 for cost in costs)
    # What is beyond a budget in bytes is raised to bf16 first.
    middle = search(f"y={min(costs) / 2 + 0.1},mean=5")
    assert [layer["precision"] for layer in middle["search"]["layers"]] in (["int8", "bf16"], ["fp32", "bf16"])
    assert middle["quantization"]["bfloat16_layers"] == 1
    text = call("compile", net, "-o", tmp_path / "net.mtl", "--precision", "auto", "--calibrate", data)
    assert "second" in text and "budget" in text and "int8: 1 values, 1 of 2 convolutions" in text
    for budget, part in (("y", "--budget"), ("y=-1", "--budget"), ("y=much", "--budget"), ("z=1", "'z'")):
        refusal("compile", net, "-o", tmp_path / "no.mtl", "--precision", "auto", "--calibrate", data,
                f"--budget={budget}", status=64, part=part)
    refusal("compile", net, "-o", tmp_path / "no.mtl", "--precision", "int8", "--calibrate", data, "--budget", "y=1",
            status=64, part="auto")
    refusal("compile", net, "-o", tmp_path / "no.mtl", "--precision", "auto", status=64, part="--calibrate")


@pytest.mark.parametrize("change, problem", [
    (lambda table: table["values"].update(elsewhere={"scale": 0.1, "zero_point": 0}), "'elsewhere'"),
    (lambda table: table["values"]["relu"].update(scale=-1), "values.relu"),
    (lambda table: table["values"]["relu"].update(zero_point=256), "values.relu"),
    (lambda table: table["corrections"].update(second="b1"), "'b1'"),
    (lambda table: table["corrections"].update(second=[0.1] * 7), "8 finite numbers"),
    (lambda table: table["corrections"].update(second=["a"]), "corrections.second"),
    (lambda table: table["corrections"].update(second="nowhere"), "corrections.second"),
    (lambda table: table["corrections"].update(second="w2"), "corrections.second"),
    (lambda table: table["float_layers"].append("third"), "'third'"),
    (lambda table: table["float_layers"].append(3), "float_layers"),
    (lambda table: table["steps"].update(w2="w1"), "steps.w2"),
    (lambda table: table["steps"].update(b1=".steps.0"), "steps.b1"),
    (lambda table: table.update(bfloat16=["w1"]), "bfloat16"),
    (lambda table: table.update(bfloat16="w1"), "bfloat16"),
    (lambda table: table["steps"].update(nowhere=".steps.0"), "steps.nowhere"),
])
def test_changed_tables_are_refused(tmp_path, change, problem):
    path = tmp_path / "net.mtl"
    call("compile", network(tmp_path / "net.onnx"), "-o", path, "--precision", "int8", "--calibrate",
         arrays(tmp_path / "x.npy"))
    members, start = header(path)
    data = path.read_bytes()[start:]
    table = json.loads(members["__metadata__"]["mtl_infer_quantization"])
    change(table)
    members["__metadata__"]["mtl_infer_quantization"] = json.dumps(table)
    text = json.dumps(members).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    refusal("run", path, "--input", f"x={arrays(tmp_path / 'one.npy', 1)}", "--out", tmp_path / "out", status=65,
            part=problem)


def test_cut_and_changed_at_many_bytes(tmp_path):
    """An error, or a model that runs or refuses to: never the end of the process."""
    path = tmp_path / "net.mtl"
    call("compile", network(tmp_path / "net.onnx"), "-o", path, "--precision", "int8", "--calibrate",
         arrays(tmp_path / "x.npy"))
    content = path.read_bytes()
    x = numpy.ones((1, 3, 12, 12), numpy.float32)
    for position in range(0, len(content), 3):
        damaged = bytearray(content)
        damaged[position] ^= 0x11
        try:
            mtl_infer.loads(bytes(damaged)).run(tensors=x)
        except mtl_infer.errors.MTLError:
            pass
