"""Trains the network on drawn rooms, or on the real NYUv2 with --data: a folder of LibMTL's layout either way.

python draw.py rooms/train --count 8000 --seed 1
python draw.py rooms/val --count 64 --seed 2
python train.py --data rooms --bf16 --out ../best.pt
"""

import argparse
import math
import time
from pathlib import Path

import torch

from dataset import Frames
from evaluate import load, measure
from losses import LOSSES, DummyGradientNorm, equal, random_weights
from network import CHANNELS, Rooms

# Pictures are smaller first, so that the network sees many: up to which share of the time, made how much smaller, and
# how many in a step.
STAGES = ((0.15, 4, 16), (0.55, 2, 8), (1.0, 1, 4))
WARM_UP = 0.02
REPORT_SECONDS = 60


def parse_options():
    parser = argparse.ArgumentParser(description="Train the rooms network.")
    parser.add_argument("--data", type=Path, required=True, help="folder with train/ and val/ in LibMTL's layout")
    parser.add_argument("--start", type=Path, help="weights to go on from, with pictures of full size only")
    parser.add_argument("--minutes", type=float, default=45, help="time to train (default %(default)s)")
    parser.add_argument("--tasks", default=",".join(CHANNELS), help="tasks to train, with commas (default: all)")
    parser.add_argument("--weighting", choices=("equal", "rlw", "dgr"), default="equal", help="default: %(default)s")
    parser.add_argument("--rate", type=float, default=2e-3, help="highest learning rate (default %(default)s)")
    parser.add_argument("--validations", type=int, default=6, help="in the last stage (default %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of weights, order and mirroring (default %(default)s)")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads, 0: PyTorch decides (default)")
    parser.add_argument("--bf16", action="store_true", help="compute in bfloat16, faster where supported")
    parser.add_argument("--out", type=Path, default=Path("best.pt"), help="best weights (default %(default)s)")
    return parser.parse_args()


def augment(image, truths):
    """Half of the batches are mirrored; brightness and colour vary."""
    if torch.rand(()) < 0.5:
        image = image.flip(-1)
        truths = {task: truth.flip(-1) for task, truth in truths.items()}
        truths["normal"] = truths["normal"] * torch.tensor([-1.0, 1.0, 1.0]).view(1, 3, 1, 1)
    gain = 1 + 0.15 * torch.randn(len(image), 1, 1, 1) + 0.05 * torch.randn(len(image), 3, 1, 1)
    return (image * gain.clamp(0.5, 1.6)).clamp(0, 1), truths


def save(model, path):
    """A bare state dict as LibMTL writes it, in half precision, which halves the file."""
    state = model.state_dict()
    for key, value in state.items():
        value = value.half() if value.is_floating_point() else value
        state[key] = value.cpu().clone(memory_format=torch.contiguous_format)
    torch.save(state, path)


def batches(folder, shrink, size):
    """Endless; rooms that are drawn meanwhile are taken in after each round."""
    frames = Frames(folder, shrink, keeps=shrink > 1)
    while True:
        frames.names = Frames(folder).names
        for indices in torch.randperm(len(frames)).split(size):
            if len(indices) == size:
                yield frames.batch(indices.tolist())


class Training:
    def __init__(self, options):
        self.options = options
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        model = load(options.start) if options.start else Rooms(options.tasks.split(","))
        self.tasks = tuple(model.decoders)
        self.stages = STAGES[-1:] if options.start else STAGES
        self.model = model.to(self.device, memory_format=torch.channels_last)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=options.rate, weight_decay=1e-3)
        self.dummies = DummyGradientNorm(self.tasks).to(self.device) if options.weighting == "dgr" else None
        self.validation = Frames(options.data / "val")
        self.best = math.inf
        self.pictures = 0
        self.averages = {}

    def step(self, image, truths, progress):
        self.model.train()
        rate = min(progress / WARM_UP, 1) * (0.01 + 0.99 * (1 + math.cos(math.pi * progress)) / 2)
        for group in self.optimizer.param_groups:
            group["lr"] = rate * self.options.rate
        image, truths = augment(image, truths)
        truths = {task: truth.to(self.device) for task, truth in truths.items()}
        image = image.to(self.device, memory_format=torch.channels_last)
        size = image.shape[-2:]
        with torch.autocast(self.device, torch.bfloat16, enabled=self.options.bf16):
            features = self.model.encoder(image)
            outputs = {task: self.model.decode(features, task, size) for task in self.tasks}
        losses = {task: LOSSES[task](outputs[task], truths[task]) for task in self.tasks}
        total = random_weights(losses) if self.options.weighting == "rlw" else equal(losses)
        if self.dummies:
            total = total + self.dummies(features.float(), truths, size)
        self.optimizer.zero_grad()
        total.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
        self.optimizer.step()
        self.pictures += len(image)
        for task, loss in losses.items():
            self.averages[task] = 0.98 * self.averages.get(task, loss.item()) + 0.02 * loss.item()

    def report(self, minutes):
        averages = ", ".join(f"{task} {average:.3f}" for task, average in self.averages.items())
        print(f"{minutes:.1f} min, {self.pictures} pictures, losses: {averages}", flush=True)

    def validate(self):
        """Keeps the weights if they are the best so far by the sum of what each task gets wrong."""
        figures = measure(self.model, self.validation).figures()
        print("validation:", ", ".join(f"{name} {figure:.3f}" for name, figure in figures.items()), flush=True)
        wrong = (
            1
            - figures.get("mean IoU", 1)
            + figures.get("relative depth error", 0)
            + figures.get("mean angle (degrees)", 0) / 90
        )
        if wrong < self.best:
            self.best = wrong
            save(self.model, self.options.out)

    def run(self):
        """The stages one after the other, by the clock."""
        start = time.monotonic()

        def elapsed():
            return (time.monotonic() - start) / 60

        reported, begun = 0.0, 0.0
        for end, shrink, size in self.stages:
            source = batches(self.options.data / "train", shrink, size)
            pauses = self.options.validations if shrink == 1 else 1
            for number in range(1, pauses + 1):
                until = (begun + (end - begun) * number / pauses) * self.options.minutes
                while elapsed() < until:
                    self.step(*next(source), elapsed() / self.options.minutes)
                    if elapsed() - reported > REPORT_SECONDS / 60:
                        reported = elapsed()
                        self.report(reported)
                self.validate()
            begun = end


def main():
    options = parse_options()
    if options.threads:
        torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    Training(options).run()


if __name__ == "__main__":
    main()
