"""Draws cartoon faces with three labels each: age by decades, glasses, expression.

    python faces.py held-out --count 2000 --seed 1000

writes held-out/0000.png and so on, and held-out/labels.csv with the columns file, age, glasses, expression and years.
Face `index` of a seed is the same whatever else is drawn.
"""

import argparse
import csv
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from canvas import Canvas
from features import draw_brows, draw_eyes, draw_mouth, draw_nose, make_mimic
from hair import draw_back, draw_beard, draw_front, draw_moustache, make_hair
from head import draw_body, draw_ears, draw_head, draw_marks, draw_shine, draw_wrinkles
from person import AGE_LABELS, EXPRESSION_LABELS, GLASSES_LABELS, decade, make_person
from scene import develop, draw_background
from wear import draw_glasses, draw_hat, draw_obstacle

SIDE = 96


def make_canvas(person, random):
    """Where the head is in the picture."""
    scale = SIDE * random.uniform(0.31, 0.38)
    centre = SIDE * np.array([0.5, 0.52]) + SIDE * random.normal(0, 0.025, 2)
    roll = np.clip(random.normal(0, 0.12), -0.35, 0.35)
    turn = np.clip(random.normal(0, (0.11, 0.05)), -0.25, 0.25)
    return Canvas(SIDE, scale, centre, roll, turn, person.half_width)


def draw_face(seed, index):
    """A picture (96, 96, 3) in bytes, and who is on it."""
    random = np.random.default_rng([seed, index])
    person = make_person(random)
    mimic, hair = make_mimic(person, random), make_hair(person, random)
    canvas = make_canvas(person, random)
    draw_background(canvas, random)
    draw_back(canvas, person, hair, random)
    draw_body(canvas, person, random)
    draw_ears(canvas, person, random)
    draw_head(canvas, person, random)
    draw_shine(canvas, person, random)
    draw_marks(canvas, person, random)
    draw_wrinkles(canvas, person, random)
    beard = draw_beard(canvas, person, random)
    draw_mouth(canvas, person, mimic, random)
    if beard in ("full", "moustache"):
        draw_moustache(canvas, person, random)
    draw_nose(canvas, person, random)
    draw_front(canvas, person, hair, random)
    draw_eyes(canvas, person, mimic, random)
    draw_brows(canvas, person, mimic, random)
    if person.glasses:
        draw_glasses(canvas, person, random)
    if random.random() < 0.14:
        draw_hat(canvas, person, random)
    if random.random() < 0.15:
        draw_obstacle(canvas, random)
    return develop(canvas.image, SIDE, random), person


def classes(person):
    """Indices of the three tasks' classes."""
    return decade(person.age), person.glasses, person.expression


def write(options, index):
    picture, person = draw_face(options.seed, index)
    name = f"{index:04}.png"
    Image.fromarray(picture).save(options.out / name)
    age, glasses, expression = classes(person)
    return name, AGE_LABELS[age], GLASSES_LABELS[glasses], EXPRESSION_LABELS[expression], person.age


def main():
    parser = argparse.ArgumentParser(description="Draw cartoon faces with labels of age, glasses and expression.")
    parser.add_argument("out", type=Path, help="folder to write to, made if it is missing")
    parser.add_argument("--count", type=int, default=2000, help="number of faces (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="same seed, same faces (default %(default)s)")
    parser.add_argument("--processes", type=int, default=1, help="processor cores to use (default %(default)s)")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(options.processes) as pool:
        drawn = pool.map(partial(write, options), range(options.count), chunksize=8)
        rows = list(tqdm(drawn, total=options.count, desc="drawing faces", unit="face"))
    with open(options.out / "labels.csv", "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("file", "age", "glasses", "expression", "years"))
        writer.writerows(rows)


if __name__ == "__main__":
    main()
