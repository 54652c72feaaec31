"""Writes the frames of a folder again in half the size, as training sees them then.

python halve.py DIR DIR-half
"""

import argparse
from pathlib import Path

import numpy as np

from dataset import Frames


def main():
    parser = argparse.ArgumentParser(description="Halve the size of labelled frames.")
    parser.add_argument("data", type=Path, help="folder with image/, label/, depth/ and normal/")
    parser.add_argument("out", type=Path, help="folder to write to, made if it is missing")
    options = parser.parse_args()
    frames = Frames(options.data, shrink=2)
    for part in ("image", "label", "depth", "normal"):
        (options.out / part).mkdir(parents=True, exist_ok=True)
    for name in frames.names:
        image, label, depth, normal = frames.read(name)
        arrays = {"image": image.permute(1, 2, 0), "label": label, "depth": depth[0], "normal": normal.permute(1, 2, 0)}
        for part, array in arrays.items():
            np.save(options.out / part / name, array.numpy())


if __name__ == "__main__":
    main()
