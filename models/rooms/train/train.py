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
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from dataset import Frames
from evaluate import measure
from losses import LOSSES, DummyGradientNorm, equal, random_weights
from network import CHANNELS, Rooms, attention_keys

# Pictures are smaller first, so that the network sees many: up to which share of the training, made how much smaller,
# and how many in a step.
STAGES = {
    "all": ((0.15, 4, 16), (0.45, 2, 8), (1.0, 1, 4)),
    "half": ((0.5, 4, 16), (1.0, 2, 8)),
    "larger": ((0.3, 2, 8), (1.0, 1, 4)),
    "whole": ((1.0, 1, 4),),
}
WARM_UP = 0.02
# Of the average of the weights over the last steps, which is what is measured and kept.
DECAY = 0.995
REPORT_SECONDS = 60
SAVE_SECONDS = 180


def parse_options():
    parser = argparse.ArgumentParser(description="Train the rooms network.")
    parser.add_argument("--data", type=Path, required=True, help="folder with train/ and val/ in LibMTL's layout")
    parser.add_argument("--architecture", choices=("mtan", "hps"), default="mtan", help="default: %(default)s")
    parser.add_argument("--start", type=Path, help="weights to go on from; MTAN takes those of hps, too")
    parser.add_argument("--resume", action="store_true", help="go on with a training that was interrupted")
    parser.add_argument("--minutes", type=float, default=60, help="time to train (default %(default)s)")
    parser.add_argument("--pictures", type=int, help="train until so many were seen, not by the clock")
    parser.add_argument("--sizes", choices=STAGES, default="all", help="of pictures (default %(default)s)")
    parser.add_argument("--freeze", type=float, default=0.6, help="share before statistics stand (default %(default)s)")
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


def begin(options):
    """A network with random weights, or with those to start from as far as it has such layers."""
    model = Rooms(options.tasks.split(","), options.architecture)
    if options.start:
        state = torch.load(options.start, weights_only=True)
        model.load_state_dict(attention_keys(state) if options.architecture == "mtan" else state, strict=False)
    return model


class Training:
    def __init__(self, options):
        self.options = options
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.model = begin(options).to(self.device, memory_format=torch.channels_last)
        self.average = AveragedModel(self.model, multi_avg_fn=get_ema_multi_avg_fn(DECAY), use_buffers=True)
        self.tasks = tuple(self.model.decoders)
        self.stages = STAGES[options.sizes]
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=options.rate, weight_decay=1e-3)
        self.dummies = DummyGradientNorm(self.tasks).to(self.device) if options.weighting == "dgr" else None
        self.validation = Frames(options.data / "val", self.stages[-1][1])
        self.best = math.inf
        self.pictures = 0
        self.losses = {}
        self.start = time.monotonic()
        self.saved = options.out.with_suffix(".training")
        if options.resume:
            self.resume()

    def elapsed(self):
        """Minutes, without those between an interruption and its end."""
        return (time.monotonic() - self.start) / 60

    def progress(self):
        if self.options.pictures:
            return self.pictures / self.options.pictures
        return self.elapsed() / self.options.minutes

    def step(self, image, truths):
        progress = self.progress()
        self.model.train()
        # The statistics of a step's few pictures are noise, and not what the network normalises by when it is measured.
        if progress >= self.options.freeze:
            for module in self.model.modules():
                if isinstance(module, nn.BatchNorm2d):
                    module.eval()
        rate = min(progress / WARM_UP, 1) * (0.01 + 0.99 * (1 + math.cos(math.pi * min(progress, 1))) / 2)
        for group in self.optimizer.param_groups:
            group["lr"] = rate * self.options.rate
        image, truths = augment(image, truths)
        truths = {task: truth.to(self.device) for task, truth in truths.items()}
        image = image.to(self.device, memory_format=torch.channels_last)
        size = image.shape[-2:]
        with torch.autocast(self.device, torch.bfloat16, enabled=self.options.bf16):
            features = self.model.features(image)
            outputs = {task: self.model.decode(features[task], task, size) for task in self.tasks}
        losses = {task: LOSSES[task](outputs[task], truths[task]) for task in self.tasks}
        total = random_weights(losses) if self.options.weighting == "rlw" else equal(losses)
        if self.dummies:
            total = total + self.dummies({task: map.float() for task, map in features.items()}, truths, size)
        self.optimizer.zero_grad()
        total.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
        self.optimizer.step()
        self.average.update_parameters(self.model)
        self.pictures += len(image)
        for task, loss in losses.items():
            self.losses[task] = 0.98 * self.losses.get(task, loss.item()) + 0.02 * loss.item()

    def report(self):
        losses = ", ".join(f"{task} {loss:.3f}" for task, loss in self.losses.items())
        print(f"{self.elapsed():.1f} min, {self.pictures} pictures, losses: {losses}", flush=True)

    def validate(self):
        """Keeps the weights if they are the best so far by the sum of what each task gets wrong."""
        figures = measure(self.average.module, self.validation).figures()
        print("validation:", ", ".join(f"{name} {figure:.3f}" for name, figure in figures.items()), flush=True)
        wrong = (
            1
            - figures.get("mean IoU", 1)
            + figures.get("relative depth error", 0)
            + figures.get("mean angle (degrees)", 0) / 90
        )
        if wrong < self.best:
            self.best = wrong
            save(self.average.module, self.options.out)

    def keep(self):
        """Writes what `--resume` needs, so that an interruption leaves the file before it."""
        state = {"minutes": self.elapsed(), "best": self.best, "pictures": self.pictures, "losses": self.losses}
        state |= {name: getattr(self, name).state_dict() for name in ("model", "average", "optimizer")}
        torch.save(state, self.saved.with_suffix(".part"))
        self.saved.with_suffix(".part").rename(self.saved)

    def resume(self):
        state = torch.load(self.saved, weights_only=True)
        for name in ("model", "average", "optimizer"):
            getattr(self, name).load_state_dict(state[name])
        self.best, self.pictures, self.losses = state["best"], state["pictures"], state["losses"]
        self.start -= 60 * state["minutes"]

    def run(self):
        """The stages one after the other."""
        reported = kept = self.elapsed()
        begun = 0.0
        for end, shrink, size in self.stages:
            source = batches(self.options.data / "train", shrink, size)
            pauses = self.options.validations if end == 1 else 1
            for number in range(1, pauses + 1):
                until = begun + (end - begun) * number / pauses
                if self.progress() >= until:
                    continue
                while self.progress() < until:
                    self.step(*next(source))
                    if self.elapsed() - reported > REPORT_SECONDS / 60:
                        reported = self.elapsed()
                        self.report()
                    if self.elapsed() - kept > SAVE_SECONDS / 60:
                        kept = self.elapsed()
                        self.keep()
                self.validate()
            begun = end
        self.saved.unlink(missing_ok=True)


def main():
    options = parse_options()
    if options.threads:
        torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    Training(options).run()


if __name__ == "__main__":
    main()
