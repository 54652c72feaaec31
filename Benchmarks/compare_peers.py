"""Times mtl-infer against ONNX Runtime and OpenVINO on the same networks, weights and inputs.

    python compare_peers.py [--precision fp32|int8] [--threads N] [--rounds N] [--seconds S] [--isa scalar|avx2|avx512|avx512vnni|avx512bf16|amx] [--json] [NETWORK...]

Every engine runs in a process of its own, pinned to as many cores as it has threads, in turn, for several rounds. Ratios
are taken within a round, because the machine's speed drifts between rounds. Networks other than fingers have seeded random
weights; their definitions are those of Tests/Conformance.

In int8 all three run one QDQ file, which ONNX Runtime's own quantizer makes (8-bit weights for each output channel, values
of 8 bits without sign). The rounding of one layer is the next one's input, so that outputs of random weights drift apart;
what is compared is the correlation with the file's definition, which ONNX Runtime computes with its optimisations off.
"""
import argparse
import contextlib
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent
#: Of an output's range.
LARGEST_DIFFERENCE = 1e-4
#: How much less than the best peer's the correlation with a QDQ file's definition may be.
CORRELATION_MARGIN = 0.005
#: Pictures that the quantizer sees.
CALIBRATION_COUNT = 4
#: Names here and the cases of Tests/Conformance that they stand for.
NETWORKS = {"fingers": None, "utkface": "utkface-resnet50", "nyuv2-split": "autolambda-split-nyuv2",
            "nyuv2-mtan": "autolambda-mtan-nyuv2", "swin": "swin-timm", "perceiver": "documents-perceiver"}
#: What the TorchScript exporter writes of them no engine opens: it gives one operator two types.
DYNAMO = {"perceiver"}


def fingers():
    """The network of models/fingers with its trained weights: module, model.json, input shape, outputs."""
    sys.path.insert(0, str(ROOT / "models/fingers/train"))
    import network
    import torch

    weights = torch.load(ROOT / "models/fingers/best.pt", map_location="cpu")
    module = network.MTLNet()
    module.load_state_dict(weights)
    card = json.loads((ROOT / "models/fingers/model.json").read_text())
    return module.eval(), weights, card, (1, 1, 128, 128), lambda module, image: dict(zip(["hand", "count"], module(image)))


def published(name):
    """The same of a case of Tests/Conformance."""
    sys.path.insert(0, str(ROOT / "Tests/Conformance"))
    from case import with_statistics
    from cases import all_cases

    case = next(case for case in all_cases() if case.name == name)
    module = with_statistics(case.make(), 1)
    card = {"format": 1, "network": {"recipe": case.network, **case.parameters}}
    return module, case.checkpoint(module), card, case.shape, case.outputs


def prepare(network, folder):
    """Writes weights.pt with model.json, model.onnx and image.npy."""
    import torch

    module, weights, card, shape, outputs = published(NETWORKS[network]) if NETWORKS[network] else fingers()

    class Named(torch.nn.Module):
        """The outputs in the order of the names, which ONNX keeps."""

        def __init__(self):
            super().__init__()
            self.module = module

        def forward(self, image):
            return tuple(outputs(self.module, image).values())

    image = torch.from_numpy(np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32))
    with torch.no_grad():
        names = list(outputs(module, image))
        torch.save(weights, folder / "weights.pt")
        form = dict(dynamo=True, external_data=False, verbose=False) if network in DYNAMO else dict(dynamo=False, opset_version=17)
        with contextlib.redirect_stdout(sys.stderr):
            torch.onnx.export(Named().eval(), (image,), str(folder / "model.onnx"), input_names=["image"],
                              output_names=names, **form)
    (folder / "model.json").write_text(json.dumps({**card, "weights": "weights.pt"}))
    (folder / "names.json").write_text(json.dumps(names))
    np.save(folder / "image.npy", image.numpy())


