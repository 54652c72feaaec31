"""Accuracy of a runtime's answers: reads what `mtl-infer run MODEL FOLDER --json` printed.

    mtl-infer run models/fingers held-out --json > answers.json
    python score.py answers.json
"""
import argparse
import json
from pathlib import Path

import numpy as np

from dataset import label_from_name
from evaluate import report
from network import COUNT_LABELS, HAND_LABELS


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("answers", type=Path)
    answers = json.loads(parser.parse_args().answers.read_text())
    counts, lefts = np.array([label_from_name(Path(answer["image"])) for answer in answers]).T
    for task, names, wanted in ("hand", HAND_LABELS, lefts), ("count", COUNT_LABELS, counts):
        predicted = np.array([answer["tasks"][task]["index"] for answer in answers])
        report(task, names, predicted, wanted)


if __name__ == "__main__":
    main()
