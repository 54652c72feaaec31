"""What is on walls: pictures, windows, doors. The middle of pictures and windows is at z = 0."""

import numpy as np

from textures import Material
from things import PICTURE, WALL, WINDOW, Thing, colour, fabric, metal, seed, wood_or_painted


def picture(random):
    width, height = random.uniform(0.3, 1.1), random.uniform(0.3, 0.9)
    thing = Thing(width, 0.03)
    frame = colour(random, 0.3, 0.05, 0.9)
    material = Material(
        frame, "painting", np.full(3, 0.85, np.float32), random.uniform(0.05, 0.3), 0.1, seed=seed(random)
    )
    thing.box(PICTURE, material, (-width / 2, 0, -height / 2), (width / 2, random.uniform(0.015, 0.05), height / 2))
    return thing


def window(random, sky, bright):
    """Glass and frame, and sometimes curtains or blinds; the middle at z = 0."""
    width, height = random.uniform(0.7, 2.0), random.uniform(0.9, 1.5)
    thing = Thing(width + 0.5, 0.15)
    half = width / 2
    white = colour(random, 0.05, 0.7, 0.95)
    view = Material(white, "daylight", sky, glow=bright, gloss=0.2, seed=seed(random))
    thing.box(WINDOW, view, (-half, 0, -height / 2), (half, 0.04, height / 2))
    choice = random.random()
    if choice < 0.45:
        cloth = fabric(random)
        cloth.pattern, cloth.scale, cloth.second, cloth.glow = (
            "folds",
            random.uniform(0.08, 0.2),
            cloth.colour * 0.6,
            0.2 * bright,
        )
        low = -height / 2 - random.choice([0.1, 0.7])
        share = random.uniform(0.2, 0.5)
        for side in (-1, 1):
            start, end = sorted((side * (half + 0.2), side * (half + 0.2 - share * width)))
            thing.box(WINDOW, cloth, (start, 0.05, low), (end, 0.12, height / 2 + 0.15))
    elif choice < 0.65:
        slats = Material(white, "blinds", None, random.uniform(0.04, 0.08), glow=0.5 * bright)
        thing.box(WINDOW, slats, (-half, 0.04, height / 2 - height * random.uniform(0.3, 1)), (half, 0.07, height / 2))
    return thing


def door(random):
    """A door counts as wall, as in NYUv2's 13 classes."""
    thing = Thing(0.95, 0.06)
    leaf = wood_or_painted(random)
    thing.box(WALL, leaf, (-0.42, 0, 0), (0.42, 0.04, 2.02))
    for x in (-0.47, 0.42):
        thing.box(WALL, leaf, (x, 0, 0), (x + 0.05, 0.06, 2.07))
    thing.box(WALL, leaf, (-0.47, 0, 2.02), (0.47, 0.06, 2.08))
    thing.add("sphere", WALL, metal(random), (0.35, 0.08, 1.0), (0.03, 0.03, 0.03))
    return thing
