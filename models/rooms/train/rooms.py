"""A furnished room, made up from a seed: parts, lights, and a camera at eye height."""

from dataclasses import dataclass

import numpy as np

import fittings
import furniture
import objects
from furnishing import Furnishing
from shapes import Part, turn
from textures import Material
from things import CEILING, FLOOR, WALL, Thing, colour, painted, seed, wood

# NYUv2's camera: 519 pixels for a picture of 640, that is 63 degrees across.
FOCAL_WIDTHS = 519 / 640
CAMERA_CLEARANCE = 0.3
# Patterns; what is named more often is more frequent.
WALLS = ["plain"] * 6 + ["cloth"] * 3 + ["stripes", "bricks", "blotches"]
CEILINGS = ["plain"] * 6 + ["cloth"] * 3 + ["tiles"]
FLOORS = ["planks"] * 5 + ["tiles"] * 2 + ["cloth"] * 2 + ["blotches"]


@dataclass
class Light:
    """`reach` is the distance in metres at which a surface that faces the light gets its colour in full."""

    place: np.ndarray
    colour: np.ndarray
    reach: float


@dataclass
class Camera:
    place: np.ndarray
    # The picture's right, down and forward, as columns.
    axes: np.ndarray
    focal_widths: float


@dataclass
class Room:
    size: np.ndarray
    parts: list
    # Floor, ceiling and the four walls.
    surfaces: list
    lights: list
    ambient: np.ndarray
    camera: Camera


def furnish(place, random):
    """Bedroom, living room, dining room, office, or a mixture: what stands there, large things first."""
    kind = random.choice(5, p=[0.22, 0.28, 0.15, 0.2, 0.15])

    def chance(probabilities):
        """Whether something is there, from its probability in each of the five kinds of rooms."""
        return random.random() < probabilities[kind]

    if random.random() < 0.3:
        pillar = Thing(random.uniform(0.3, 1.2), random.uniform(0.2, 0.6))
        half, height = pillar.width / 2, place.size[2]
        pillar.box(WALL, wallpaper(random), (-half, -0.1, 0), (half, pillar.depth, height))
        place.against_wall(pillar, gap=0)
    if chance((0.97, 0.05, 0.02, 0.05, 0.45)):
        bed = furniture.bed(random)
        place.load(bed, random.integers(2))
        place.against_wall(bed)
        for _ in range(random.integers(3)):
            stand = furniture.cabinet(random)
            place.load(stand, random.integers(3))
            place.against_wall(stand)
    if chance((0.15, 0.97, 0.2, 0.2, 0.5)):
        place.against_wall(furniture.sofa(random))
        if random.random() < 0.6:
            low = furniture.table(random, low=True)
            place.load(low, random.integers(4))
            place.in_the_open(low)
        if random.random() < 0.6:
            place.in_the_open(furniture.sofa(random))
    if chance((0.5, 0.8, 0.2, 0.15, 0.5)):
        stand = furniture.table(random, low=True) if random.random() < 0.3 else furniture.cabinet(random)
        x, y, z = stand.surfaces[0][:3]
        stand.put(objects.television(random), x, y - 0.12, z, 0)
        place.against_wall(stand)
    if chance((0.05, 0.2, 0.97, 0.3, 0.4)):
        table = furniture.table(random)
        place.load(table, random.integers(5))
        where = place.in_the_open(table, 15)
        if where:
            place.seat_around(table, *where)
    if chance((0.35, 0.15, 0.1, 0.97, 0.35)):
        for _ in range(1 + random.integers(2)):
            desk = furniture.table(random, desk=True)
            x, y, z = desk.surfaces[0][:3]
            if random.random() < 0.7:
                desk.put(objects.computer(random), x + random.uniform(-0.3, 0.3), y - 0.25, z, 0)
            place.load(desk, random.integers(4))
            found = place.against_wall(desk)
            if found and random.random() < 0.85:
                wall_x, wall_y, yaw = place.wall(*found, desk.depth + random.uniform(0.3, 0.7))
                chair = furniture.chair(random)
                place.parts += chair.moved(wall_x, wall_y, 0, yaw + np.pi + random.normal(0, 0.4))
                middle = np.array([wall_x, wall_y])
                place.taken.append((middle - 0.3, middle + 0.3))
    for _ in range(random.integers(1, 5)):
        choice = random.random()
        tall = furniture.shelves(random) if choice < 0.55 else furniture.cabinet(random, low=choice < 0.8)
        if choice >= 0.55:
            place.load(tall, random.integers(3))
        place.against_wall(tall)
    for _ in range(random.integers(1, 4)):
        place.in_the_open(furniture.chair(random))
    for _ in range(random.integers(1, 6)):
        thing = objects.floor_object(random)
        if random.random() < 0.6:
            place.against_wall(thing)
        else:
            place.in_the_open(thing)


def wallpaper(random):
    first = colour(random, 0.2, 0.45, 0.9)
    return Material(
        first, random.choice(WALLS), first * random.uniform(0.8, 1.1), random.uniform(0.1, 0.35), seed=seed(random)
    )


def floor_material(random):
    pattern, gloss = random.choice(FLOORS), random.choice([0, 0.2, 0.4])
    if pattern == "planks":
        first = wood(random).colour
        return Material(first, pattern, first * 0.6, random.uniform(0.07, 0.2), gloss, seed=seed(random))
    first = colour(random, 0.3, 0.2, 0.8)
    second = first * random.uniform(0.6, 1.2)
    return Material(first, pattern, second, random.uniform(0.2, 0.5), gloss / 2, seed=seed(random))


