"""The ONNX backend suite, run through the Python binding.

    MTL_INFER_LIBRARY=.build/release/libmtl_infer.so python Tests/Conformance/onnx_backend.py [--only GLOB] [--compiled]

Needs the onnx package, whose tests it generates. `onnx_skips.json` lists what the library does not do, each with its
reason; a skipped test that passes is reported as a stale line.
"""
import argparse
import collections
import fnmatch
import json
import sys
import tempfile
import time
from pathlib import Path

import numpy
import onnx
import onnx.backend.test
from onnx import numpy_helper
from onnx.backend.test import loader

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bindings" / "python"))
import mtl_infer  # noqa: E402

SUITES = ["node", "simple", "pytorch-operator", "pytorch-converted", "light"]
SKIPS = Path(__file__).with_name("onnx_skips.json")


class Refused(Exception):
    """The model was refused when it was opened."""


def data_of(case):
    """Pairs of inputs and expected outputs of a test, as arrays or other Python values."""
    if case.data_sets:
        return case.data_sets
    folder = Path(case.model_dir)
    sets = []
    for data in sorted(folder.glob("test_data_set_*")):
        model = onnx.load(folder / "model.onnx", load_external_data=False)
        sets.append(tuple(
            [read(path, value.type) for path, value in zip(sorted(data.glob(f"{kind}_*.pb"), key=number), values)]
            for kind, values in (("input", model.graph.input), ("output", model.graph.output))))
    return sets


def number(path):
    return int(path.stem.split("_")[-1])


def read(path, type=None):
    """A value in a file: a tensor, if it is not declared to be something else."""
    kind = None if type is None else type.WhichOneof("value")
    if kind == "sequence_type":
        sequence = onnx.SequenceProto()
        sequence.ParseFromString(path.read_bytes())
        return numpy_helper.to_list(sequence)
    if kind == "optional_type":
        optional = onnx.OptionalProto()
        optional.ParseFromString(path.read_bytes())
        return numpy_helper.to_optional(optional)
    tensor = onnx.TensorProto()
    tensor.ParseFromString(path.read_bytes())
    return numpy_helper.to_array(tensor)


def to_value(value):
    """As the binding takes and gives it: an array, a list of arrays, or None."""
    if isinstance(value, onnx.TensorProto):
        return numpy_helper.to_array(value)
    if isinstance(value, list):
        return [to_value(element) for element in value]
    return None if value is None else numpy.asarray(value)


def run_case(case, compiled=False):
    """Raises what went wrong. With `compiled`, the model runs from the library's own file."""
    with tempfile.TemporaryDirectory() as folder:
        if case.model is not None:
            path = Path(folder) / "model.onnx"
            path.write_bytes(case.model.SerializeToString())
        else:
            path = Path(case.model_dir) / "model.onnx"
        try:
            model = mtl_infer.load(path)
            if compiled:
                model.save(Path(folder) / "model.mtl")
                model = mtl_infer.load(Path(folder) / "model.mtl")
        except mtl_infer.MTLError as error:
            raise Refused(str(error)) from error
        outputs = [output.name for output in model.tasks]
        for inputs, expected in data_of(case):
            result = model.run(tensors=[to_value(value) for value in inputs])
            for name, wanted in zip(outputs, expected):
                compare(name, result[name], to_value(wanted), case)


def compare(name, found, wanted, case):
    if type(found) is not type(wanted):
        raise AssertionError(f"{name}: expected {type(wanted)}, found {type(found)}")
    if wanted is None:
        return
    if isinstance(wanted, list):
        if len(found) != len(wanted):
            raise AssertionError(f"{name}: expected {len(wanted)} arrays, found {len(found)}")
        for index, pair in enumerate(zip(found, wanted)):
            compare(f"{name}[{index}]", *pair, case)
        return
    if wanted.dtype.kind in "UO":
        wanted = wanted.astype(object)
    if found.shape != wanted.shape or found.dtype != wanted.dtype:
        raise AssertionError(
            f"{name}: expected {wanted.dtype} {wanted.shape}, found {found.dtype} {found.shape}")
    if wanted.dtype.kind in "biuO":
        numpy.testing.assert_array_equal(found, wanted, err_msg=name)
    else:
        numpy.testing.assert_allclose(
            found.astype(numpy.float64), wanted.astype(numpy.float64), rtol=case.rtol, atol=case.atol, err_msg=name)


def cases():
    for suite in SUITES:
        if suite == "node":
            found = loader.load_node_model_tests()
        elif suite == "light":
            found = light_cases()
        else:
            found = loader.load_model_tests(kind=suite)
        for case in found:
            yield suite, case


def light_cases():
    """The light models lie in the package; their inputs are zeros by convention of the package's own runner."""
    folder = Path(onnx.backend.test.__file__).parent / "data" / "light"
    for path in sorted(folder.glob("*.onnx")):
        yield LightCase(path)


class LightCase:
    """A published topology with constant weights."""

    model_dir = None
    rtol = 1e-3
    atol = 1e-7

    def __init__(self, path):
        self.name = f"test_{path.stem.removeprefix('light_')}"
        self.model = onnx.load(path)
        expected = path.with_name(path.stem + "_output_0.pb")
        constants = {tensor.name for tensor in self.model.graph.initializer}
        inputs = [value for value in self.model.graph.input if value.name not in constants]
        arrays = []
        for value in inputs:
            shape = [dimension.dim_value for dimension in value.type.tensor_type.shape.dim]
            count = int(numpy.prod(shape))
            arrays.append((numpy.arange(count) / count).reshape(shape).astype(numpy.float32))
        self.data_sets = [(arrays, [read(expected)])]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="*", help="pattern of test names")
    parser.add_argument("--suite", choices=SUITES)
    parser.add_argument("--compiled", action="store_true", help="save each model as the library's own file and run that")
    parser.add_argument("--quiet", action="store_true", help="only the table")
    parser.add_argument("--json", help="file for the outcome of every test")
    arguments = parser.parse_args()
    skips = json.loads(SKIPS.read_text())
    counts = collections.defaultdict(collections.Counter)
    outcomes = {}
    start = time.monotonic()
    for suite, case in cases():
        if not fnmatch.fnmatch(case.name, arguments.only) or arguments.suite not in (None, suite):
            continue
        reason = next((text for pattern, text in skips.items() if fnmatch.fnmatch(case.name, pattern)), None)
        try:
            run_case(case, arguments.compiled)
            outcome, text = "passed", ""
        except Refused as error:
            outcome, text = "refused", str(error)
        except Exception as error:  # any failure is this test's own
            outcome, text = "failed", f"{type(error).__name__}: {' '.join(str(error).split())}"
        if reason is not None:
            outcome, text = ("stale skip", "") if outcome == "passed" else ("skipped", reason)
        counts[suite][outcome] += 1
        outcomes[f"{suite}/{case.name}"] = {"outcome": outcome, "text": text}
        if outcome not in ("passed", "skipped") and not arguments.quiet:
            print(f"{outcome:8} {suite}/{case.name}: {text[:300]}", flush=True)
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(outcomes, indent=1))
    print(f"\nonnx {onnx.__version__}, {time.monotonic() - start:.0f} s")
    print(f"{'suite':20}{'total':>7}{'passed':>8}{'failed':>8}{'refused':>9}{'skipped':>9}")
    for suite in SUITES:
        row = counts[suite]
        if row:
            passed = row["passed"] + row["stale skip"]
            print(f"{suite:20}{sum(row.values()):7}{passed:8}{row['failed']:8}{row['refused']:9}{row['skipped']:9}")
    return 1 if any(row["failed"] or row["stale skip"] for row in counts.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
