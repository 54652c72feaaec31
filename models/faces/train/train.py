"""Trains the network on drawn faces, or on the real UTKFace with --data.

python train.py --bf16 --cache cache --out ../best.pt
python train.py --bf16 --cache cache --tasks age --out ../single/age/best.pt
python train.py --data UTKFACE --out utkface.pt
"""

import argparse
import math
import time
from pathlib import Path

import torch

from augment import augment
from dataset import drawn, read_folder, split
from evaluate import accuracies, to_images
from losses import DummyGradientNorm, equal, random_weights, task_losses
from network import Faces, normalize

WARM_UP = 0.05


def parse_options():
    parser = argparse.ArgumentParser(description="Train the faces network.")
    parser.add_argument("--data", type=Path, help="folder with UTKFace's pictures (default: draw faces)")
    parser.add_argument("--pictures", type=int, default=20000, help="drawn training faces (default %(default)s)")
    parser.add_argument("--validation", type=int, default=1000, help="drawn validation faces (default %(default)s)")
    parser.add_argument("--processes", type=int, default=1, help="cores that draw (default %(default)s)")
    parser.add_argument("--cache", type=Path, help="folder that keeps the drawn faces for the next run")
    parser.add_argument("--tasks", help="tasks to train, with commas (default: all)")
    parser.add_argument("--weighting", choices=("equal", "rlw", "dgr"), default="equal", help="default: %(default)s")
    parser.add_argument("--epochs", type=int, default=8, help="passes over the faces (default %(default)s)")
    parser.add_argument("--batch", type=int, default=64, help="faces in a step (default %(default)s)")
    parser.add_argument("--rate", type=float, default=3e-3, help="highest learning rate (default %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of weights, order and changes (default %(default)s)")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads, 0: PyTorch decides (default)")
    parser.add_argument("--bf16", action="store_true", help="compute in bfloat16, faster where supported")
    parser.add_argument("--out", type=Path, default=Path("best.pt"), help="best epoch's weights (default %(default)s)")
    return parser.parse_args()


def load_sets(options):
    """Training and validation pictures with their classes. Training is drawn from seed 1, validation from seed 2."""
    if options.data:
        return split(*read_folder(options.data))
    sizes = (options.pictures, options.validation)
    return [drawn(seed, size, options.processes, options.cache) for seed, size in enumerate(sizes, start=1)]


def save(model, path):
    """A bare state dict in half precision, which halves the file."""
    state = model.state_dict()
    for key, value in state.items():
        value = value.half() if value.is_floating_point() else value
        state[key] = value.cpu().clone(memory_format=torch.contiguous_format)
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(state, path)


class Training:
    def __init__(self, options):
        self.options = options
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        (self.pictures, truths), (self.validation, self.wanted) = load_sets(options)
        tasks = options.tasks.split(",") if options.tasks else list(truths)
        self.truths = {task: truths[task] for task in tasks}
        self.model = Faces(tasks).to(self.device, memory_format=torch.channels_last)
        self.dummies = DummyGradientNorm(tasks).to(self.device) if options.weighting == "dgr" else None
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=options.rate, weight_decay=0.01)
        self.steps = options.epochs * (len(self.pictures) // options.batch)
        self.done = 0
        self.best = 0.0

    def set_rate(self):
        progress = self.done / self.steps
        rate = min(progress / WARM_UP, 1) * (0.005 + 0.995 * (1 + math.cos(math.pi * progress)) / 2)
        for group in self.optimizer.param_groups:
            group["lr"] = rate * self.options.rate
        self.done += 1

    def step(self, chosen):
        self.set_rate()
        images = normalize(augment(to_images(self.pictures[chosen]).to(self.device)))
        images = images.contiguous(memory_format=torch.channels_last)
        truths = {task: truth[chosen].to(self.device) for task, truth in self.truths.items()}
        with torch.autocast(self.device, torch.bfloat16, enabled=self.options.bf16):
            features = self.model.encoder(images)
        features = features.float()
        losses = task_losses({task: head(features) for task, head in self.model.heads.items()}, truths)
        total = random_weights(losses) if self.options.weighting == "rlw" else equal(losses)
        if self.dummies:
            total = total + self.dummies(features, truths)
        self.optimizer.zero_grad()
        total.backward()
        self.optimizer.step()
        return torch.stack(list(losses.values())).detach()

    def epoch(self):
        self.model.train()
        batches = torch.randperm(len(self.pictures)).split(self.options.batch)
        losses = [self.step(chosen) for chosen in batches if len(chosen) == self.options.batch]
        return torch.stack(losses).mean(0).tolist()

    def run(self):
        start = time.monotonic()
        for number in range(1, self.options.epochs + 1):
            losses = dict(zip(self.truths, self.epoch(), strict=True))
            shares = accuracies(self.model, self.validation, self.wanted)
            mean = sum(shares.values()) / len(shares)
            is_best = mean > self.best
            if is_best:
                self.best = mean
                save(self.model, self.options.out)
            minutes = (time.monotonic() - start) / 60
            told = ", ".join(f"{task} {100 * share:.1f} % (loss {losses[task]:.3f})" for task, share in shares.items())
            print(f"epoch {number}, {minutes:.1f} min: {told}{', saved' if is_best else ''}", flush=True)


def main():
    options = parse_options()
    if options.threads:
        torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    Training(options).run()


if __name__ == "__main__":
    main()
