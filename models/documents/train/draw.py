"""Draws pages of historical documents, or patches of them, and writes pictures with labels.csv.

    python draw.py DIR/train --count 12000 --seed 1
    python draw.py ../samples/pages --count 4 --seed 2000 --pages

A patch is SIZE pixels wide and high and its text about PATCH_TEXT pixels, as a runtime that brings pages to one height of
text would cut it. Whole pages have text of any height. Picture `index` of a seed is the same whatever else is drawn.
"""

import argparse
import csv
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from aging import develop
from fonts import require_all
from traits import draw_traits
from typeset import Frame, typeset

SIZE = 64
# Heights of small letters in pixels, without ascenders.
PATCH_TEXT = (7, 10)
PAGE_TEXT = (7, 18)
PAGE_SIZE = (480, 640)
# Drawn around a patch, so that turning it brings in no corners.
MARGIN = 8
TURN_DEGREES = 1.2
COLUMNS = ("file", "font", "script", "location", "date", "text_height")


def patch_frame(random):
    """Half of the patches see the text's left edge, some its top or bottom; lines go on beyond the right."""
    size = SIZE + 2 * MARGIN
    left = MARGIN + random.uniform(2, 16) if random.random() < 0.5 else -random.uniform(0, 30)
    top = MARGIN + random.uniform(2, 16) if random.random() < 0.2 else -random.uniform(0, 20)
    bottom = size - MARGIN - random.uniform(2, 16) if random.random() < 0.2 else size
    return Frame(size, size, left, top, size + 80, bottom, random.uniform(*PATCH_TEXT))


def page_frame(random):
    width, height = PAGE_SIZE
    across, down = width * random.uniform(0.1, 0.15), height * random.uniform(0.1, 0.13)
    return Frame(width, height, across, down, width - across, height - down, random.uniform(*PAGE_TEXT))


def turned(layers, random):
    degrees = random.normal(0, TURN_DEGREES)
    return [
        np.asarray(Image.fromarray(layer.astype(np.float32)).rotate(degrees, Image.Resampling.BILINEAR))
        for layer in layers
    ]


def draw(seed, index, is_page=False):
    """A picture in bytes, its labels, and how high its small letters are in pixels."""
    random = np.random.default_rng([seed, index])
    traits = draw_traits(random)
    frame = page_frame(random) if is_page else patch_frame(random)
    layers = typeset(traits, frame, random)
    if not is_page:
        inside = slice(MARGIN, MARGIN + SIZE)
        layers = [layer[inside, inside] for layer in turned(layers, random)]
    return develop(traits, layers, random), {**traits.labels(), "text_height": f"{frame.text_height:.1f}"}


def write(options, index):
    picture, labels = draw(options.seed, index, options.pages)
    # The noise of a page makes a large PNG.
    name = f"{index:05}.{'jpg' if options.pages else 'png'}"
    Image.fromarray(picture).save(options.out / name, quality=90)
    return {"file": name, **labels}


def main():
    parser = argparse.ArgumentParser(description="Draw patches or pages of documents with the labels of four tasks.")
    parser.add_argument("out", type=Path, help="folder to write to, made if it is missing")
    parser.add_argument("--count", type=int, default=2000, help="number of pictures (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="same seed, same pictures (default %(default)s)")
    parser.add_argument("--pages", action="store_true", help="whole pages, with text of differing heights")
    parser.add_argument("--processes", type=int, default=1, help="processor cores to use (default %(default)s)")
    options = parser.parse_args()
    require_all()
    options.out.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(options.processes) as pool:
        drawn = pool.map(partial(write, options), range(options.count), chunksize=16)
        rows = list(tqdm(drawn, total=options.count, desc="drawing", unit="picture"))
    with open(options.out / "labels.csv", "w", newline="") as file:
        table = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


if __name__ == "__main__":
    main()