def quantize(folder, shape):
    """Makes model.int8.onnx of model.onnx, and definition.npz, what it gives for image.npy by the standard."""
    import onnxruntime
    from onnxruntime import quantization

    class Images(quantization.CalibrationDataReader):
        def __init__(self):
            random = np.random.default_rng(1)
            self.rest = iter([random.uniform(-1, 1, shape).astype(np.float32) for _ in range(CALIBRATION_COUNT)])

        def get_next(self):
            image = next(self.rest, None)
            return None if image is None else {"image": image}

    prepared = folder / "prepared.onnx"
    quantization.shape_inference.quant_pre_process(str(folder / "model.onnx"), str(prepared), skip_symbolic_shape=True)
    quantization.quantize_static(
        str(prepared), str(folder / "model.int8.onnx"), Images(), quant_format=quantization.QuantFormat.QDQ,
        per_channel=True, activation_type=quantization.QuantType.QUInt8, weight_type=quantization.QuantType.QInt8)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(str(folder / "model.int8.onnx"), options, providers=["CPUExecutionProvider"])
    np.savez(folder / "definition.npz", *session.run(None, {"image": np.load(folder / "image.npy")}))


def model_path(folder):
    """What the peers run."""
    quantized = folder / "model.int8.onnx"
    return quantized if quantized.exists() else folder / "model.onnx"


def engine_mtl_infer(folder, threads):
    sys.path.insert(0, str(ROOT / "bindings/python"))
    import mtl_infer

    names = json.loads((folder / "names.json").read_text())
    runtime = mtl_infer.Runtime(threads=threads)
    # A checkpoint runs as it is; a QDQ file is all that there is of a quantized one.
    path = folder if model_path(folder).name == "model.onnx" else model_path(folder)
    session = mtl_infer.load(path, runtime=runtime).session()

    def run(image):
        result = session.run(tensors=image)
        return [result[name] for name in names]

    return run


def engine_onnxruntime(folder, threads):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    session = onnxruntime.InferenceSession(str(model_path(folder)), options, providers=["CPUExecutionProvider"])
    return lambda image: session.run(None, {"image": image})


def engine_openvino(folder, threads):
    import openvino

    core = openvino.Core()
    settings = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": 1,
                "INFERENCE_PRECISION_HINT": "f32"}
    request = core.compile_model(core.read_model(str(model_path(folder))), "CPU", settings).create_infer_request()

    def run(image):
        outputs = request.infer({0: image}, share_inputs=True, share_outputs=True)
        return [outputs[index] for index in range(len(outputs))]

    return run


ENGINES = {
    "mtl-infer": engine_mtl_infer,
    "onnxruntime": engine_onnxruntime,
    "openvino": engine_openvino,
}


def work(name, folder, threads, seconds):
    """One engine, one round: prints the median in milliseconds and writes the outputs."""
    image = np.load(folder / "image.npy")
    run = ENGINES[name](folder, threads)
    start = time.perf_counter()
    outputs = run(image)
    # Long runs are warm after two, short ones want more.
    for _ in range(1 if time.perf_counter() - start > 0.2 else 10):
        outputs = run(image)
    np.savez(folder / f"{name}.npz", *outputs)
    times, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 3:
        start = time.perf_counter()
        run(image)
        times.append(time.perf_counter() - start)
    print(json.dumps({"median_ms": statistics.median(times) * 1e3}))


