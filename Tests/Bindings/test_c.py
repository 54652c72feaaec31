"""The C interface under a hostile, a careless and a busy caller: abi_test, one process for each case."""
import json
import re
from pathlib import Path

import numpy
import onnx
import pytest
from bindings_support import ROOT, compiler, run

FOLDER = Path(__file__).parent / "abi_test"
CASES = re.findall(r"CASE\((\w+)\)", (FOLDER / "cases.def").read_text())


@pytest.fixture(scope="module")
def abi_test(library_folder, tmp_path_factory):
    program = tmp_path_factory.mktemp("abi_test") / "abi_test"
    run(compiler("gcc"), "-std=gnu11", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-rdynamic", "-pthread",
        "-I", ROOT / "include", *sorted(FOLDER.glob("*.c")), "-o", program,
        "-L", library_folder, "-lmtl_infer", f"-Wl,-rpath,{library_folder}")
    return program


@pytest.mark.parametrize("case", CASES)
def test_case(case, abi_test, model_path, sample_pgm):
    assert run(abi_test, case, model_path, sample_pgm, timeout=600) == ""


#: Opens the files of the fingers model from memory; refuses an empty batch, which an export may take.
OF_CHECKPOINTS = {"memory_is_released_once", "refused_tensors"}


@pytest.fixture(scope="module")
def exported_model(model_path, tmp_path_factory):
    """A folder with an ONNX file of the fingers model's input and tasks."""
    folder = tmp_path_factory.mktemp("exported")
    random = numpy.random.default_rng(5)
    shapes = {"first": [32, 1, 3, 3], "second": [64, 32, 3, 3], "hand_weight": [64, 2], "count_weight": [64, 6]}
    weights = [onnx.numpy_helper.from_array(random.normal(size=shape).astype("float32"), name)
               for name, shape in shapes.items()]
    node = onnx.helper.make_node
    nodes = [node("Conv", ["image", "first"], ["map"], strides=[2, 2]), node("Relu", ["map"], ["active"]),
             node("Conv", ["active", "second"], ["features"]), node("GlobalAveragePool", ["features"], ["pooled"]),
             node("Flatten", ["pooled"], ["row"])]
    for task in ("hand", "count"):
        nodes += [node("Gemm", ["row", f"{task}_weight"], [f"{task}_logits"]),
                  node("Softmax", [f"{task}_logits"], [task])]
    value = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        nodes, "exported", [value("image", 1, ["batch", 1, 128, 128])],
        [value("hand", 1, ["batch", 2]), value("count", 1, ["batch", 6])], weights)
    onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)]), folder / "model.onnx")
    card = json.loads((model_path / "model.json").read_text())
    tasks = [{**task, "prefix": task["name"]} for task in card["tasks"]]
    card |= {"weights": "model.onnx", "network": {"graph": "file"}, "tasks": tasks}
    (folder / "model.json").write_text(json.dumps(card))
    return folder


@pytest.mark.parametrize("case", [case for case in CASES if case not in OF_CHECKPOINTS])
def test_case_of_an_export(case, abi_test, exported_model, sample_pgm):
    assert run(abi_test, case, exported_model, sample_pgm, timeout=600) == ""


@pytest.mark.parametrize("command", ["g++", "clang++"])
@pytest.mark.parametrize("flags", [[], ["-DMTL_INFER_NO_EXCEPTIONS", "-fno-exceptions"]], ids=["throws", "expected"])
def test_cpp_wrapper(command, flags, library_folder, model_path, tmp_path):
    program = tmp_path / "wrapper_test"
    run(compiler(command), "-std=c++17", *flags, "-I", ROOT / "include", Path(__file__).parent / "wrapper_test.cpp",
        "-o", program, "-L", library_folder, "-lmtl_infer", f"-Wl,-rpath,{library_folder}")
    assert run(program, model_path) == ""
