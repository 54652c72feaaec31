"""The process of one engine for one round: `python -m peers.worker TASK`, a JSON object. Prints what it measured as JSON.

It imports little, because its peak memory is one of the figures.
"""
import json
import statistics
import sys
import time

import numpy as np

from .engines import ENGINES


def steady(engine, task, image):
    """Median time of a run, once warm."""
    run = engine.open(task["model"], task["names"], task["precision"], task["threads"])
    start = time.perf_counter()
    outputs = run(image)
    # Long runs are warm after two, short ones want more.
    for _ in range(1 if time.perf_counter() - start > 0.2 else 10):
        outputs = run(image)
    np.savez(task["outputs"], *outputs)
    [median] = median_times([run], image, task["seconds"])
    return {"median_ms": median * 1e3}


def cold(engine, task, image):
    """Time from before the file is opened to the first result, and the most memory until then."""
    start = time.perf_counter()
    outputs = engine.open(task["model"], task["names"], task["precision"], task["threads"])(image)
    seconds = time.perf_counter() - start
    peak = peak_resident_mib(open("/proc/self/status").read())
    np.savez(task["outputs"], *outputs)
    return {"median_ms": seconds * 1e3, "peak_mib": peak}


def single_tasks(engine, task, image):
    """Median time of all tasks, and of each alone, in turn. Outputs of both are written."""
    names = task["names"]
    together, *alone = engine.open_each(task["model"], [names, *([name] for name in names)], task["threads"])
    for _ in range(2):
        np.savez(task["outputs"], *together(image))
        np.savez(task["outputs_alone"], *(run(image)[0] for run in alone))
    all_tasks, *each = median_times([together, *alone], image, task["seconds"])
    return {"all_ms": all_tasks * 1e3, "each_ms": {name: median * 1e3 for name, median in zip(names, each)}}


def median_times(runs, image, seconds):
    """Median seconds of each function, called in turn."""
    times, end = [[] for _ in runs], time.perf_counter() + seconds
    while time.perf_counter() < end or len(times[0]) < 3:
        for run, taken in zip(runs, times):
            start = time.perf_counter()
            run(image)
            taken.append(time.perf_counter() - start)
    return [statistics.median(taken) for taken in times]


def peak_resident_mib(status):
    """Of the text of a /proc/PID/status. getrusage's ru_maxrss would not do: a process inherits its parent's."""
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def main():
    task = json.loads(sys.argv[1])
    measure = {"steady": steady, "cold": cold, "single-tasks": single_tasks}[task["mode"]]
    image = np.load(task["image"])
    engine = ENGINES[task["engine"]]()
    measured = measure(engine, task, image)
    print(json.dumps({**measured, "computes_with": engine.computes_with}))


if __name__ == "__main__":
    main()
