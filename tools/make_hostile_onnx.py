"""Writes the files of Tests/Hostile/onnx. Needs the onnx package; the stories are in Tests/Hostile/README.md."""

from pathlib import Path

from onnx import AttributeProto, TensorProto, helper

FOLDER = Path(__file__).resolve().parent.parent / "Tests" / "Hostile" / "onnx"
IMAGE = [1, 2, 8, 8]


def model(nodes, inputs=None, outputs=None, constants=(), functions=(), opset=17):
    """A model of float32 values."""
    inputs = inputs or [("x", IMAGE)]
    outputs = outputs or [("y", None)]
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs], list(constants))
    imports = [helper.make_opsetid("", opset), helper.make_opsetid("own", 1)]
    return helper.make_model(graph, opset_imports=imports, functions=list(functions), ir_version=8)


def node(operation, inputs=("x",), outputs=("y",), **attributes):
    return helper.make_node(operation, list(inputs), list(outputs), name=f"the_{operation}", **attributes)


def constant(name, shape, values):
    return helper.make_tensor(name, TensorProto.FLOAT, shape, values)


def external(location, offset=0, length=4 * 4):
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[4], data_location=TensorProto.EXTERNAL)
    for key, value in {"location": location, "offset": str(offset), "length": str(length)}.items():
        tensor.external_data.add(key=key, value=value)
    return model([node("Add", ("x", "w"))], [("x", [4])], constants=[tensor])


def attribute(name, kind, **fields):
    return AttributeProto(name=name, type=kind, **fields)


def with_attribute(operation, inputs, *attributes, **options):
    made = node(operation, inputs)
    made.attribute.extend(attributes)
    return model([made], **options)


def field(number, content):
    """A field of a message, in bytes: what the package itself would not write."""
    length, prefix = len(content), b""
    while length > 127:
        prefix += bytes([length & 127 | 128])
        length >>= 7
    return bytes([number << 3 | 2]) + prefix + bytes([length]) + content


def nested(depth):
    """Graphs in attributes of nodes of graphs."""
    graph = b""
    for _ in range(depth):
        graph = field(1, field(5, field(6, graph)))
    return b"\x08\x08" + field(7, graph)


def loop(turns):
    value = helper.make_tensor_value_info
    body = helper.make_graph(
        [node("Identity", ("go",), ("go_on",)), node("Relu", ("v",), ("w",))], "body",
        [value("i", TensorProto.INT64, []), value("go", TensorProto.BOOL, []), value("v", TensorProto.FLOAT, None)],
        [value("go_on", TensorProto.BOOL, []), value("w", TensorProto.FLOAT, None)])
    count = helper.make_tensor("count", TensorProto.INT64, [], [turns])
    return model([node("Loop", ("count", "", "x"), body=body)], [("x", [2])], constants=[count])


def function(name, calls):
    return helper.make_function(
        "own", name, ["a"], ["b"], [helper.make_node(calls, ["a"], ["b"], domain="own")], [helper.make_opsetid("own", 1)])


def sparse(name, count):
    """`count` zeros, written down as the first of them."""
    return helper.make_sparse_tensor(constant(name, [1], [0.0]), helper.make_tensor("at", TensorProto.INT64, [1], [0]), [count])


CALL = helper.make_node("F", ["x"], ["y"], domain="own", name="the_call")
WEIGHT = constant("w", [3, 2, 3, 3], [0.0] * 54)
FILES = {
    "cycle": model([node("Relu", ("b",), ("a",)), node("Relu", ("a",), ("b",)), node("Add", ("x", "b"))]),
    "missing_input": model([node("Add", ("x", "nowhere"))]),
    "duplicate_output": model([node("Relu", ("x",), ("y",)), node("Tanh", ("x",), ("y",))]),
    "unknown_operator": model([node("Transmogrify")]),
    "missing_output": model([node("Relu", ("x",), ("z",))]),
    "function_recursive": model([CALL], functions=[function("F", "G"), function("G", "F")]),
    "deep_branches": nested(200),
    "attribute_type": with_attribute("Conv", ("x", "w"), attribute("strides", AttributeProto.FLOAT, f=2), constants=[WEIGHT]),
    "attribute_arity": with_attribute(
        "Conv", ("x", "w"), attribute("strides", AttributeProto.INTS, ints=[1]), constants=[WEIGHT]),
    "zero_stride": with_attribute(
        "Conv", ("x", "w"), attribute("strides", AttributeProto.INTS, ints=[0, 1]), constants=[WEIGHT]),
    "two_ellipses": with_attribute(
        "Einsum", ("x",), attribute("equation", AttributeProto.STRING, s=b"...ii...->i")),
    "negative_pads": with_attribute(
        "Conv", ("x", "w"), attribute("pads", AttributeProto.INTS, ints=[-1, 0, 0, 0]), constants=[WEIGHT]),
    "huge_kernel": with_attribute(
        "MaxPool", ("x",), attribute("kernel_shape", AttributeProto.INTS, ints=[2**40, 2**40])),
    "huge_tensor": model([node("Add", ("x", "w"))], constants=[TensorProto(
        name="w", data_type=TensorProto.FLOAT, dims=[2**20, 2**20], raw_data=b"\0\0\0\0")]),
    "dimensions_overflow": model([node("Add", ("x", "w"))], constants=[TensorProto(
        name="w", data_type=TensorProto.FLOAT, dims=[2**32, 2**32, 2**32], raw_data=b"")]),
    "negative_dimension": model([node("Add", ("x", "w"))], constants=[TensorProto(
        name="w", data_type=TensorProto.FLOAT, dims=[-4], raw_data=b"\0" * 16)]),
    "sparse_sum": helper.make_model(helper.make_graph(
        [node("Add", ("v", "w"))], "g", [], [], sparse_initializer=[sparse("v", 2**10), sparse("w", 2**26)])),
    "string_tensor": model([node("Add", ("x", "w"))], constants=[TensorProto(
        name="w", data_type=TensorProto.STRING, dims=[1], string_data=[b"a"])]),
    "unknown_type": model([node("Add", ("x", "w"))], constants=[TensorProto(name="w", data_type=99, dims=[1], raw_data=b"a")]),
    "external_parent": external("../outside.bin"),
    "external_absolute": external("/etc/passwd"),
    "external_missing": external("nothing.bin"),
    "external_past_end": external("data.bin", offset=8),
    "external_negative": external("data.bin", offset=-16),
    "external_link": external("link.bin"),
    "endless_loop": loop(2**62),
}


def main():
    FOLDER.mkdir(exist_ok=True)
    for name, made in FILES.items():
        content = made if isinstance(made, bytes) else made.SerializeToString()
        (FOLDER / f"{name}.onnx").write_bytes(content)
    (FOLDER / "data.bin").write_bytes(b"\0" * 16)
    link = FOLDER / "link.bin"
    if not link.is_symlink():
        link.symlink_to("data.bin")


if __name__ == "__main__":
    main()
