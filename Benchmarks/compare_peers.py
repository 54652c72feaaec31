"""Times mtl-infer against ONNX Runtime and OpenVINO on the same networks, weights and inputs, in float32.

    python compare_peers.py [--threads N] [--rounds N] [--seconds S] [--isa scalar|avx2|avx512|avx512vnni|amx] [--json] [NETWORK...]

Every engine runs in a process of its own, pinned to as many cores as it has threads, in turn, for several rounds. Ratios
are taken within a round, because the machine's speed drifts between rounds. Networks other than fingers have seeded random
weights; their definitions are those of Tests/Conformance.
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


def engine_mtl_infer(folder, threads):
    sys.path.insert(0, str(ROOT / "bindings/python"))
    import mtl_infer

    names = json.loads((folder / "names.json").read_text())
    runtime = mtl_infer.Runtime(threads=threads)
    session = mtl_infer.load(folder, runtime=runtime).session()

    def run(image):
        result = session.run(tensors=image)
        return [result[name] for name in names]

    return run


def engine_onnxruntime(folder, threads):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    session = onnxruntime.InferenceSession(str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"])
    return lambda image: session.run(None, {"image": image})


def engine_openvino(folder, threads):
    import openvino

    core = openvino.Core()
    settings = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": 1,
                "INFERENCE_PRECISION_HINT": "f32"}
    request = core.compile_model(core.read_model(str(folder / "model.onnx")), "CPU", settings).create_infer_request()

    def run(image):
        outputs = request.infer({0: image}, share_inputs=True, share_outputs=True)
        return [outputs[index] for index in range(len(outputs))]

    return run


ENGINES = {
    "mtl-infer": engine_mtl_infer,
    "onnxruntime fp32": engine_onnxruntime,
    "openvino fp32": engine_openvino,
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
    modules = {"onnxruntime fp32": "onnxruntime", "openvino fp32": "openvino"}
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


def compare(arguments, folder):
    """Runs the rounds; returns a row for each engine."""
    names = available_engines()
    rounds = [{name: measure(name, folder, arguments) for name in names} for _ in range(arguments.rounds)]
    rows = []
    for name in names:
        ratio = statistics.median(r[name]["median_ms"] / r["mtl-infer"]["median_ms"] for r in rounds)
        times = [r[name]["median_ms"] for r in rounds]
        rows.append({"engine": name, "median_ms": statistics.median(times), "ratio": ratio,
                     "largest_difference": largest_difference(folder, name)})
    return rows


def check(network, rows):
    thresholds = json.loads((ROOT / "Benchmarks/thresholds.json").read_text()).get(network, {})
    problems = [f"{network}, {r['engine']}: outputs differ by {r['largest_difference']:.1e} of their range" for r in rows
                if not r["largest_difference"] <= LARGEST_DIFFERENCE]
    problems += [f"{network}, {r['engine']}: ratio {r['ratio']:.2f} is below {thresholds[r['engine']]}" for r in rows
                 if r["ratio"] < thresholds.get(r["engine"], 0)]
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="*", metavar="NETWORK", help=f"of {', '.join(NETWORKS)}; all if left out")
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
            tables[network] = compare(arguments, pathlib.Path(folder))
        problems += check(network, tables[network])
        if not arguments.json:
            print(f"{network}, {arguments.threads} thread(s), {arguments.rounds} rounds")
            for row in tables[network]:
                print(f"{row['engine']:18s} {row['median_ms']:9.3f} ms   peer / mtl-infer {row['ratio']:.2f}   "
                      f"largest difference {row['largest_difference']:.1e} of the range", flush=True)
    if arguments.json:
        print(json.dumps(tables, indent=2))
    if problems:
        raise SystemExit("\n".join(problems))


if __name__ == "__main__":
    main()
