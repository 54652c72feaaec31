"""Times mtl-infer against ONNX Runtime and OpenVINO on the same network, weights and input.

    python compare_peers.py [--threads N] [--rounds N] [--seconds S] [--isa scalar|avx2|avx512] [--json]

Every engine runs in a process of its own, pinned to as many cores as it has threads, in turn, for several rounds. Ratios
are taken within a round, because the machine's speed drifts between rounds.
"""
import argparse
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
LARGEST_DIFFERENCE = 1e-5
WARM_UP_RUNS = 10


def fingers_module():
    """The network of models/fingers with its trained weights."""
    sys.path.insert(0, str(ROOT / "models/fingers/train"))
    import network
    import torch

    module = network.MTLNet()
    module.load_state_dict(torch.load(ROOT / "models/fingers/best.pt", map_location="cpu"))
    return module.eval()


def export(path, image_path):
    """Writes the network as ONNX, and one input."""
    import torch

    image = torch.from_numpy(np.random.default_rng(0).uniform(-1, 1, (1, 1, 128, 128)).astype(np.float32))
    np.save(image_path, image.numpy())
    names = {"input_names": ["image"], "output_names": ["hand", "count"]}
    torch.onnx.export(fingers_module(), (image,), str(path), opset_version=17, dynamo=False, **names)


def engine_mtl_infer(_, threads):
    sys.path.insert(0, str(ROOT / "bindings/python"))
    import mtl_infer

    runtime = mtl_infer.Runtime(threads=threads)
    session = mtl_infer.load(ROOT / "models/fingers", runtime=runtime).session()

    def run(image):
        result = session.run(tensors=image)
        return [result["hand"], result["count"]]

    return run


def engine_onnxruntime(model, threads):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    return lambda image: session.run(None, {"image": image})


def engine_openvino(model, threads):
    import openvino

    core = openvino.Core()
    settings = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": 1,
                "INFERENCE_PRECISION_HINT": "f32"}
    request = core.compile_model(core.read_model(str(model)), "CPU", settings).create_infer_request()

    def run(image):
        outputs = request.infer({0: image}, share_inputs=True, share_outputs=True)
        return [outputs[0], outputs[1]]

    return run


ENGINES = {
    "mtl-infer": engine_mtl_infer,
    "onnxruntime fp32": engine_onnxruntime,
    "openvino fp32": engine_openvino,
}


def work(name, folder, threads, seconds):
    """One engine, one round: prints the median in milliseconds and the outputs."""
    image = np.load(folder / "image.npy")
    run = ENGINES[name](folder / "fingers.onnx", threads)
    for _ in range(WARM_UP_RUNS):
        outputs = run(image)
    times, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        run(image)
        times.append(time.perf_counter() - start)
    print(json.dumps({"median_ms": statistics.median(times) * 1e3, "outputs": [np.ravel(o).tolist() for o in outputs]}))


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


def compare(arguments, folder):
    """Runs the rounds; returns a row for each engine."""
    names = available_engines()
    rounds = [{name: measure(name, folder, arguments) for name in names} for _ in range(arguments.rounds)]
    reference = np.concatenate(rounds[0]["mtl-infer"]["outputs"])
    rows = []
    for name in names:
        difference = max(np.abs(np.concatenate(r[name]["outputs"]) - reference).max() for r in rounds)
        ratio = statistics.median(r[name]["median_ms"] / r["mtl-infer"]["median_ms"] for r in rounds)
        times = [r[name]["median_ms"] for r in rounds]
        rows.append({"engine": name, "median_ms": statistics.median(times), "ratio": ratio,
                     "largest_difference": float(difference)})
    return rows


def check(rows):
    thresholds = json.loads((ROOT / "Benchmarks/thresholds.json").read_text())["fingers"]
    problems = [f"{r['engine']}: outputs differ by {r['largest_difference']:.1e}" for r in rows
                if not r["largest_difference"] <= LARGEST_DIFFERENCE]
    problems += [f"{r['engine']}: ratio {r['ratio']:.2f} is below {thresholds[r['engine']]}" for r in rows
                 if r["ratio"] < thresholds.get(r["engine"], 0)]
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
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
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        export(folder / "fingers.onnx", folder / "image.npy")
        rows = compare(arguments, folder)
    if arguments.json:
        print(json.dumps(rows, indent=2))
    else:
        print(f"fingers, {arguments.threads} thread(s), {arguments.rounds} rounds")
        for row in rows:
            print(f"{row['engine']:18s} {row['median_ms']:8.3f} ms   peer / mtl-infer {row['ratio']:.2f}   "
                  f"largest difference {row['largest_difference']:.1e}")
    problems = check(rows)
    if problems:
        raise SystemExit("\n".join(problems))


if __name__ == "__main__":
    main()
