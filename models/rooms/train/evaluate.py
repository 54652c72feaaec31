"""Measures a checkpoint on a folder in LibMTL's layout of NYUv2, with LibMTL's figures.

python evaluate.py ../best.pt DIR
"""

import argparse
from pathlib import Path

import torch
from torch.nn import functional

from dataset import Frames
from network import CHANNELS, Rooms
from things import LABELS

CLASSES = CHANNELS["segmentation"]


class Scores:
    """Sums over all pixels of a set, for the tasks that a network has."""

    def __init__(self):
        self.confusion = torch.zeros(CLASSES, CLASSES, dtype=torch.int64)
        self.absolute, self.relative, self.pixels = 0.0, 0.0, 0
        self.angles = []

    def segmentation(self, scores, labels):
        is_known = labels >= 0
        pairs = labels[is_known] * CLASSES + scores.argmax(1)[is_known]
        self.confusion += torch.bincount(pairs, minlength=CLASSES**2).reshape(CLASSES, CLASSES)

    def depth(self, depth, truth):
        is_known = truth != 0
        error = (depth - truth).abs()[is_known].double()
        self.absolute += error.sum().item()
        self.relative += (error / truth[is_known]).sum().item()
        self.pixels += len(error)

    def normal(self, normals, truth):
        is_known = truth.abs().sum(1) != 0
        cosine = (functional.normalize(normals, dim=1) * truth).sum(1)[is_known]
        self.angles.append(torch.rad2deg(torch.acos(cosine.clamp(-1, 1))))

    def overlap(self):
        """Intersection over union of each class; not a number where a class is neither there nor found."""
        right = self.confusion.diagonal()
        return right / (self.confusion.sum(0) + self.confusion.sum(1) - right)

    def figures(self):
        found = {}
        if self.confusion.any():
            found["mean IoU"] = self.overlap().nanmean().item()
            found["pixel accuracy"] = (self.confusion.trace() / self.confusion.sum()).item()
        if self.pixels:
            found["absolute depth error (m)"] = self.absolute / self.pixels
            found["relative depth error"] = self.relative / self.pixels
        if self.angles:
            angles = torch.cat(self.angles)
            found["mean angle (degrees)"] = angles.mean().item()
            found["median angle (degrees)"] = angles.median().item()
            for limit in (11.25, 22.5, 30):
                found[f"within {limit} degrees"] = (angles < limit).float().mean().item()
        return found


@torch.no_grad()
def measure(model, frames, batch=4):
    model.eval()
    scores = Scores()
    device = next(model.parameters()).device
    for indices in torch.arange(len(frames)).split(batch):
        image, truths = frames.batch(indices.tolist())
        for task, output in model(image.to(device)).items():
            getattr(scores, task)(output.cpu(), truths[task])
    return scores


def load(path):
    state = torch.load(path, weights_only=True)
    tasks = [task for task in CHANNELS if f"decoders.{task}.4.bias" in state]
    model = Rooms(tasks, "hps" if "encoder.conv1.weight" in state else "mtan")
    model.load_state_dict(state)
    return model


def main():
    parser = argparse.ArgumentParser(description="Measure a checkpoint on labelled frames.")
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("data", type=Path, help="folder with image/, label/, depth/ and normal/")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads, 0: PyTorch decides (default)")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    scores = measure(load(options.checkpoint), Frames(options.data))
    for name, figure in scores.figures().items():
        print(f"{name:26}{figure:.4f}")
    if scores.confusion.any():
        print(
            "IoU of each class:",
            ", ".join(f"{name} {share:.3f}" for name, share in zip(LABELS, scores.overlap(), strict=True)),
        )


if __name__ == "__main__":
    main()
