"""Writes Tests/Fixtures/fingers/expected.json: what PyTorch answers for every sample of models/fingers.

    python tools/make_fingers_fixture.py

Maps the name of each picture to the probabilities of both tasks, float32 with all their digits. The pictures take
torchvision's way to the network: Grayscale, Resize, ToTensor, Normalize. "A+B" is the mean of two pictures, rounded
down: the network is in doubt about many of these, so that its answers are no mere zeros and ones.
"""

import json
import sys
from pathlib import Path

import numpy
import torch
from PIL import Image
from torchvision import transforms

ROOT = Path(__file__).resolve().parent.parent
MODEL = ROOT / "models" / "fingers"
sys.path.insert(0, str(MODEL / "train"))

from network import MTLNet  # noqa: E402


def pictures():
    """Every sample, then the mean of each with the seventh behind it."""
    samples = {path.name: Image.open(path) for path in sorted((MODEL / "samples").glob("*.png"))}
    yield from samples.items()
    names = list(samples)
    for first, second in zip(names, names[7:] + names[:7]):
        pair = [numpy.asarray(samples[name].convert("L"), dtype=numpy.uint16) for name in (first, second)]
        yield f"{first}+{second}", Image.fromarray((sum(pair) // 2).astype(numpy.uint8))


@torch.no_grad()
def main():
    model = MTLNet().eval()
    model.load_state_dict(torch.load(MODEL / "best.pt", map_location="cpu", weights_only=True))
    transform = transforms.Compose(
        [
            transforms.Grayscale(),
            transforms.Resize((128, 128)),
            transforms.ToTensor(),
            transforms.Normalize([0.5], [0.5]),
        ]
    )
    expected = {}
    for name, picture in pictures():
        hand, count = model(transform(picture).unsqueeze(0))
        expected[name] = {"hand": hand[0].tolist(), "count": count[0].tolist()}
    target = ROOT / "Tests" / "Fixtures" / "fingers" / "expected.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"  {json.dumps(name)}: {json.dumps(tasks)}" for name, tasks in expected.items()]
    target.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
