"""Strings, sequences and optional values of ONNX models."""

import ctypes

import numpy
import pytest

onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper  # noqa: E402

FLOAT, INT64, STRING = TensorProto.FLOAT, TensorProto.INT64, TensorProto.STRING


def model(mtl_infer, nodes, inputs, outputs, tmp_path=None):
    """Opens a model of these nodes; with a folder, from the library's own file."""
    graph = helper.make_graph(nodes, "values", inputs, outputs)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    opened = mtl_infer.loads(made.SerializeToString())
    if tmp_path is None:
        return opened
    opened.save(tmp_path / "model.mtl")
    return mtl_infer.load(tmp_path / "model.mtl")


def tensor(name, type=FLOAT, shape=None):
    return helper.make_tensor_value_info(name, type, shape)


def sequence(name, type=FLOAT):
    return helper.make_value_info(name, helper.make_sequence_type_proto(helper.make_tensor_type_proto(type, None)))


def optional(name, type=FLOAT):
    return helper.make_value_info(name, helper.make_optional_type_proto(helper.make_tensor_type_proto(type, None)))


@pytest.mark.parametrize("saved", [False, True])
def test_texts_come_and_go(mtl_infer, tmp_path, saved):
    nodes = [helper.make_node("Constant", [], ["end"], value_string="\0é\n\"end"),
             helper.make_node("StringConcat", ["x", "end"], ["y"])]
    own = model(mtl_infer, nodes, [tensor("x", STRING, [2, 2])], [tensor("y", STRING, None)], tmp_path if saved else None)
    assert own.inputs[0].dtype == "string"
    texts = numpy.array([["a", ""], ["a longer text than fits into a word", "中文"]])
    for given in (texts, texts.astype(object), numpy.char.encode(texts, "utf-8"), texts.T.copy().T):
        found = own.run(tensors=given)["y"]
        assert found.dtype == object and not found.flags.writeable
        assert found.tolist() == [[text + "\0é\n\"end" for text in row] for row in texts.tolist()]


def test_texts_outlive_their_result(mtl_infer):
    own = model(mtl_infer, [helper.make_node("Identity", ["x"], ["y"])], [tensor("x", STRING, [1])], [tensor("y", STRING, [1])])
    found = own.run(tensors=numpy.array(["a" * 100]))["y"]
    own.close()
    assert found[0] == "a" * 100


def test_wrong_texts(mtl_infer):
    own = model(mtl_infer, [helper.make_node("Identity", ["x"], ["y"])], [tensor("x", STRING, [1])], [tensor("y", STRING, [1])])
    with pytest.raises(mtl_infer.MTLError, match="no UTF-8"):
        own.run(tensors=numpy.array([b"\xff"]))
    with pytest.raises(TypeError):
        own.run(tensors=numpy.array([object()]))
    with pytest.raises(mtl_infer.MTLError, match="expected string, found float32"):
        own.run(tensors=numpy.zeros(1, numpy.float32))


@pytest.mark.parametrize("saved", [False, True])
def test_sequences_come_and_go(mtl_infer, tmp_path, saved):
    nodes = [helper.make_node("SequenceInsert", ["x", "more"], ["y"])]
    own = model(mtl_infer, nodes, [sequence("x"), tensor("more", FLOAT, [2])], [sequence("y")], tmp_path if saved else None)
    assert own.inputs[0].sequence and not own.inputs[1].sequence
    parts = [numpy.ones((2, 3), numpy.float32), numpy.zeros((0,), numpy.float32)]
    more = numpy.array([1, 2], numpy.float32)
    found = own.run(tensors=[parts, more])["y"]
    assert [array.tolist() for array in found] == [parts[0].tolist(), [], [1, 2]]
    assert [array.tolist() for array in own.run(tensors=[[], more])["y"]] == [[1, 2]]


def test_wrong_sequences(mtl_infer):
    own = model(mtl_infer, [helper.make_node("SequenceLength", ["x"], ["y"])], [sequence("x")], [tensor("y", INT64, [])])
    one = numpy.zeros(1, numpy.float32)
    assert own.run(tensors=[[one, one]])["y"] == 2
    with pytest.raises(TypeError, match="list of arrays"):
        own.run(tensors=[one])
    with pytest.raises(ValueError, match="one for each input"):
        own.run(tensors=[[one], [one]])
    with pytest.raises(mtl_infer.MTLError, match="expected a sequence of float32, found one of int64"):
        own.run(tensors=[[numpy.zeros(1, numpy.int64)]])
    with pytest.raises(mtl_infer.MTLError, match="expected tensors of float32, found one of int64"):
        own.run(tensors=[[one, numpy.zeros(1, numpy.int64)]])
    with pytest.raises(mtl_infer.MTLError, match="x: expected a sequence, found an optional value that is not there"):
        own.run(tensors=[None])