def measure(name, folder, arguments):
    command = [sys.executable, __file__, "--engine", name, "--folder", str(folder), "--threads", str(arguments.threads),
               "--seconds", str(arguments.seconds)]
    environment = dict(os.environ, MTL_ISA=arguments.isa) if arguments.isa else os.environ
    cores = set(sorted(os.sched_getaffinity(0))[:arguments.threads])
    done = subprocess.run(command, capture_output=True, text=True, env=environment,
                          preexec_fn=lambda: os.sched_setaffinity(0, cores))
    if done.returncode != 0:
        raise SystemExit(f"{name} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def available_engines():
    modules = {"onnxruntime": "onnxruntime", "openvino": "openvino"}
    names = []
    for name in ENGINES:
        try:
            if name in modules:
                __import__(modules[name])
            names.append(name)
        except ImportError:
            print(f"{name}: not installed, left out", file=sys.stderr)
    return names


def largest_difference(folder, name):
    """Of any output's elements to mtl-infer's, relative to the output's range."""
    own, other = np.load(folder / "mtl-infer.npz"), np.load(folder / f"{name}.npz")
    return max(float(np.abs(own[key] - other[key]).max() / max(np.ptp(own[key]), 1e-3)) for key in own)


def lowest_correlation(folder, name):
    """Of any output with the QDQ file's definition."""
    own, definition = np.load(folder / f"{name}.npz"), np.load(folder / "definition.npz")
    return min(float(np.corrcoef(own[key].ravel(), definition[key].ravel())[0, 1]) for key in definition)


def compare(arguments, folder):
    """Runs the rounds; returns a row for each engine."""
    names = available_engines()
    rounds = [{name: measure(name, folder, arguments) for name in names} for _ in range(arguments.rounds)]
    rows = []
    for name in names:
        ratio = statistics.median(r[name]["median_ms"] / r["mtl-infer"]["median_ms"] for r in rounds)
        times = [r[name]["median_ms"] for r in rounds]
        row = {"engine": name, "median_ms": statistics.median(times), "ratio": ratio}
        if arguments.precision == "int8":
            row["correlation"] = lowest_correlation(folder, name)
        else:
            row["largest_difference"] = largest_difference(folder, name)
        rows.append(row)
    return rows


def check(network, rows, precision):
    if precision == "int8":
        own, best = rows[0]["correlation"], max(row["correlation"] for row in rows)
        is_right = own >= best - CORRELATION_MARGIN
        return [] if is_right else [f"{network}: correlation {own:.4f} with the file's definition, a peer's is {best:.4f}"]
    thresholds = json.loads((ROOT / "Benchmarks/thresholds.json").read_text()).get(network, {})
    problems = [f"{network}, {r['engine']}: outputs differ by {r['largest_difference']:.1e} of their range" for r in rows
                if not r["largest_difference"] <= LARGEST_DIFFERENCE]
    problems += [f"{network}, {r['engine']}: ratio {r['ratio']:.2f} is below {thresholds[r['engine']]}" for r in rows
                 if r["ratio"] < thresholds.get(r["engine"], 0)]
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="*", metavar="NETWORK", help=f"of {', '.join(NETWORKS)}; all if left out")
    parser.add_argument("--precision", choices=["fp32", "int8"], default="fp32")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="per engine and round")
    parser.add_argument("--isa", help="cap of mtl-infer's instruction set; the peers are not capped")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--engine", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=pathlib.Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.engine:
        return work(arguments.engine, arguments.folder, arguments.threads, arguments.seconds)
    unknown = set(arguments.networks) - set(NETWORKS)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; known are {', '.join(NETWORKS)}")
    tables, problems = {}, []
    for network in arguments.networks or NETWORKS:
        with tempfile.TemporaryDirectory() as folder:
            prepare(network, pathlib.Path(folder))
            if arguments.precision == "int8":
                quantize(pathlib.Path(folder), np.load(pathlib.Path(folder) / "image.npy").shape)
            tables[network] = compare(arguments, pathlib.Path(folder))
        problems += check(network, tables[network], arguments.precision)
        if not arguments.json:
            print(f"{network}, {arguments.precision}, {arguments.threads} thread(s), {arguments.rounds} rounds")
            for row in tables[network]:
                agreement = (f"correlation with the definition {row['correlation']:.4f}" if "correlation" in row
                             else f"largest difference {row['largest_difference']:.1e} of the range")
                print(f"{row['engine']:12s} {row['median_ms']:9.3f} ms   peer / mtl-infer {row['ratio']:.2f}   {agreement}",
                      flush=True)
    if arguments.json:
        print(json.dumps(tables, indent=2))
    if problems:
        raise SystemExit("\n".join(problems))


if __name__ == "__main__":
    main()