def room_surfaces(size, random):
    """Slabs around the room, which overlap so that no ray slips through where they meet; walls mostly alike."""
    width, depth, height = size
    paper = wallpaper(random)
    ceiling = Material(colour(random, 0.06, 0.7, 0.95), random.choice(CEILINGS), colour(random, 0.06, 0.6, 0.9), 0.6)
    slabs = [
        (FLOOR, floor_material(random), (-0.1, -0.1, -0.1), (width + 0.1, depth + 0.1, 0)),
        (CEILING, ceiling, (-0.1, -0.1, height), (width + 0.1, depth + 0.1, height + 0.1)),
        (WALL, paper, (-0.1, -0.1, -0.1), (width + 0.1, 0, height + 0.1)),
        (WALL, paper, (width, -0.1, -0.1), (width + 0.1, depth + 0.1, height + 0.1)),
        (WALL, paper, (-0.1, depth, -0.1), (width + 0.1, depth + 0.1, height + 0.1)),
        (WALL, paper, (-0.1, -0.1, -0.1), (0, depth + 0.1, height + 0.1)),
    ]
    parts = []
    for label, material, low, high in slabs:
        if label == WALL and random.random() < 0.15:
            material = wallpaper(random)
        low, high = np.array(low), np.array(high)
        parts.append(Part("box", (low + high) / 2, np.diag((high - low) / 2), label, material))
    return parts


def decorate(place, random):
    """What hangs on walls; returns the middle of each window and how bright the day is."""
    daylight = random.uniform(0.2, 1.6)
    sky = np.array([0.75, 0.87, 1.0], np.float32) * random.uniform(0.8, 1.2)
    windows = []
    for _ in range(random.choice(4, p=[0.15, 0.35, 0.35, 0.15])):
        found = place.hang(fittings.window(random, sky, daylight), random.uniform(1.3, 1.6), 0.75)
        if found:
            windows.append(found)
    if random.random() < 0.5:
        place.hang(fittings.door(random), 0, 2.1)
    for _ in range(random.integers(1, 6)):
        place.hang(fittings.picture(random), random.uniform(1.35, 1.7), 0.4)
    if random.random() < 0.4:
        place.hang(objects.television(random), random.uniform(0.9, 1.3), 0.4)
    if random.random() < 0.5:
        lining = painted(random)
        for index in range(4):
            board = Thing(place.wall_length(index), 0.02)
            board.box(WALL, lining, (-board.width / 2, 0, 0), (board.width / 2, 0.015, 0.1))
            place.parts += board.moved(*place.wall(index, board.width / 2, 0)[:2], 0, index * np.pi / 2)
    return windows, sky, daylight


def lights(place, windows, sky, daylight, random):
    """A lamp under the ceiling, and what comes in through a window."""
    warm = np.array([1.0, 0.85, 0.65], np.float32) if random.random() < 0.6 else np.ones(3, np.float32)
    width, depth, height = place.size
    spot = np.array([width * random.uniform(0.25, 0.75), depth * random.uniform(0.25, 0.75), height - 0.25])
    found = [Light(spot, warm, random.uniform(0.8, 2.2))]
    for x, y, yaw in windows[:1]:
        inward = turn(yaw)[:, 1] * 0.5
        found.append(Light(np.array([x, y, 1.6]) + inward, sky, 1.8 * np.sqrt(daylight)))
    return found


def camera(place, random):
    """Where nothing stands, looking at the room rather than at the wall behind it."""
    low, high = place.taken[random.integers(len(place.taken))] if place.taken else (place.size[:2] / 2,) * 2
    target = (low + high) / 2 * 0.7 + place.size[:2] / 2 * 0.3
    spots = [random.uniform(0.25, place.size[:2] - 0.25) for _ in range(60)]
    free = [spot for spot in spots if place.is_free(spot - CAMERA_CLEARANCE, spot + CAMERA_CLEARANCE)] or spots[:1]
    # A photographer steps back.
    spot = max(free[: random.integers(1, 7)], key=lambda spot: np.linalg.norm(spot - target))
    x, y = target - spot
    yaw = np.arctan2(y, x) + random.normal(0, 0.25)
    pitch = np.clip(random.normal(-0.26, 0.15), -0.65, 0.2)
    roll = random.normal(0, 0.025)
    forward = np.array([np.cos(yaw) * np.cos(pitch), np.sin(yaw) * np.cos(pitch), np.sin(pitch)])
    right = np.array([np.sin(yaw), -np.cos(yaw), 0])
    down = np.cross(forward, right)
    turned = np.cos(roll) * right + np.sin(roll) * down, np.cos(roll) * down - np.sin(roll) * right
    height = min(random.uniform(1.1, 1.75), place.size[2] - 0.3)
    axes = np.stack([*turned, forward], axis=1).astype(np.float32)
    return Camera(np.array([*spot, height], np.float32), axes, FOCAL_WIDTHS * random.uniform(0.97, 1.03))


def make_room(random):
    place = Furnishing(random)
    surfaces = room_surfaces(place.size, random)
    furnish(place, random)
    windows, sky, daylight = decorate(place, random)
    ambient = (0.18 + 0.3 * random.random()) * (0.5 + 0.5 * sky) * (0.6 + 0.4 * min(daylight, 1))
    found = lights(place, windows, sky, daylight, random)
    return Room(place.size, place.parts, surfaces, found, ambient, camera(place, random))