@pytest.mark.parametrize("saved", [False, True])
def test_optional_values(mtl_infer, tmp_path, saved):
    nodes = [helper.make_node("OptionalHasElement", ["x"], ["has"]), helper.make_node("Identity", ["x"], ["same"])]
    own = model(mtl_infer, nodes, [optional("x")], [tensor("has", TensorProto.BOOL, []), optional("same")],
                tmp_path if saved else None)
    assert own.inputs[0].optional
    with_value = own.run(tensors=[numpy.ones(2, numpy.float32)])
    assert with_value["has"] and with_value["same"].tolist() == [1, 1]
    without = own.run(tensors=[None])
    assert not without["has"] and without["same"] is None


def test_places_are_checked_when_they_run(mtl_infer):
    nodes = [helper.make_node("SequenceAt", ["x", "index"], ["y"], name="at")]
    own = model(mtl_infer, nodes, [sequence("x"), tensor("index", INT64, [])], [tensor("y")])
    one = numpy.zeros(1, numpy.float32)
    with pytest.raises(mtl_infer.MTLError, match=r"at \(SequenceAt\): index: expected -1 to 0, found 1"):
        own.run(tensors=[[one], numpy.int64(1)])


class TestThroughC:
    """Calls that the Python classes do not make."""

    @pytest.fixture
    def call(self, mtl_infer):
        own = model(mtl_infer, [helper.make_node("SequenceInsert", ["x", "more"], ["y"])],
                    [sequence("x"), tensor("more", FLOAT, [1])], [sequence("y")])
        ffi, library = mtl_infer._ffi, mtl_infer._library.library
        session = own.session()
        numbers = (ctypes.c_float * 1)(3)
        view = ffi.mtl_tensor_view(data=ctypes.addressof(numbers), byte_size=4, dtype=ffi.MTL_FLOAT32, rank=1)
        view.shape[0], view.stride[0] = 1, 4

        def run(*values):
            result, error = ctypes.POINTER(ffi.mtl_result)(), ffi.mtl_error()
            array = (ffi.mtl_value * len(values))(*values)
            status = library.mtl_run_values(
                session._open(), array, len(values), None, ctypes.byref(result), ctypes.byref(error))
            return status, result, error.message.decode()

        run.numbers, run.session, run.view, run.ffi, run.library = numbers, session, view, ffi, library
        return run

    def test_output_is_read_by_element(self, call):
        ffi, library, view = call.ffi, call.library, call.view
        tensors = ctypes.pointer(view)
        status, result, _ = call(ffi.mtl_value(form=ffi.MTL_SEQUENCE, count=1, tensors=tensors),
                                 ffi.mtl_value(form=ffi.MTL_TENSOR, count=1, tensors=tensors))
        assert status == ffi.MTL_OK
        form, count, dtype = ctypes.c_int32(), ctypes.c_uint32(), ctypes.c_int32()
        assert library.mtl_result_form(
            result, 0, ctypes.byref(form), ctypes.byref(count), ctypes.byref(dtype), None) == ffi.MTL_OK
        assert (form.value, count.value, dtype.value) == (ffi.MTL_SEQUENCE, 2, ffi.MTL_FLOAT32)
        assert library.mtl_result_form(result, 0, None, None, None, None) == ffi.MTL_OK
        assert library.mtl_result_form(result, 1, None, None, None, None) == ffi.MTL_NOT_FOUND
        out = ffi.mtl_tensor_view()
        assert library.mtl_result_element(result, 0, 1, ctypes.byref(out), None) == ffi.MTL_OK
        assert ctypes.cast(out.data, ctypes.POINTER(ctypes.c_float))[0] == 3
        assert library.mtl_result_element(result, 0, 2, ctypes.byref(out), None) == ffi.MTL_NOT_FOUND
        assert library.mtl_result_output(result, 0, ctypes.byref(out), None) == ffi.MTL_DTYPE_MISMATCH
        library.mtl_result_release(result)

    @pytest.mark.parametrize("form, count, null", [(0, 0, False), (0, 2, False), (2, 1, False), (3, 1, False),
                                                   (1, 1, True), (1, 2**31, False)])
    def test_values_that_are_none(self, call, form, count, null):
        ffi = call.ffi
        views = (ffi.mtl_tensor_view * 2)(call.view, call.view)
        tensors = None if null else ctypes.cast(views, ctypes.POINTER(ffi.mtl_tensor_view))
        value = ffi.mtl_value(form=form, count=count, tensors=tensors)
        status, _, message = call(value, value)
        assert status == ffi.MTL_INVALID_ARGUMENT and message.startswith("x: ")
        reserved = ffi.mtl_value(form=ffi.MTL_SEQUENCE, reserved=(1, 0))
        assert call(reserved, value)[0] == ffi.MTL_INVALID_ARGUMENT
        assert call(value)[0] == ffi.MTL_INVALID_ARGUMENT


@pytest.mark.parametrize("type", ["i8", "f4", "f2", "u2"])
def test_the_other_byte_order(mtl_infer, type):
    """numpy names both orders alike."""
    kind = helper.np_dtype_to_tensor_dtype(numpy.dtype(type))
    own = model(mtl_infer, [helper.make_node("Identity", ["x"], ["y"])], [tensor("x", kind, [2, 3])],
                [tensor("y", kind, [2, 3])])
    numbers = numpy.arange(6).reshape(2, 3)
    assert own.run(tensors=numbers.astype(">" + type))["y"].tolist() == numbers.tolist()
