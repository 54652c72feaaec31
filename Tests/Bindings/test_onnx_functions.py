"""Functions that an ONNX model brings along."""

import numpy
import pytest

onnx = pytest.importorskip("onnx")
from onnx import helper  # noqa: E402


@pytest.mark.parametrize("given, slope", [({}, 0.5), ({"slope": 0.25}, 0.25)], ids=["default", "given"])
def test_default_of_an_attribute(mtl_infer, given, slope):
    """A node without the attribute has the function's default, not the one of the operator that the function uses."""
    body = helper.make_node("LeakyRelu", ["a"], ["b"])
    body.attribute.append(onnx.AttributeProto(name="alpha", ref_attr_name="slope", type=onnx.AttributeProto.FLOAT))
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)]
    function = helper.make_function(
        "own", "Leaky", ["a"], ["b"], [body], opsets[:1], attribute_protos=[helper.make_attribute("slope", 0.5)])
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("Leaky", ["x"], ["y"], domain="own", **given)], "leaky", [value("x", 1, [2])],
        [value("y", 1, [2])])
    model = helper.make_model(graph, functions=[function], opset_imports=opsets, ir_version=9)
    result = mtl_infer.loads(model.SerializeToString()).run(tensors=[numpy.array([-1, 2], numpy.float32)])
    numpy.testing.assert_allclose(result["y"], [-slope, 2])
