"""Runs every published network from its checkpoint and compares with PyTorch.

    python Tests/Conformance/networks.py [--thin] [--no-times] [NAME...]

For each case: build the module, give it trained-like statistics, save it as its trainer does, run `mtl-infer` on the file
as a process of its own, and compare with the module's forward. Prints a table in markdown; exits with 1 if a network fails
or differs by more than 1e-4 of an output's range, values
aside that rounding decides (`Case.undecided`). MTL_INFER_BINARY names another binary than .build/release/mtl-infer.
"""

import argparse
import dataclasses
import gc
import json
import os
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy
import torch

sys.path.insert(0, str(Path(__file__).resolve().parent))

from case import Case, with_statistics  # noqa: E402
from cases import all_cases  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
BINARY = os.environ.get("MTL_INFER_BINARY", str(ROOT / ".build" / "release" / "mtl-infer"))
TOLERANCE = 1e-4
COLUMNS = ["network", "origin", "keys read", "ignored", "largest difference (of the range)", "run ms", "process s",
           "peak MiB", "weights MiB"]


@dataclasses.dataclass
class Process:
    output: str
    seconds: float
    peak_bytes: int


#: Starts the binary from a small process of its own: a child's peak memory begins with that of whoever starts it.
STARTER = """
import os, subprocess, sys
child = subprocess.Popen(sys.argv[2:])
_, status, usage = os.wait4(child.pid, 0)
open(sys.argv[1], "w").write(str(usage.ru_maxrss * 1024))
sys.exit(os.waitstatus_to_exitcode(status) != 0)
"""


def execute(*arguments: str) -> Process:
    """Runs the binary and measures it; raises with what it wrote where it fails."""
    with tempfile.NamedTemporaryFile("r") as peak:
        start = time.perf_counter()
        child = subprocess.run([sys.executable, "-I", "-S", "-c", STARTER, peak.name, BINARY, *arguments],
                               capture_output=True, text=True, check=False)
        seconds = time.perf_counter() - start
        if child.returncode != 0:
            raise RuntimeError(child.stderr.strip())
        return Process(child.stdout, seconds, int(peak.read()))


def keys(checkpoint: Any) -> set[str]:
    """The names of the tensors in whatever a trainer saves, without its counters."""
    if isinstance(checkpoint, torch.nn.Module):
        checkpoint = checkpoint.state_dict()
    found: set[str] = set()
    for key, value in checkpoint.items():
        if isinstance(value, torch.Tensor):
            found.add(key)
        elif isinstance(value, (Mapping, torch.nn.Module)):
            found |= keys(value)
    return {key for key in found if not key.endswith("num_batches_tracked")}


def save(case: Case, folder: Path, is_thin: bool) -> tuple[Mapping[str, numpy.ndarray], int]:
    """Writes the checkpoint, model.json and the input; returns PyTorch's outputs and how many tensors the checkpoint has.
    The module is gone afterwards."""
    seed = zlib.crc32(case.name.encode())
    torch.manual_seed(seed)
    module = with_statistics(case.thin() if is_thin else case.make(), seed)
    shape = case.thin_shape if is_thin else case.shape
    image = torch.randn(shape, generator=torch.Generator().manual_seed(seed + 1))
    with torch.inference_mode():
        expected = {task: output.contiguous().numpy() for task, output in case.outputs(module, image).items()}
    checkpoint = case.checkpoint(module)
    torch.save(checkpoint, folder / "weights.pt")
    numpy.save(folder / "input.npy", image.numpy())
    parameters = case.thin_parameters if is_thin and case.thin_parameters is not None else case.parameters
    if parameters or case.tasks is not None:
        card: dict[str, Any] = {"format": 1, "name": case.name, "weights": "weights.pt",
                                "network": {"recipe": case.network, **parameters}}
        if case.tasks is not None:
            card["tasks"] = case.tasks
        (folder / "model.json").write_text(json.dumps(card))
    return expected, len(keys(checkpoint))


def differences(
        expected: Mapping[str, numpy.ndarray], folder: Path, undecided: float) -> dict[str, tuple[float, float, float]]:
    """By task: the largest absolute difference, its part of the output's range, and that part where the values that the
    case leaves undecided are not counted."""
    found = {}
    for task, wanted in expected.items():
        output = numpy.load(folder / f"{task}.npy")
        if output.shape != wanted.shape:
            raise RuntimeError(f"{task}: expected the shape {wanted.shape}, found {output.shape}")
        distances = numpy.abs(output.astype(numpy.float64) - wanted)
        largest, decided = float(distances.max()), float(numpy.quantile(distances, 1 - undecided, method="lower"))
        extent = float(wanted.max() - wanted.min()) or 1
        found[task] = (largest, largest / extent, decided / extent)
    return found


def measure(case: Case, folder: Path, is_thin: bool, has_times: bool) -> tuple[list[str], bool]:
    """The case's row of the table, and whether all outputs are near enough."""
    expected, key_count = save(case, folder, is_thin)
    gc.collect()
    model = [str(folder)] if (folder / "model.json").exists() else [str(folder / "weights.pt"), "--network", case.network]
    run = execute("run", *model, "--input", f"image={folder}/input.npy", "--out", f"{folder}/out", "--json")
    found = differences(expected, folder / "out", case.undecided)
    report = json.loads(execute("inspect", *model, "--json").output)
    milliseconds = ""
    if has_times:
        times = json.loads(execute("bench", *model, "--threads", "1", "--runs", "3", "--json").output)
        milliseconds = f"{times['whole']['median_ms']:.1f}"
    size = (folder / "weights.pt").stat().st_size
    ignored = len(report["ignored_keys"])
    largest = "<br>".join(
        f"{task} {absolute:.2g} ({relative:.1g})"
        + (f", {1 - case.undecided:.0%} of it within {decided:.1g}" if relative > TOLERANCE >= decided else "")
        for task, (absolute, relative, decided) in found.items())
    row = [case.name, case.origin, str(key_count - ignored), str(ignored), largest,
           milliseconds, f"{run.seconds:.2f}", f"{run.peak_bytes / 2**20:.0f}", f"{size / 2**20:.1f}"]
    return row, all(decided <= TOLERANCE for _, _, decided in found.values())


def main() -> int:
    parser = argparse.ArgumentParser(description="Compare published networks with PyTorch.")
    parser.add_argument("names", nargs="*", help="cases to run; all when none is named")
    parser.add_argument("--thin", action="store_true", help="the narrow forms of the fixtures")
    parser.add_argument("--no-times", action="store_true", help="compare only, which is several times as fast")
    options = parser.parse_args()
    cases = [case for case in all_cases() if not options.names or case.name in options.names]
    unknown = set(options.names) - {case.name for case in cases}
    if unknown:
        parser.error(f"no such case: {', '.join(sorted(unknown))}")
    print("| " + " | ".join(COLUMNS) + " |\n|" + "---|" * len(COLUMNS), flush=True)
    is_good = True
    for case in cases:
        with tempfile.TemporaryDirectory() as folder:
            try:
                row, is_near = measure(case, Path(folder), options.thin, not options.no_times)
            except Exception as error:  # One network's failure must not hide the others.
                row, is_near = [case.name, case.origin, "", "", f"**failed**: {error}", "", "", "", ""], False
        is_good = is_good and is_near
        print("| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |", flush=True)
        gc.collect()
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
