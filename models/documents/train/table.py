"""The table of tasks against accuracy: both trunks with all tasks, each alone and each pair.

    python table.py --data documents --runs runs --evaluator ../../../.build/release/mtl-infer

Trains what `runs` does not hold yet, so that it can be stopped and started again; measures on DIR/held-out.
"""

import argparse
import json
import subprocess
import sys
from itertools import combinations
from pathlib import Path

from dataset import TASKS
from networks import TRUNKS

COMBINATIONS = [TASKS, *combinations(TASKS, 1), *combinations(TASKS, 2)]


def parse_options():
    parser = argparse.ArgumentParser(description="Train and measure every combination of tasks.")
    parser.add_argument("--data", type=Path, required=True, help="folder with train/, val/ and held-out/")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder for the models (default %(default)s)")
    parser.add_argument("--trunks", default=",".join(TRUNKS), help="trunks, with commas (default: both)")
    parser.add_argument("--evaluator", default="mtl-infer", help="the program mtl-infer (default: the one in the PATH)")
    parser.add_argument("training", nargs="*", help="after --: options for train.py, such as --bf16 --threads 1")
    return parser.parse_args()


def trained(trunk, tasks, options):
    """The folder of a trained model."""
    folder = options.runs / f"{trunk}-{'-'.join(tasks)}"
    # train.py writes weights after every pass; only a run that came to its end counts.
    done = folder / "done"
    if not done.exists():
        print(f"{folder.name}:", flush=True)
        program = Path(__file__).with_name("train.py")
        chosen = ["--data", options.data, "--trunk", trunk, "--tasks", ",".join(tasks), "--out", folder]
        subprocess.run([sys.executable, program, *chosen, *options.training], check=True)
        done.touch()
    return folder


def measured(folder, options):
    """The accuracy of each task, by the runtime."""
    command = [options.evaluator, "eval", folder, options.data / "held-out", "--threads", "1", "--json"]
    answer = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return {
        task: next(figure["value"] for figure in result["figures"] if figure["name"] == "accuracy")
        for task, result in answer["tasks"].items()
    }


def main():
    options = parse_options()
    trunks = options.trunks.split(",")
    rows = {
        tasks: {trunk: measured(trained(trunk, tasks, options), options) for trunk in trunks} for tasks in COMBINATIONS
    }
    print("| trained together | " + " | ".join(f"{trunk}: {task}" for trunk in trunks for task in TASKS) + " |")
    print("|---" * (1 + len(trunks) * len(TASKS)) + "|")
    for tasks, figures in rows.items():
        cells = [figures[trunk].get(task) for trunk in trunks for task in TASKS]
        shown = ["" if share is None else f"{100 * share:.1f}" for share in cells]
        print(f"| {', '.join(tasks)} | " + " | ".join(shown) + " |")


if __name__ == "__main__":
    main()
