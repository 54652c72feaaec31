"""QDQ models: what quantizers write between QuantizeLinear and DequantizeLinear runs on bytes, with the standard's numbers."""

import json
import os
import subprocess

import numpy
import pytest

onnx = pytest.importorskip("onnx")
safetensors = pytest.importorskip("safetensors")
import safetensors.numpy  # noqa: E402
from onnx import helper, numpy_helper  # noqa: E402
from onnx.reference import ReferenceEvaluator  # noqa: E402


class Network:
    """A QDQ network as ONNX Runtime's quantizer writes it: each value goes through a pair of its own."""

    def __init__(self, seed, signed=False, exact=True):
        self.random = numpy.random.default_rng(seed)
        self.type = numpy.int8 if signed else numpy.uint8
        self.exact = exact
        self.nodes, self.constants = [], []

    def constant(self, array):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(numpy.asarray(array), name))
        return name

    def node(self, kind, inputs, **attributes):
        name = f"{kind.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name

    def grid(self):
        """Powers of two keep all sums exact in float32."""
        scale = 2.0 ** self.random.integers(-5, -2) if self.exact else self.random.uniform(0.02, 0.2)
        low = -128 if self.type == numpy.int8 else 0
        return numpy.float32(scale), self.type(self.random.choice([low, low, low + 128, low + 255]))

    def pair(self, value, grid=None):
        parts = [self.constant(part) for part in grid or self.grid()]
        return self.node("DequantizeLinear", [self.node("QuantizeLinear", [value, *parts]), *parts])

    def convolution(self, value, inputs, outputs, kernel=3, per_channel=True, bias=True, group=1, **attributes):
        weights = self.random.integers(-9, 10, (outputs, inputs // group, kernel, kernel)).astype(numpy.int8)
        count = outputs if per_channel else 1
        scales = (2.0 ** self.random.integers(-6, -3, count)).astype(numpy.float32)
        scale = self.constant(scales if per_channel else scales[0])
        axis = {"axis": 0} if per_channel else {}
        zero = self.constant(numpy.zeros(count if per_channel else (), numpy.int8))
        operands = [value, self.node("DequantizeLinear", [self.constant(weights), scale, zero], **axis)]
        if bias:
            whole = self.constant(self.random.integers(-50, 50, outputs).astype(numpy.int32))
            operands.append(self.node("DequantizeLinear", [whole, self.constant(numpy.float32(0.0625))]))
        return self.node("Conv", operands, pads=[kernel // 2] * 4, group=group, **attributes)

    def layer(self, value, inputs, outputs, kind="MatMul", per_column=True, turned=False):
        """Weights as exporters of transformers write them: outputs last, each with a scale of its own."""
        weights = self.random.integers(-9, 10, (outputs, inputs) if turned else (inputs, outputs)).astype(numpy.int8)
        scales = (2.0 ** self.random.integers(-6, -3, outputs)).astype(numpy.float32)
        scale = self.constant(scales if per_column else scales[0])
        axis = {"axis": 0 if turned else 1} if per_column else {}
        operands = [value, self.node("DequantizeLinear", [self.constant(weights), scale], **axis)]
        if kind == "MatMul":
            return self.node(kind, operands)
        bias = self.constant(self.random.integers(-50, 50, outputs).astype(numpy.float32) / 16)
        return self.node(kind, [*operands, bias], transB=int(turned))

    def reshaped(self, value, *shape):
        return self.node("Reshape", [value, self.constant(numpy.array(shape))])

    def number(self, value):
        return self.constant(numpy.float32(value))

    def transposed(self, value, inputs, outputs, kernel=2, group=1, bias=True, **attributes):
        weights = self.random.integers(-9, 10, (inputs, outputs // group, kernel, kernel)).astype(numpy.int8)
        scales = self.constant((2.0 ** self.random.integers(-6, -3, outputs // group)).astype(numpy.float32))
        zero = self.constant(numpy.zeros(outputs // group, numpy.int8))
        operands = [value, self.node("DequantizeLinear", [self.constant(weights), scales, zero], axis=1)]
        if bias:
            whole = self.constant(self.random.integers(-50, 50, outputs).astype(numpy.int32))
            operands.append(self.node("DequantizeLinear", [whole, self.constant(numpy.float32(0.0625))]))
        return self.node("ConvTranspose", operands, group=group, **attributes)

    def model(self, inputs, shape, outputs):
        info = helper.make_tensor_value_info
        graph = helper.make_graph(
            self.nodes, "quantized", [info(inputs, 1, shape)], [info(name, 1, None) for name in outputs], self.constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)], ir_version=9)


def residual(network):
    """A stem of three channels, a residual block, branches that are joined, a depthwise layer and a head of floats."""
    x = network.pair("x")
    stem = network.pair(network.node("Relu", [network.convolution(x, 3, 64, kernel=5, strides=[2, 2])]))
    pooled_grid = network.grid()
    pooled = network.pair(network.node("MaxPool", [network.pair(stem, pooled_grid)], kernel_shape=[2, 2]), pooled_grid)
    inner = network.pair(network.node("Relu", [network.convolution(pooled, 64, 32, kernel=1, per_channel=False)]))
    outer = network.pair(network.convolution(inner, 32, 64, bias=False))
    total = network.pair(network.node("Add", [outer, pooled]))
    shared = network.grid()
    branches = [
        network.pair(network.convolution(total, 64, 64, kernel=1), shared),
        network.pair(network.convolution(total, 64, 20, dilations=[2, 2], kernel=1), shared)]
    joined = network.pair(network.node("Concat", branches, axis=1), shared)
    other = network.pair(network.node("Concat", [total, inner], axis=1))
    deep = network.pair(network.convolution(joined, 84, 84, group=84))
    return ["x"], [network.convolution(deep, 84, 5, kernel=1), network.convolution(other, 96, 7)]


def run(mtl_infer, model, image):
    expected = ReferenceEvaluator(model).run(None, {"x": image})
    found = mtl_infer.loads(model.SerializeToString()).run(tensors=image)
    return [numpy.array(found[name.name]) for name in model.graph.output], expected


@pytest.mark.parametrize("signed", [False, True], ids=["uint8", "int8"])
@pytest.mark.parametrize("seed", range(6))
def test_the_numbers_are_the_standards(mtl_infer, seed, signed):
    network = Network(seed, signed)
    _, outputs = residual(network)
    shape = [2, 3, 22, 18]
    image = numpy.random.default_rng(seed).integers(-64, 64, shape).astype(numpy.float32) / 16
    found, expected = run(mtl_infer, network.model("x", shape, outputs), image)
    for one, other in zip(found, expected):
        numpy.testing.assert_array_equal(one, other)


def check(mtl_infer, network, shape, output):
    image = numpy.random.default_rng(0).integers(-64, 64, shape).astype(numpy.float32) / 16
    (found,), (expected,) = run(mtl_infer, network.model("x", shape, [output]), image)
    numpy.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("channels", [16, 32, 64])
def test_a_part_several_times(mtl_infer, channels):
    network = Network(channels)
    grid = network.grid()
    part = network.pair("x", grid)
    joined = network.pair(network.node("Concat", [part, network.pair(part, grid), part], axis=1), grid)
    check(mtl_infer, network, [1, channels, 7, 9], network.convolution(joined, 3 * channels, 20))


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5])
def test_few_channels_between(mtl_infer, channels):
    """Written by one convolution and read by another, pooled, added and at the end."""
    network = Network(channels)
    narrow = network.pair(network.convolution(network.pair("x"), 20, channels))
    pooled = network.pair(network.node("MaxPool", [narrow], kernel_shape=[2, 2]))
    other = network.pair(network.convolution(pooled, channels, channels, kernel=1))
    total = network.pair(network.node("Add", [other, pooled]))
    check(mtl_infer, network, [1, 20, 9, 11], network.pair(network.convolution(total, channels, channels)))


@pytest.mark.parametrize("group", [1, "each"])
@pytest.mark.parametrize("channels", [3, 20])
def test_a_bias_that_is_computed(mtl_infer, channels, group):
    group = channels if group == "each" else 1
    network = Network(channels)
    x = network.pair("x")
    mean = network.node("Reshape", [network.node("MaxPool", [x], kernel_shape=[4, 4]), network.constant(numpy.array([-1]))])
    weights = network.random.integers(-9, 10, (channels, channels // group, 3, 3)).astype(numpy.int8)
    weight = network.node("DequantizeLinear", [network.constant(weights), network.constant(numpy.float32(0.125))])
    output = network.node("Conv", [x, weight, mean], pads=[1] * 4, group=group)
    check(mtl_infer, network, [1, channels, 4, 4], output)


@pytest.mark.parametrize("seed", range(3))
def test_any_scale_is_off_by_a_step_at_most(mtl_infer, seed):
    """Sums on the border between two steps may round to either; here of a single layer."""
    network = Network(seed, exact=False)
    grid = network.grid()
    output = network.pair(network.convolution(network.pair("x"), 20, 33), grid)
    image = numpy.random.default_rng(seed).standard_normal([1, 20, 15, 17]).astype(numpy.float32)
    (found,), (expected,) = run(mtl_infer, network.model("x", list(image.shape), [output]), image)
    steps = numpy.abs(found - expected) / grid[0]
    assert steps.max() < 1.01 and (steps > 0.5).mean() < 0.002


def planned(model, folder):
    """The kernels of a model's plan."""
    path = folder / "model.onnx"
    onnx.save(model, path)
    done = subprocess.run(
        [os.environ["MTL_INFER_BINARY"], "inspect", str(path), "--plan", "--json"], capture_output=True, text=True, check=True)
    return [step["kernel"] for step in json.loads(done.stdout)["plan"]]


def test_the_plan_is_of_bytes(mtl_infer, tmp_path):
    network = Network(1)
    _, outputs = residual(network)
    kernels = planned(network.model("x", [1, 3, 22, 18], outputs), tmp_path)
    count = lambda text: sum(text in kernel for kernel in kernels)  # noqa: E731
    assert count("int8 convolution") == 8 and count("max pool int8") == 1 and count("add int8") == 1, kernels
    assert count("depthwise int8 convolution") == 1, kernels
    assert not count("reference"), kernels


def bottleneck(network, group, width, channels=64):
    """A residual block in groups, behind a stem, and a head."""
    x = network.pair(network.node("Relu", [network.convolution(network.pair("x"), 3, channels)]))
    inner = network.pair(network.node("Relu", [network.convolution(x, channels, group * width, kernel=1)]))
    wide = network.pair(network.node("Relu", [network.convolution(inner, group * width, group * width, group=group)]))
    total = network.pair(network.node("Add", [network.convolution(wide, group * width, channels, kernel=1, bias=False), x]))
    small = network.pair(network.convolution(total, channels, channels, group=2, strides=[2, 2], dilations=[2, 2]))
    return network.convolution(small, channels, 12, group=4, kernel=1)


@pytest.mark.parametrize("signed", [False, True], ids=["uint8", "int8"])
@pytest.mark.parametrize("group, width", [(32, 4), (16, 8), (8, 16), (4, 32), (3, 64), (2, 24), (5, 14), (7, 3), (2, 96)])
def test_groups(mtl_infer, tmp_path, group, width, signed):
    network = Network(group, signed)
    output = bottleneck(network, group, width)
    check(mtl_infer, network, [2, 3, 11, 13], output)
    kernels = planned(network.model("x", [2, 3, 11, 13], [output]), tmp_path)
    assert sum("grouped int8 convolution" in kernel for kernel in kernels) == 3, kernels


@pytest.mark.parametrize("signed", [False, True], ids=["uint8", "int8"])
@pytest.mark.parametrize("geometry", [
    {"strides": [2, 2]}, {"strides": [2, 2], "kernel": 4, "pads": [1, 1, 1, 1]},
    {"strides": [2, 2], "kernel": 3, "pads": [1, 1, 1, 1], "output_padding": [1, 1]},
    {"strides": [3, 1], "kernel": 2, "bias": False}, {"kernel": 3, "dilations": [2, 3], "pads": [1, 0, 2, 3]},
    {"strides": [2, 2], "kernel": 4, "pads": [1, 1, 1, 1], "group": 80}])
def test_transposed_convolutions(mtl_infer, tmp_path, geometry, signed):
    """To bytes and, at the end, to floats."""
    network = Network(len(geometry), signed)
    x = network.pair(network.node("Relu", [network.convolution(network.pair("x"), 16, 80)]))
    up = network.pair(network.node("Relu", [network.transposed(x, 80, 80, **geometry)]))
    output = network.transposed(network.pair(network.convolution(up, 80, 48, kernel=1)), 48, 3, strides=[2, 2])
    check(mtl_infer, network, [2, 16, 9, 7], output)
    kernels = planned(network.model("x", [2, 16, 9, 7], [output]), tmp_path)
    assert sum("transposed int8 convolution" in kernel for kernel in kernels) == 2, kernels


@pytest.mark.parametrize("rows", [1, 3])
def test_fully_connected_layers(mtl_infer, tmp_path, rows):
    """Behind a flattened mean and behind one another."""
    network = Network(rows)
    grid = network.grid()
    mean = network.pair(network.node("GlobalAveragePool", [network.pair(network.convolution(network.pair("x"), 16, 40))]), grid)
    value = network.pair(network.node("Flatten", [mean]), grid)
    for inputs, outputs in [(40, 33), (33, 5)]:
        weights = network.random.integers(-9, 10, (outputs, inputs)).astype(numpy.int8)
        scales = network.constant((2.0 ** network.random.integers(-6, -3, outputs)).astype(numpy.float32))
        weight = network.node("DequantizeLinear", [network.constant(weights), scales], axis=0)
        bias = network.constant(network.random.integers(-50, 50, outputs).astype(numpy.float32) / 16)
        value = network.pair(network.node("Relu", [network.node("Gemm", [value, weight, bias], transB=1)]))
    check(mtl_infer, network, [rows, 16, 4, 4], value)
    kernels = planned(network.model("x", [rows, 16, 4, 4], [value]), tmp_path)
    assert sum("int8 convolution" in kernel for kernel in kernels) == 3, kernels


def test_saved_weights_lie_in_the_order_of_kernels(mtl_infer, tmp_path):
    """They give the same numbers there, written once more, and in the plain order of older files."""
    network = Network(2)
    _, outputs = residual(network)
    image = numpy.random.default_rng(2).integers(-64, 64, [2, 3, 22, 18]).astype(numpy.float32) / 16
    model = mtl_infer.loads(network.model("x", list(image.shape), outputs).SerializeToString())
    expected = [numpy.array(part) for part in model.run(tensors=image).values()]
    paths = [tmp_path / name for name in ("saved.mtl", "again.mtl", "plain.mtl")]
    model.save(paths[0])
    mtl_infer.load(paths[0]).save(paths[1])
    assert paths[1].read_bytes() == paths[0].read_bytes()
    metadata, tensors = read(paths[0])
    shapes = json.loads(metadata.pop("mtl_infer_blocks"))["shapes"]
    # Those that fill the blocks well enough.
    assert sorted(shapes.values()) == [[32, 64, 1, 1], [64, 64, 1, 1]]
    for name, (outputs, inputs, *kernel) in shapes.items():
        blocks = tensors[name].transpose(0, 4, 1, 3, 5, 2)
        whole = blocks.reshape(blocks.shape[0] * 16, -1, blocks.shape[-1])[:outputs, :inputs]
        tensors[name] = whole.reshape(outputs, inputs, *kernel)
    metadata["mtl_infer"] = json.dumps({**json.loads(metadata["mtl_infer"]), "format": 1})
    safetensors.numpy.save_file({name: numpy.ascontiguousarray(part) for name, part in tensors.items()}, paths[2], metadata)
    for path in paths:
        found = mtl_infer.load(path).run(tensors=image)
        for one, other in zip(found.values(), expected):
            numpy.testing.assert_array_equal(one, other)


def read(path):
    """Metadata and tensors of a safetensors file, without what fills gaps."""
    with safetensors.safe_open(path, "numpy") as file:
        return file.metadata(), {name: file.get_tensor(name) for name in file.keys() if not name.startswith(".padding")}


@pytest.mark.parametrize("per_column", [True, False])
def test_layers_of_tokens(mtl_infer, tmp_path, per_column):
    """A linear layer with and without a bias, either way round, with a pair on each side of what only reshapes."""
    network = Network(int(per_column))
    tokens = network.node("Transpose", [network.reshaped(network.pair(network.convolution(network.pair("x"), 16, 48)), 1, 48, 35)], perm=[0, 2, 1])
    grids = [network.grid() for _ in range(3)]
    tokens = network.pair(tokens, grids[0])
    value = network.pair(network.layer(tokens, 48, 40, per_column=per_column), grids[1])
    value = network.pair(network.reshaped(value, 35, 40), grids[1])
    value = network.pair(network.layer(value, 40, 96, "Gemm", per_column), grids[2])
    value = network.reshaped(value, 1, 35, 96)  # no pair of its own
    other = network.layer(network.reshaped(value, 35, 96), 96, 48, "Gemm", per_column, turned=True)
    total = network.node("Add", [network.pair(network.reshaped(other, 1, 35, 48)), tokens])
    check(mtl_infer, network, [1, 16, 5, 7], total)
    kernels = planned(network.model("x", [1, 16, 5, 7], [total]), tmp_path)
    assert sum("int8 convolution" in kernel for kernel in kernels) == 4, kernels
    assert not any("gemm" in kernel or "reference" in kernel for kernel in kernels), kernels


@pytest.mark.parametrize("kind, turned", [("MatMul", False), ("Gemm", False), ("Gemm", True)])
@pytest.mark.parametrize("per_column", [True, False])
def test_layers_of_rows_that_are_no_tokens(mtl_infer, kind, turned, per_column):
    network = Network(7)
    rows = network.layer(network.pair("x"), 20, 33, kind, per_column, turned)
    check(mtl_infer, network, [40, 20], network.layer(network.pair(rows), 33, 5, kind, per_column, turned))


def test_a_bias_behind_a_layer_of_tokens(mtl_infer, tmp_path):
    """Added between the product and the rounding, as exporters write layers on three axes."""
    network = Network(5)
    image = network.pair(network.convolution(network.pair("x"), 16, 32))
    tokens = network.node("Transpose", [network.reshaped(image, 1, 32, 35)], perm=[0, 2, 1])
    bias = network.constant(network.random.integers(-50, 50, 24).astype(numpy.float32) / 16)
    value = network.pair(network.node("Add", [network.layer(tokens, 32, 24), bias]))
    value = network.layer(value, 24, 20)
    check(mtl_infer, network, [1, 16, 5, 7], value)
    kernels = planned(network.model("x", [1, 16, 5, 7], [value]), tmp_path)
    assert not any(kernel.startswith("add") for kernel in kernels), kernels


def test_more_rows_than_any_image_has(mtl_infer):
    network = Network(6)
    rows = network.node("Expand", ["x", network.constant(numpy.array([2**31, 16]))])
    value = network.layer(network.pair(rows), 16, 16, "Gemm", turned=True)
    turned = network.node("Transpose", [value], perm=[1, 0])
    model = network.model("x", [1, 16], [turned])
    with pytest.raises(mtl_infer.MTLError):
        mtl_infer.loads(model.SerializeToString()).run(tensors=numpy.zeros([1, 16], numpy.float32))


def gelu(network, x):
    inner = network.node("Erf", [network.pair(network.node("Div", [x, network.number(2**0.5)]))])
    sum_ = network.pair(network.node("Add", [network.pair(inner), network.number(1)]))
    return network.node("Mul", [network.pair(network.node("Mul", [x, sum_])), network.number(0.5)])


def silu(network, x):
    return network.node("Mul", [x, network.pair(network.node("Sigmoid", [x]))])


def hard_swish(network, x):
    return network.node("Mul", [network.pair(network.node("HardSigmoid", [x], alpha=1 / 6, beta=0.5)), x])


@pytest.mark.parametrize("function", [gelu, silu, hard_swish])
@pytest.mark.parametrize("signed", [False, True], ids=["uint8", "int8"])
def test_functions_of_bytes_are_looked_up(mtl_infer, tmp_path, function, signed):
    """However many operators and pairs an exporter made of them, and whoever else reads the value."""
    network = Network(3, signed)
    scale, zero = numpy.float32(0.0625), network.type(0 if signed else 128)
    x = network.pair(network.convolution(network.pair("x"), 16, 40), (scale, zero))
    y = network.pair(function(network, x))
    output = network.convolution(network.pair(network.node("Add", [network.pair(network.convolution(y, 40, 40)), x])), 40, 20)
    check(mtl_infer, network, [2, 16, 7, 9], output)
    kernels = planned(network.model("x", [2, 16, 7, 9], [output]), tmp_path)
    assert sum(kernel.startswith("look up int8") for kernel in kernels) == 1 and not any("quantize" in kernel for kernel in kernels[1:-1]), kernels
    assert not any(kernel.startswith(("mul", "multiply", "erf", "sigmoid")) for kernel in kernels), kernels


def test_functions_of_bytes_that_are_kept_as_floats(mtl_infer, tmp_path):
    """No images, and read beside the rounding by somebody else, who sees the numbers before it."""
    network = Network(4)
    x = network.pair("x")
    rounded, bare = gelu(network, x), silu(network, x)
    total = network.node("Add", [network.pair(rounded), network.node("Add", [bare, network.pair(bare)])])
    model = network.model("x", [3, 5, 7], [total])
    image = numpy.random.default_rng(0).standard_normal([3, 5, 7]).astype(numpy.float32)
    (found,), (expected,) = run(mtl_infer, model, image)
    numpy.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)
    kernels = planned(model, tmp_path)
    assert kernels.count("look up") == 2, kernels  # gelu, and the sigmoid of silu


def attention(network, x, images, tokens, heads, depth, bias=None, mask=None):
    """Self-attention as exporters write it, with a pair behind everything, moves included, as quantizers write them."""
    width, wide = heads * depth, (numpy.float32(0.0625), network.type(128 if network.type == numpy.uint8 else 0))
    whole = network.type(0 if network.type == numpy.uint8 else -128)
    joined = network.pair(network.layer(network.reshaped(x, images * tokens, width), width, 3 * width, "Gemm"), wide)
    apart = network.pair(network.reshaped(joined, images, tokens, 3, heads, depth), wide)
    turned = network.pair(network.node("Transpose", [apart], perm=[2, 0, 3, 1, 4]), wide)
    parts = [network.pair(network.node("Gather", [turned, network.constant(numpy.int64(i))], axis=0), wide) for i in range(3)]
    keys = network.pair(network.node("Transpose", [parts[1]], perm=[0, 1, 3, 2]), wide)
    halved = network.pair(network.node("Mul", [parts[0], network.number(0.5)]), (numpy.float32(0.03125), wide[1]))
    scores = network.pair(network.node("MatMul", [halved, keys]), (numpy.float32(0.125), wide[1]))
    if bias is not None:
        near = wide if mask is None else (numpy.float32(1 / 64), wide[1])
        scores = network.pair(network.node("Add", [scores, network.constant(bias)]), near)
    if mask is not None:
        low = network.type(240 if network.type == numpy.uint8 else 112)
        scores = network.pair(network.node("Add", [scores, network.constant(mask)]), (numpy.float32(0.5), low))
    weights = network.pair(network.node("Softmax", [scores], axis=-1), (numpy.float32(1 / 256), whole))
    answer = network.pair(network.node("MatMul", [weights, parts[2]]), wide)
    back = network.pair(network.node("Transpose", [answer], perm=[0, 2, 1, 3]), wide)
    rows = network.pair(network.reshaped(back, images * tokens, width), wide)
    return network.reshaped(network.layer(rows, width, width, "Gemm"), images, tokens, width)


def compare(mtl_infer, model, shape, step):
    """A weight of the softmax that lies between two steps may be rounded either way: few outputs then differ, and little."""
    image = numpy.random.default_rng(0).integers(-64, 64, shape).astype(numpy.float32) / 16
    (found,), (expected,) = run(mtl_infer, model, image)
    assert numpy.abs(found - expected).max() <= step and numpy.mean(found != expected) < 0.01
    assert numpy.std(expected) > step


@pytest.mark.parametrize("signed", [False, True], ids=["uint8", "int8"])
@pytest.mark.parametrize("rows, columns", [(5, 7), (12, 17)])
def test_attention(mtl_infer, tmp_path, rows, columns, signed):
    """Few tokens, and more than the kernel holds at once."""
    network, tokens = Network(8, signed), rows * columns
    x = network.pair(network.convolution(network.pair("x"), 16, 32, kernel=1))
    x = network.node("Transpose", [network.reshaped(x, 2, 32, tokens)], perm=[0, 2, 1])
    y = network.pair(attention(network, network.pair(x, network.grid()), 2, tokens, 4, 8), (numpy.float32(0.125), network.type(3)))
    model = network.model("x", [2, 16, rows, columns], [y])
    compare(mtl_infer, model, [2, 16, rows, columns], 0.25)
    kernels = planned(model, tmp_path)
    assert sum(kernel.startswith("attention") and kernel.endswith("on grids") for kernel in kernels) == 1, kernels
    assert not any(kernel.startswith(("softmax", "matrix product", "slice", "gather")) for kernel in kernels), kernels


def test_attention_in_windows(mtl_infer, tmp_path):
    """Of 4 x 4 pixels, with a bias for each pair of them."""
    network = Network(9)
    x = network.pair(network.convolution(network.pair("x"), 16, 32, kernel=1))
    grid = network.grid()
    x = network.pair(network.node("Transpose", [x], perm=[0, 2, 3, 1]), grid)
    cut = network.pair(network.reshaped(x, 1, 2, 4, 3, 4, 32), grid)
    windows = network.pair(network.node("Transpose", [cut], perm=[0, 1, 3, 2, 4, 5]), grid)
    bias = network.random.integers(-40, 40, [1, 4, 16, 16]).astype(numpy.float32) / 16
    answer = attention(network, network.pair(network.reshaped(windows, 6, 16, 32), grid), 6, 16, 4, 8, bias)
    apart = network.reshaped(network.pair(answer, grid), 1, 2, 3, 4, 4, 32)
    back = network.pair(network.node("Transpose", [network.pair(apart, grid)], perm=[0, 1, 3, 2, 4, 5]), grid)
    y = network.pair(network.node("Add", [network.pair(network.reshaped(back, 1, 8, 12, 32), grid), x]))
    model = network.model("x", [1, 16, 8, 12], [y])
    compare(mtl_infer, model, [1, 16, 8, 12], 0.5)
    kernels = planned(model, tmp_path)
    assert sum(kernel.startswith("window attention") and kernel.endswith("on grids") for kernel in kernels) == 1, kernels
    assert not any(kernel.startswith(("softmax", "matrix product", "slice", "gather")) for kernel in kernels), kernels


@pytest.mark.parametrize("signed", [False, True], ids=["uint8", "int8"])
def test_keys_that_a_mask_hides(mtl_infer, signed):
    """From all queries, behind a rounding to a grid that does not reach so low."""
    network = Network(10, signed)
    x = network.pair(network.convolution(network.pair("x"), 16, 32, kernel=1))
    tokens = network.pair(network.node("Transpose", [network.reshaped(x, 1, 32, 20)], perm=[0, 2, 1]))
    bias = network.random.integers(-8, 8, [1, 4, 20, 20]).astype(numpy.float32) / 16
    mask = numpy.zeros([1, 1, 20, 20], numpy.float32)
    mask[..., 9:] = -100
    y = network.pair(attention(network, tokens, 1, 20, 4, 8, bias, mask), (numpy.float32(0.125), network.type(3)))
    compare(mtl_infer, network.model("x", [1, 16, 4, 5], [y]), [1, 16, 4, 5], 0.25)
