"""Trains a trunk with heads for some of the tasks on a folder of pictures, drawn or real.

    python draw.py documents/train --count 12000 --seed 1
    python draw.py documents/val --count 600 --seed 2
    python train.py --data documents --trunk resnet --bf16 --out ../resnet

Writes best.pt, the weights that were best on the validation pictures, and model.json, which mtl-infer reads.
"""

import argparse
import json
import math
import time
from pathlib import Path

import torch

from dataset import TASKS, class_names, read_folder
from evaluate import accuracies, to_input
from losses import DummyGradientNorm, equal, loss, random_weights
from networks import RECIPES, SIZES, TRUNKS, Documents

BATCH = 32
WARM_UP = 0.08
# Passes over the pictures that take about as long for each trunk.
EPOCHS = {"resnet": 6, "perceiver": 4}
# Slant and direction are what labels tell of; the light may change, and the place by a few pixels.
SHIFT = 2
BRIGHTNESS = 0.06


def parse_options():
    parser = argparse.ArgumentParser(description="Train a network of documents.")
    parser.add_argument("--data", type=Path, required=True, help="folder with train/ and val/, each with labels.csv")
    parser.add_argument("--trunk", choices=tuple(TRUNKS), default="resnet", help="default: %(default)s")
    parser.add_argument("--tasks", default=",".join(TASKS), help="tasks to train, with commas (default: all)")
    parser.add_argument("--weighting", choices=("equal", "rlw", "dgr"), default="equal", help="default: %(default)s")
    parser.add_argument("--epochs", type=int, help="passes over the pictures (default: the trunk's)")
    parser.add_argument("--rate", type=float, default=2e-3, help="highest learning rate (default %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of weights and order (default %(default)s)")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads, 0: PyTorch decides (default)")
    parser.add_argument("--bf16", action="store_true", help="compute in bfloat16, faster where supported")
    parser.add_argument("--out", type=Path, required=True, help="folder for best.pt and model.json")
    return parser.parse_args()


def augmented(pictures):
    """Each batch moved by a few pixels, each picture made darker or brighter; the network's input."""
    down, across = torch.randint(-SHIFT, SHIFT + 1, (2,)).tolist()
    height, width = pictures.shape[2:]
    pictures = torch.nn.functional.pad(pictures.float(), (SHIFT,) * 4, mode="reflect")
    pictures = pictures[..., SHIFT + down : SHIFT + down + height, SHIFT + across : SHIFT + across + width]
    return to_input(pictures * (1 + BRIGHTNESS * torch.randn(len(pictures), 1, 1, 1)))


def write_model(model, classes, trunk, folder):
    """A bare state dict in half precision, which halves the file, and its description."""
    state = model.state_dict()
    for key, value in state.items():
        value = value.half() if value.is_floating_point() else value
        state[key] = value.cpu().clone(memory_format=torch.contiguous_format)
    torch.save(state, folder / "best.pt")
    size = SIZES[trunk]
    description = {
        "format": 1,
        "name": f"documents-{trunk}",
        "description": f"{', '.join(classes)} of a patch of a historical document, from a colour picture of {size}x{size}.",
        "weights": "best.pt",
        "network": RECIPES[trunk],
        "input": {
            "name": "image", "width": size, "height": size, "color": "rgb", "range": [0, 1],
            "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "resize": "stretch", "filter": "bilinear",
        },
        "tasks": [
            {"name": task, "kind": "classification", "labels": names, "output": "logits", "prefix": f"heads.{task}"}
            for task, names in classes.items()
        ],
    }  # fmt: skip
    tasks = ",\n    ".join(json.dumps(task, ensure_ascii=False) for task in description.pop("tasks"))
    fields = [f"  {json.dumps(name)}: {json.dumps(value)}" for name, value in description.items()]
    text = ",\n".join([*fields, f'  "tasks": [\n    {tasks}\n  ]'])
    (folder / "model.json").write_text(f"{{\n{text}\n}}\n")


class Training:
    def __init__(self, options):
        self.options = options
        known = class_names(options.data / "train")
        self.classes = {task: known[task] for task in options.tasks.split(",")}
        size = SIZES[options.trunk]
        self.pictures, self.truths = read_folder(options.data / "train", self.classes, size)
        self.validation = read_folder(options.data / "val", self.classes, size)
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        model = Documents(options.trunk, {task: len(names) for task, names in self.classes.items()})
        self.model = model.to(self.device, memory_format=torch.channels_last)
        self.epochs = options.epochs or EPOCHS[options.trunk]
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=options.rate, weight_decay=0.01)
        self.dummies = DummyGradientNorm(self.model.heads).to(self.device) if options.weighting == "dgr" else None
        self.best = -math.inf

    def step(self, chosen, progress):
        """Progress, from 0 to 1, sets the rate: a rise, then a cosine down to nothing."""
        share = min(progress / WARM_UP, 1) * (1 + math.cos(math.pi * progress)) / 2
        for group in self.optimizer.param_groups:
            group["lr"] = share * self.options.rate
        pictures = augmented(self.pictures[chosen]).to(self.device, memory_format=torch.channels_last)
        truths = {task: truth[chosen].to(self.device) for task, truth in self.truths.items()}
        with torch.autocast(self.device, torch.bfloat16, enabled=self.options.bf16):
            features = self.model.trunk(pictures)
            scores = {task: head(features) for task, head in self.model.heads.items()}
        losses = {task: loss(scores[task], truths[task]) for task in scores}
        total = random_weights(losses) if self.options.weighting == "rlw" else equal(losses)
        if self.dummies:
            total = total + self.dummies(features.float(), truths)
        self.optimizer.zero_grad()
        total.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        return sum(value.item() for value in losses.values()) / len(losses)

    def validate(self):
        """Keeps the weights if no earlier ones had a better mean accuracy."""
        shares = accuracies(self.model, *self.validation)
        mean = sum(shares.values()) / len(shares)
        if mean >= self.best:
            self.best = mean
            write_model(self.model, self.classes, self.options.trunk, self.options.out)
        return ", ".join(f"{task} {100 * share:.1f} %" for task, share in shares.items())

    def run(self):
        start = time.monotonic()
        for epoch in range(self.epochs):
            self.model.train()
            batches = torch.randperm(len(self.pictures)).split(BATCH)
            losses = [
                self.step(chosen, (epoch + index / len(batches)) / self.epochs) for index, chosen in enumerate(batches)
            ]
            minutes = (time.monotonic() - start) / 60
            print(f"{minutes:.1f} min, loss {sum(losses) / len(losses):.3f}; {self.validate()}", flush=True)


def main():
    options = parse_options()
    if options.threads:
        torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    options.out.mkdir(parents=True, exist_ok=True)
    Training(options).run()


if __name__ == "__main__":
    main()
