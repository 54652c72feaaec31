"""Runs the engines in turn, for several rounds, and makes a row of figures of each."""
import json
import os
import pathlib
import statistics
import subprocess
import sys

from .checks import agreement
from .engines import available_engines
from .networks import BINARY
from .worker import peak_resident_mib

BENCHMARKS = pathlib.Path(__file__).resolve().parents[1]


def run_pinned(command, arguments):
    """The output of a process on as many cores as there are threads."""
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join([str(BENCHMARKS), os.environ.get("PYTHONPATH", "")]))
    if arguments.isa:
        environment["MTL_ISA"] = arguments.isa
    cores = set(sorted(os.sched_getaffinity(0))[:arguments.threads])
    done = subprocess.run(command, capture_output=True, text=True, env=environment,
                          preexec_fn=lambda: os.sched_setaffinity(0, cores))
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)} failed with status {done.returncode}:\n{done.stderr}")
    return done.stdout


def measure(engine, mode, files, arguments):
    """One engine, one round: what its process measured. The outputs are written to ENGINE.npz."""
    task = {"engine": engine, "mode": mode, "model": str(files.own if engine == "mtl-infer" else files.peers),
            "names": files.names, "image": str(files.folder / "image.npy"),
            "outputs": str(files.folder / f"{engine}.npz"), "outputs_alone": str(files.folder / "alone.npz"),
            "precision": arguments.precision, "threads": arguments.threads, "seconds": arguments.seconds}
    return json.loads(run_pinned([sys.executable, "-m", "peers.worker", json.dumps(task)], arguments).splitlines()[-1])


def interpreter_mib(arguments):
    """Peak memory of a process that has numpy and nothing else."""
    program = "import numpy; print(open('/proc/self/status').read())"
    return peak_resident_mib(run_pinned([sys.executable, "-c", program], arguments))


def peak_rate(arguments):
    """Multiply-accumulates of float32 that the cores reach at the moment, in thousand millions a second."""
    command = [BINARY, "bench", str(BENCHMARKS.parent / "models/fingers"), "--threads", str(arguments.threads), "--runs", "10",
               "--layers", "--json"]
    return json.loads(run_pinned(command, arguments))["peak_gmacs"]


def compare(files, arguments):
    """Runs the rounds; returns a row for each engine."""
    names = available_engines()
    mode = "cold" if arguments.cold else "steady"
    rounds = [{name: measure(name, mode, files, arguments) for name in names} for _ in range(arguments.rounds)]
    if arguments.cold:
        interpreter = statistics.median(interpreter_mib(arguments) for _ in range(arguments.rounds))
        for measured in (each[name] for each in rounds for name in names):
            measured["peak_mib"] -= interpreter

    def median(name, key):
        return statistics.median(each[name][key] for each in rounds)

    def ratio(name, key):
        return statistics.median(each[name][key] / each["mtl-infer"][key] for each in rounds)

    rows = []
    for name in names:
        row = {"engine": name, "median_ms": median(name, "median_ms"), "ratio": ratio(name, "median_ms")}
        if arguments.cold:
            row |= {"peak_mib": median(name, "peak_mib"), "memory_ratio": ratio(name, "peak_mib")}
        if rounds[0][name]["computes_with"]:
            row["computes_with"] = rounds[0][name]["computes_with"]
        rows.append(row | agreement(files.folder, name, arguments.precision))
    return rows


def compare_tasks(files, arguments):
    """The same of mtl-infer alone: a row of all tasks in one run against the sum of runs of one task."""
    rounds = [measure("mtl-infer", "single-tasks", files, arguments) for _ in range(arguments.rounds)]
    each = {name: statistics.median(taken["each_ms"][name] for taken in rounds) for name in rounds[0]["each_ms"]}
    row = {"engine": "mtl-infer", "all_ms": statistics.median(taken["all_ms"] for taken in rounds), "each_ms": each,
           "ratio": statistics.median(taken["all_ms"] / sum(taken["each_ms"].values()) for taken in rounds),
           "computes_with": rounds[0]["computes_with"]}
    return [row | agreement(files.folder, "alone", "fp32")]
