"""Measures a checkpoint on a labelled folder, or several that belong together.

python evaluate.py ../best.pt held-out
"""

import argparse
import math
from pathlib import Path

import torch

from dataset import read_folder
from network import LABELS, load, normalize


def to_images(pictures):
    """Bytes (batch, height, width, 3) to (batch, 3, height, width) in 0..1."""
    return pictures.permute(0, 3, 1, 2).float() / 255


@torch.no_grad()
def predict(model, pictures, batch=100):
    """The class of each picture, for each task."""
    model.eval()
    device = next(model.parameters()).device
    parts = [model(normalize(to_images(chunk).to(device))) for chunk in pictures.split(batch)]
    return {task: torch.cat([part[task] for part in parts]).argmax(1).cpu() for task in model.heads}


def accuracies(model, pictures, truths):
    return {task: (found == truths[task]).float().mean().item() for task, found in predict(model, pictures).items()}


def confidence_interval(right, number):
    """Wilson's 95 % interval of a share."""
    z = 1.959964
    share, spread = right / number, z * z / number
    middle = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * math.sqrt(share * (1 - share) / number + spread / (4 * number))
    return middle - half, middle + half


def confusion(found, wanted, classes):
    """Rows are what is drawn, columns what the network says."""
    return torch.bincount(wanted * classes + found, minlength=classes**2).reshape(classes, classes)


def mean_f1(table):
    """Of all classes that are drawn or found."""
    right, both = table.diagonal(), table.sum(0) + table.sum(1)
    return (2 * right / both)[both > 0].mean().item()


def report(task, found, wanted):
    right, number = int((found == wanted).sum()), len(wanted)
    low, high = confidence_interval(right, number)
    table = confusion(found, wanted, len(LABELS[task]))
    print(
        f"{task}: {right} of {number} right, {100 * right / number:.2f} % ({100 * low:.1f} to {100 * high:.1f} %), ",
        end="",
    )
    print(f"mean F1 {mean_f1(table):.4f}")
    if task == "age":
        print(f"  off by one class at most: {100 * ((found - wanted).abs() <= 1).float().mean():.2f} %")
    for label, row in zip(LABELS[task], table.tolist(), strict=True):
        print(f"  {label:10}", *(f"{count:5}" for count in row))


def main():
    parser = argparse.ArgumentParser(description="Measure a checkpoint on a labelled folder.")
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("folder", type=Path, help="as faces.py writes it, or UTKFace")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads, 0: PyTorch decides (default)")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    pictures, truths = read_folder(options.folder)
    for task, found in predict(load(options.checkpoint), pictures).items():
        report(task, found, truths[task])


if __name__ == "__main__":
    main()
