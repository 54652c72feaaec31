"""Accuracy of a checkpoint on a folder of named pictures.

    python evaluate.py ../best.pt FOLDER

FOLDER holds PNG pictures named <anything>_<count><L|R>.png: drawn by hands.py or the test/ folder of the real data set.
"""

import argparse
import math
from collections import Counter
from pathlib import Path

import torch

from dataset import read_folder
from network import COUNT_LABELS, HAND_LABELS, MTLNet, to_input


@torch.no_grad()
def probabilities(model, pictures, batch=250):
    """Both tasks' probabilities for bytes (number, height, width)."""
    model.eval()
    device = next(model.parameters()).device
    chunks = torch.as_tensor(pictures).split(batch)
    parts = [model(to_input(chunk.to(device))) for chunk in chunks]
    return tuple(torch.cat(task).cpu() for task in zip(*parts))


def confidence_interval(right, number):
    """Wilson's 95 % interval of a share: holds near 100 % too, where the usual one does not."""
    z = 1.959964
    share, spread = right / number, z * z / number
    middle = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * math.sqrt(share * (1 - share) / number + spread / (4 * number))
    return middle - half, middle + half


def report(name, labels, predicted, wanted):
    right, number = int((predicted == wanted).sum()), len(wanted)
    low, high = confidence_interval(right, number)
    share = 100 * right / number
    print(f"{name}: {right}/{number} right, {share:.2f} % (95 %: {100 * low:.2f} to {100 * high:.2f} %)")
    wrong = Counter((int(w), int(p)) for w, p in zip(wanted, predicted) if w != p)
    for (want, got), times in wrong.most_common():
        print(f"  {labels[want]} taken for {labels[got]}: {times}")


def main():
    parser = argparse.ArgumentParser(description="Measure both tasks' accuracy on a folder of named pictures.")
    parser.add_argument("checkpoint", type=Path, help="state dict, for example ../best.pt")
    parser.add_argument("folder", type=Path, help="pictures named <anything>_<count><L|R>.png")
    parser.add_argument("--list-wrong", action="store_true", help="print the name of every mistaken picture")
    options = parser.parse_args()

    model = MTLNet()
    model.load_state_dict(torch.load(options.checkpoint, map_location="cpu", weights_only=True))
    pictures, counts, lefts, paths = read_folder(options.folder)
    hand, count = (task.argmax(dim=1).numpy() for task in probabilities(model, pictures))
    report("hand", HAND_LABELS, hand, lefts)
    report("count", COUNT_LABELS, count, counts)
    both = int(((hand == lefts) & (count == counts)).sum())
    print(f"both: {both}/{len(paths)} right, {100 * both / len(paths):.2f} %")
    if options.list_wrong:
        for path, h, c, left, number in zip(paths, hand, count, lefts, counts):
            if h != left or c != number:
                print(f"  {path.name}: taken for {COUNT_LABELS[c]} {HAND_LABELS[h]}")


if __name__ == "__main__":
    main()
