"""What furniture is made of: classes, materials, and parts put together.

A thing stands at the origin of its own plan: x across, y from its back (at 0) towards the room, z up, in metres.
"""

from dataclasses import dataclass, field

import numpy as np

from shapes import Part, turn
from textures import Material

# NYUv2's 13 classes in the order that LibMTL's files number them.
LABELS = (
    "bed",
    "books",
    "ceiling",
    "chair",
    "floor",
    "furniture",
    "objects",
    "picture",
    "sofa",
    "table",
    "tv",
    "wall",
    "window",
)
BED, BOOKS, CEILING, CHAIR, FLOOR, FURNITURE, OBJECTS, PICTURE, SOFA, TABLE, TV, WALL, WINDOW = range(len(LABELS))


def colour(random, strong=0.3, low=0.15, high=0.85):
    """A random colour; `strong` is how far its channels may be apart."""
    grey = random.uniform(low, high)
    return np.clip(grey * (1 + strong * random.uniform(-1, 1, 3)), 0.02, 0.95).astype(np.float32)


def seed(random):
    return int(random.integers(1000))


def wood(random):
    tones = [(0.62, 0.43, 0.25), (0.36, 0.22, 0.13), (0.75, 0.6, 0.42), (0.2, 0.13, 0.09), (0.5, 0.32, 0.2)]
    tone = np.array(tones[random.integers(len(tones))], np.float32) * random.uniform(0.8, 1.2)
    return Material(tone, "wood", tone * 0.7, random.uniform(0.3, 1), random.choice([0, 0.15, 0.3]), seed=seed(random))


def painted(random):
    return Material(colour(random, 0.15, 0.5, 0.9), gloss=random.choice([0, 0.1]))


def wood_or_painted(random):
    return wood(random) if random.random() < 0.7 else painted(random)


def fabric(random):
    pattern = random.choice(
        ["cloth", "cloth", "blotches", "stripes", "checks", "plain"], p=[0.3, 0.3, 0.12, 0.1, 0.08, 0.1]
    )
    first = colour(random, 0.6)
    return Material(first, pattern, first * random.uniform(0.6, 1.3), random.uniform(0.06, 0.3), seed=seed(random))


def metal(random):
    return Material(colour(random, 0.05, 0.1, 0.7), gloss=0.5)


def drawers(random, material):
    return Material(
        material.colour,
        "drawers",
        material.colour * 0.35,
        random.uniform(0.18, 0.35),
        material.gloss,
        seed=seed(random),
    )


@dataclass
class Thing:
    """Parts, the size of the floor that they take, and the surfaces on which others can be put."""

    width: float
    depth: float
    parts: list = field(default_factory=list)
    # Each is x, y, z of the middle, and half of the width and depth.
    surfaces: list = field(default_factory=list)

    def box(self, label, material, low, high, yaw=0.0, tilt=0.0):
        low, high = np.array(low, np.float32), np.array(high, np.float32)
        self.add("box", label, material, (low + high) / 2, (high - low) / 2, yaw, tilt)

    def add(self, shape, label, material, centre, half, yaw=0.0, tilt=0.0):
        self.parts.append(Part(shape, centre, turn(yaw, tilt) * np.maximum(half, 0.003), label, material))

    def legs(self, label, material, low, high, top, thickness):
        shape = "cylinder" if thickness < 0.03 else "box"
        for x in (low[0] + thickness, high[0] - thickness):
            for y in (low[1] + thickness, high[1] - thickness):
                self.add(shape, label, material, (x, y, top / 2), (thickness, thickness, top / 2))

    def moved(self, x, y, z, yaw):
        """The parts where the thing stands in the room."""
        rotation = turn(yaw).astype(np.float32)
        offset = np.array([x, y, z], np.float32).reshape(3, 1)
        return [
            Part(part.shape, rotation @ part.centre + offset, rotation @ part.axes, part.label, part.material)
            for part in self.parts
        ]

    def put(self, other, x, y, z, yaw):
        self.parts += other.moved(x, y, z, yaw)
