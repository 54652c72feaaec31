"""How long a picture of 4000x3000 takes to become a network's input of 384x288, against Pillow and OpenCV.

    pip install numpy pillow opencv-python-headless
    taskset -c 0 python Benchmarks/compare_preparation.py [--rounds 3]

The peers resize, divide by 255 and put channels first; decoding is part of neither side. Ours and the peer's take turns in
every round; a ratio is the peer's time divided by ours on one core. That the pixels are the same is a matter of the tests.
"""

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import cv2
import numpy
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
BINARY = Path(os.environ.get("MTL_INFER_BINARY", ROOT / ".build" / "release" / "mtl-infer"))
SIZE = (384, 288)
PICTURES = 9
RUNS = 5
PEERS = {
    "bilinear": ("Pillow", Image.BILINEAR), "bicubic": ("Pillow", Image.BICUBIC),
    "opencv_linear": ("OpenCV", cv2.INTER_LINEAR), "opencv_cubic": ("OpenCV", cv2.INTER_CUBIC),
    "opencv_area": ("OpenCV", cv2.INTER_AREA),
}  # fmt: skip


def milliseconds(work):
    """The median of a few runs."""
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        work()
        times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times)


def own(folder, name, threads):
    """What `run` says of the pictures but the first, for the rooms model with another filter."""
    model = folder / "model"
    model.mkdir(exist_ok=True)
    card = json.loads((ROOT / "models" / "rooms" / "model.json").read_text())
    card["input"]["filter"] = name
    (model / "model.json").write_text(json.dumps(card))
    if not (model / "best.pt").exists():
        (model / "best.pt").symlink_to(ROOT / "models" / "rooms" / "best.pt")
    command = [BINARY, "run", model, folder / "pictures", "--json", "--tasks", "depth", "--threads", str(threads)]
    reports = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return statistics.median(report["prepare_ms"] for report in reports[1:])


def peer(name, picture, pixels):
    library, filter = PEERS[name]
    if library == "Pillow":
        small = numpy.asarray(picture.resize(SIZE, filter))
    else:
        small = cv2.resize(pixels, SIZE, interpolation=filter)
    return (small.astype(numpy.float32) / 255).transpose(2, 0, 1).copy()


def main():
    parser = argparse.ArgumentParser(description="Times preparation against Pillow and OpenCV.")
    parser.add_argument("--rounds", type=int, default=3, help="default: %(default)s")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    noise = numpy.random.default_rng(0).integers(0, 255, (300, 400, 3)).astype(numpy.uint8)
    picture = Image.fromarray(noise).resize((4000, 3000))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "pictures").mkdir()
        for index in range(PICTURES):
            picture.save(folder / "pictures" / f"{index}.jpg", quality=85)
        picture = Image.open(folder / "pictures" / "0.jpg").convert("RGB")
        pixels = numpy.asarray(picture)
        times = {filter: ([], []) for filter in PEERS}
        for _ in range(options.rounds):
            for filter, (ours, theirs) in times.items():
                ours.append(own(folder, filter, 1))
                theirs.append(milliseconds(lambda filter=filter: peer(filter, picture, pixels)))
    for filter, (ours, theirs) in times.items():
        ratio = statistics.median(other / mine for mine, other in zip(ours, theirs))
        print(f"{filter:14} {statistics.median(ours):6.2f} ms, {PEERS[filter][0]} / ours {ratio:.2f}")


if __name__ == "__main__":
    main()
