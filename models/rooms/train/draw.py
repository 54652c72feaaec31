"""Draws rooms and writes them as LibMTL keeps NYUv2, or as pictures.

    python draw.py DIR/train --count 6000 --seed 1
    python draw.py ../samples --count 6 --seed 2000 --pictures

The first writes image/0.npy (height, width, 3) in 0 to 1, label/0.npy (-1 where there is none), depth/0.npy in metres
and normal/0.npy, and so on. Room `index` of a seed is the same whatever else is drawn.
"""

import argparse
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from render import render
from rooms import make_room

WIDTH, HEIGHT = 384, 288


def draw(seed, index, width=WIDTH, height=HEIGHT):
    """Picture in bytes, labels, depth in metres, normals."""
    random = np.random.default_rng([seed, index])
    return render(make_room(random), width, height, random)


def write(options, index):
    picture, labels, depth, normals = draw(options.seed, index)
    if options.pictures:
        Image.fromarray(picture).save(options.out / f"{index:02}.png")
        return
    # Half precision keeps depth to 2 mm and halves what training has to read.
    arrays = {"image": picture / np.float32(255), "label": labels, "depth": depth, "normal": normals}
    for name, array in arrays.items():
        np.save(options.out / name / f"{index}.npy", array if name == "label" else array.astype(np.float16))


def main():
    parser = argparse.ArgumentParser(description="Draw rooms with the labels of NYUv2's three tasks.")
    parser.add_argument("out", type=Path, help="folder to write to, made if it is missing")
    parser.add_argument("--count", type=int, default=200, help="number of rooms (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="same seed, same rooms (default %(default)s)")
    parser.add_argument("--pictures", action="store_true", help="write PNG files without labels")
    parser.add_argument("--processes", type=int, default=1, help="processor cores to use (default %(default)s)")
    options = parser.parse_args()
    for name in () if options.pictures else ("image", "label", "depth", "normal"):
        (options.out / name).mkdir(parents=True, exist_ok=True)
    options.out.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(options.processes) as pool:
        drawn = pool.map(partial(write, options), range(options.count), chunksize=8)
        list(tqdm(drawn, total=options.count, desc="drawing rooms", unit="room"))


if __name__ == "__main__":
    main()
