"""Books, televisions, and small things on tables, shelves and floors; their plan is told in things.py."""

import numpy as np

from textures import Material
from things import BOOKS, OBJECTS, TV, Thing, colour, fabric, metal, seed


def book_row(thing, random, low, high, z, room, depth):
    while high - low > 0.05:
        end = min(low + random.uniform(0.06, 0.2), high)
        height = min(random.uniform(0.17, 0.3), room)
        material = Material(colour(random), "spines", None, random.uniform(0.02, 0.05), seed=seed(random))
        thing.box(BOOKS, material, (low, 0.03, z), (end, min(depth - random.uniform(0.02, 0.09), 0.27), z + height))
        low = end


def book_stack(random):
    thing = Thing(0.25, 0.3)
    z = 0.0
    for _ in range(random.integers(1, 6)):
        half = np.array([random.uniform(0.07, 0.12), random.uniform(0.1, 0.15), random.uniform(0.008, 0.025)])
        first = colour(random, 0.7)
        material = Material(
            first, random.choice(["plain", "blotches"]), colour(random, 0.7), 0.05, 0.1, seed=seed(random)
        )
        thing.add("box", BOOKS, material, (0, 0, z + half[2]), half, random.normal(0, 0.25))
        z += 2 * half[2]
    return thing


def trinket(random, room=0.4):
    """A small object: box, vase, bottle, mug, ball, plant, lamp."""
    thing = Thing(0.2, 0.2)
    material = fabric(random) if random.random() < 0.3 else Material(colour(random, 0.8), gloss=random.choice([0, 0.4]))
    height = min(random.uniform(0.08, 0.35), room)
    kind = random.integers(6)
    radius = min(random.uniform(0.03, 0.1), height / 2)
    if kind == 0:
        half = random.uniform(0.04, 0.15, 2)
        thing.add("box", OBJECTS, material, (0, 0, height / 2), (*half, height / 2))
    elif kind == 1:
        thing.add("cylinder", OBJECTS, material, (0, 0, height / 2), (radius, radius, height / 2))
    elif kind == 2:
        thing.add("sphere", OBJECTS, material, (0, 0, height * 0.4), (radius * 1.1, radius * 1.1, height * 0.4))
        thing.add("cylinder", OBJECTS, material, (0, 0, height * 0.85), (radius / 2.5, radius / 2.5, height * 0.15))
    elif kind == 3:
        thing.add("sphere", OBJECTS, material, (0, 0, radius), (radius, radius, radius))
    elif kind == 4:
        thing.put(plant(random, height), 0, 0, 0, 0)
    else:
        thing.put(lamp(random, height * 1.3), 0, 0, 0, 0)
    return thing


def plant(random, height):
    thing = Thing(0.4, 0.4)
    pot = height * 0.3
    thing.add("cylinder", OBJECTS, Material(colour(random, 0.5)), (0, 0, pot / 2), (pot * 0.5, pot * 0.5, pot / 2))
    green = np.array([0.15, 0.38, 0.12], np.float32) * random.uniform(0.6, 1.5)
    leaves = Material(green, "blotches", green * 0.4, height * 0.06, seed=seed(random))
    for _ in range(5):
        centre = np.append(random.normal(0, height * 0.1, 2), random.uniform(0.45, 0.85) * height)
        half = random.uniform(0.08, 0.2, 3) * height
        thing.add("sphere", OBJECTS, leaves, centre, half, random.uniform(0, 3), random.uniform(-0.7, 0.7))
    return thing


def lamp(random, height):
    thing = Thing(0.35, 0.35)
    stand, radius = metal(random), np.clip(height * 0.3, 0.05, 0.2)
    shade = Material(np.array([0.95, 0.88, 0.7], np.float32), glow=random.choice([0.0, 0.9]))
    thing.add("cylinder", OBJECTS, stand, (0, 0, 0.01), (radius * 0.7, radius * 0.7, 0.01))
    thing.add("cylinder", OBJECTS, stand, (0, 0, height * 0.4), (0.012, 0.012, height * 0.4))
    thing.add("cylinder", OBJECTS, shade, (0, 0, height - radius * 0.6), (radius, radius, radius * 0.6))
    return thing


def floor_object(random):
    """Something that stands on the floor: plant, lamp, bin, box, bag, stool of boxes."""
    kind = random.integers(5)
    if kind == 0:
        return plant(random, random.uniform(0.6, 1.5))
    if kind == 1:
        return lamp(random, random.uniform(1.2, 1.7))
    thing = Thing(0.45, 0.45)
    if kind == 2:
        radius, height = random.uniform(0.1, 0.2), random.uniform(0.25, 0.5)
        thing.add(
            "cylinder", OBJECTS, Material(colour(random, 0.4)), (0, 0.2, height / 2), (radius, radius, height / 2)
        )
    elif kind == 3:
        material = Material(
            np.array([0.6, 0.45, 0.28], np.float32) * random.uniform(0.7, 1.2), "cloth", seed=seed(random)
        )
        half = random.uniform(0.12, 0.28, 3)
        thing.add("box", OBJECTS, material, (0, 0.2, half[2]), half, random.uniform(0, 3))
    else:
        half = random.uniform(0.14, 0.26, 3)
        thing.add("sphere", OBJECTS, fabric(random), (0, 0.2, half[2]), half, random.uniform(0, 3))
    return thing


def television(random, smallest=0.6, largest=1.3):
    """On a stand; the width in metres is between the two."""
    width = random.uniform(smallest, largest)
    height = width * random.uniform(0.56, 0.65)
    thing = Thing(width, 0.25)
    black = np.full(3, random.uniform(0.015, 0.06), np.float32)
    front = Material(
        black,
        "screen",
        np.full(3, random.uniform(0.02, 0.08), np.float32),
        0.1,
        0.5,
        random.choice([0.0, 0.0, 0.8]),
        seed(random),
    )
    thing.box(TV, front, (-width / 2, 0.08, 0.06), (width / 2, 0.08 + random.uniform(0.03, 0.1), 0.06 + height))
    thing.box(TV, Material(black, gloss=0.4), (-width / 5, 0.02, 0), (width / 5, 0.22, 0.02))
    thing.box(TV, Material(black, gloss=0.4), (-0.04, 0.09, 0), (0.04, 0.12, 0.08))
    return thing


def computer(random):
    """A monitor counts as a television, as in NYUv2's 13 classes; the keyboard is an object."""
    thing = television(random, 0.35, 0.7)
    keys = Material(colour(random, 0.05, 0.05, 0.7), "tiles", np.full(3, 0.3, np.float32), 0.02)
    thing.box(OBJECTS, keys, (-0.2, 0.25, 0), (0.2, 0.38, 0.02))
    return thing
