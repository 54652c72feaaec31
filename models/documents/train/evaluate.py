"""Accuracy of a model on a folder of pictures with labels.csv.

python evaluate.py ../resnet DIR
"""

import argparse
import json
from pathlib import Path

import torch

from dataset import UNKNOWN, read_folder
from networks import Documents


def to_input(pictures):
    """Bytes to the network's range, -1 to 1."""
    return (pictures / 255 - 0.5) / 0.5


@torch.no_grad()
def accuracies(model, pictures, truths):
    """The share of the pictures with a known class that each task gets right."""
    model.eval()
    device = next(model.parameters()).device
    batches = [model(to_input(batch.to(device))) for batch in pictures.split(100)]
    shares = {}
    for task, truth in truths.items():
        found = torch.cat([batch[task] for batch in batches]).argmax(1).cpu()
        is_known = truth != UNKNOWN
        shares[task] = (found == truth)[is_known].float().mean().item()
    return shares


def load(folder):
    """The network that train.py wrote, its classes, and the size of its pictures."""
    description = json.loads((folder / "model.json").read_text())
    classes = {task["name"]: task["labels"] for task in description["tasks"]}
    trunk = description["network"]["recipe"].removeprefix("documents-")
    model = Documents(trunk, {task: len(names) for task, names in classes.items()})
    model.load_state_dict(torch.load(folder / description["weights"], weights_only=True))
    return model, classes, description["input"]["width"]


def main():
    parser = argparse.ArgumentParser(description="Measure a model on labelled pictures.")
    parser.add_argument("model", type=Path, help="folder with model.json and best.pt")
    parser.add_argument("data", type=Path, help="folder with pictures and labels.csv")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads, 0: PyTorch decides (default)")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    model, classes, size = load(options.model)
    pictures, truths = read_folder(options.data, classes, size)
    for task, share in accuracies(model, pictures, truths).items():
        print(f"{task:10}{100 * share:.2f} %")


if __name__ == "__main__":
    main()
