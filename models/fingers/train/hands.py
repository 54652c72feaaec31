"""Draws grey 128x128 pictures of hands that show 0 to 5 fingers, in the manner of Kaggle's 'Fingers' data set.

    python hands.py OUT --count 3000 --seed 1000

writes OUT/<index>_<count><L|R>.png, the index as eight hexadecimal digits. The palm always faces the viewer: the thumb
of a right hand (R) is on the right of the picture when the fingers point up, that of a left hand (L) on the left.
Picture `index` of a seed is the same whatever else is drawn, and any twelve pictures in a row hold every count on
both hands once.
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from anatomy import build_hand, transform
from render import CANVAS, SIZE, SUPERSAMPLING, render

COUNTS = 6
# Palm width in picture pixels, and the room that fingers and thumb may take of the picture.
PALM_PIXELS = (34.0, 50.0)
ROOM_PIXELS = 100.0


def label_of(index):
    """Finger count and whether it is a left hand."""
    return index % COUNTS, (index // COUNTS) % 2 == 1


def rotation(random):
    """Turns the hand a little out of the picture plane, then within it."""
    # Tilting back further than this would lift folded knuckles to where raised fingertips are.
    yaw, pitch = np.radians(np.clip(random.normal(0, [11, 9]), [-26, -10], [26, 22]))
    roll = np.radians(np.clip(random.normal(0, 17), -45, 45))
    about_y = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
    about_z = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    return about_z @ about_x @ about_y


def place(hand, random):
    """Turns and scales the hand and puts it near the centre; returns the size of a palm width on the canvas."""
    transform(hand, rotation(random))
    points = np.array(hand.landmarks)[:, :2]
    extent = (points.max(axis=0) - points.min(axis=0)).max()
    unit = min(random.uniform(*PALM_PIXELS), ROOM_PIXELS / extent) * SUPERSAMPLING
    # Rows of a picture run downwards.
    centre = unit * np.array([1, -1]) * (points.max(axis=0) + points.min(axis=0)) / 2
    shift = random.uniform(-6, 6, 2) * SUPERSAMPLING
    transform(hand, unit * np.diag([1.0, -1.0, 1.0]), np.append(CANVAS / 2 - centre + shift, 0))
    for bone in hand.bones:
        bone.start_radius *= unit
        bone.end_radius *= unit
    return unit


def draw_hand(seed, index):
    """One picture as 128x128 bytes, with its finger count and whether it is a left hand."""
    random = np.random.default_rng([seed, index])
    count, is_left = label_of(index)
    hand = build_hand(count, is_left, random)
    unit = place(hand, random)
    return render(hand, unit, random), count, is_left


def draw_many(seed, number):
    """Pictures (number, 128, 128), finger counts, and 1 for left or 0 for right."""
    pictures = np.empty((number, SIZE, SIZE), np.uint8)
    counts, lefts = np.empty(number, np.int64), np.empty(number, np.int64)
    for index in tqdm(range(number), desc=f"drawing hands, seed {seed}", unit="picture"):
        pictures[index], counts[index], lefts[index] = draw_hand(seed, index)
    return pictures, counts, lefts


def main():
    parser = argparse.ArgumentParser(description="Draw pictures of hands that show 0 to 5 fingers.")
    parser.add_argument("out", type=Path, help="folder for the pictures, made if it is missing")
    parser.add_argument("--count", type=int, default=1200, help="number of pictures (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="same seed, same pictures (default %(default)s)")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for index in tqdm(range(options.count), desc="drawing hands", unit="picture"):
        picture, count, is_left = draw_hand(options.seed, index)
        Image.fromarray(picture).save(options.out / f"{index:08x}_{count}{'L' if is_left else 'R'}.png")


if __name__ == "__main__":
    main()
