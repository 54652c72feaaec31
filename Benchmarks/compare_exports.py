"""Compares a checkpoint with its own ONNX export: outputs, kernels of the plan, and time on one pinned thread, in turn.

    MTL_INFER_LIBRARY=.build/release/libmtl_infer.so MTL_INFER_BINARY=.build/release/mtl-infer \
        python Benchmarks/compare_exports.py [NETWORK ...]

The networks are those of compare_peers.py that have a recipe.
"""
import argparse
import collections
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "bindings" / "python"))
import mtl_infer  # noqa: E402
from peers.networks import BINARY, RECIPES, prepare  # noqa: E402


def kernels(model):
    """How often each kernel stands in the plan."""
    done = subprocess.run([BINARY, "inspect", str(model), "--plan", "--json"], capture_output=True, text=True, check=True)
    return collections.Counter(step["kernel"] for step in json.loads(done.stdout)["plan"])


def compare(network, folder, rounds):
    prepare(network, folder)
    image = numpy.load(folder / "image.npy")
    sessions = [mtl_infer.load(path).session(threads=1) for path in (folder, folder / "model.onnx")]
    checkpoint, export = [session.run(tensors=image) for session in sessions]
    difference = max(
        float(numpy.abs(checkpoint[one] - export[other]).max() / numpy.ptp(checkpoint[one]))
        for one, other in zip(checkpoint, export))
    times = [[], []]
    for _ in range(rounds):
        for taken, session in zip(times, sessions):
            start = time.perf_counter()
            session.run(tensors=image)
            taken.append(time.perf_counter() - start)
    best = [1000 * min(taken) for taken in times]
    left, right = kernels(folder), kernels(folder / "model.onnx")
    print(f"{network}: differs by {difference:.0e} of the range; checkpoint {best[0]:.0f} ms, export {best[1]:.0f} ms, "
          f"{best[1] / best[0]:.3f} times")
    for name, row in (("checkpoint", left - right), ("export", right - left)):
        for kernel, count in sorted(row.items()):
            print(f"  only in the plan of the {name}: {count} x {kernel}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("networks", nargs="*", metavar="NETWORK", help=f"of {', '.join(RECIPES)}; all if left out")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    unknown = set(arguments.networks) - set(RECIPES)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; known are {', '.join(RECIPES)}")
    for network in arguments.networks or RECIPES:
        with tempfile.TemporaryDirectory() as folder:
            compare(network, Path(folder), arguments.rounds)


if __name__ == "__main__":
    main()
