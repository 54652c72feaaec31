"""Beds, sofas, chairs, tables, cabinets and shelves; their plan is told in things.py."""

import numpy as np

from objects import book_row, trinket
from textures import Material
from things import BED, CHAIR, FURNITURE, OBJECTS, SOFA, TABLE, Thing, colour, drawers, fabric, metal, wood_or_painted


def bed(random):
    width, length, top = random.uniform(0.9, 2.0), random.uniform(1.9, 2.15), random.uniform(0.4, 0.65)
    thing = Thing(width, length)
    half = width / 2
    frame, sheet, cover = wood_or_painted(random), fabric(random), fabric(random)
    thing.box(BED, frame, (-half, 0, 0.1), (half, length, top - 0.2))
    thing.box(BED, sheet, (-half + 0.02, 0.05, top - 0.2), (half - 0.02, length - 0.03, top))
    start = random.uniform(0.45, 1.2)
    overhang = random.uniform(0.0, 0.03)
    thing.box(
        BED, cover, (-half - overhang, start, top - random.uniform(0.1, 0.4)), (half + overhang, length, top + 0.04)
    )
    if random.random() < 0.8:
        thing.box(BED, frame, (-half - 0.03, -0.02, 0), (half + 0.03, 0.05, top + random.uniform(0.2, 0.7)))
    if random.random() < 0.3:
        thing.box(BED, frame, (-half - 0.02, length, 0), (half + 0.02, length + 0.04, top + random.uniform(0, 0.3)))
    pillow = fabric(random) if random.random() < 0.6 else sheet
    for x in [0] if width < 1.3 else [-width / 4, width / 4]:
        size = (min(0.36, width / 4), 0.22, 0.09)
        thing.add("sphere", OBJECTS, pillow, (x, 0.3, top + 0.08), size, random.normal(0, 0.1), random.uniform(0, 0.5))
    thing.surfaces.append((0, length * 0.7, top + 0.04, half * 0.7, length * 0.2))
    return thing


def sofa(random):
    seats = int(random.integers(1, 4))
    width, depth, top = 0.35 + 0.62 * seats, random.uniform(0.8, 1.0), random.uniform(0.38, 0.48)
    thing = Thing(width, depth)
    half, arm = width / 2, random.uniform(0.1, 0.2)
    material = fabric(random)
    if random.random() < 0.3:
        material = Material(colour(random, 0.5, 0.05, 0.5), "blotches", None, 0.2, gloss=0.3)
    back = top + random.uniform(0.3, 0.5)
    thing.box(SOFA, material, (-half, 0.05, 0.06), (half, depth - 0.05, top - 0.12))
    thing.box(SOFA, material, (-half, 0.0, 0.1), (half, 0.2, back), tilt=0.08)
    for side in (-1, 1):
        low, high = sorted((side * half, side * (half - arm)))
        thing.box(SOFA, material, (low, 0.02, 0.05), (high, depth, top + random.uniform(0.12, 0.22)))
        if random.random() < 0.4:
            thing.add(
                "cylinder",
                SOFA,
                material,
                (side * (half - arm / 2), depth / 2, top + 0.15),
                (arm / 1.6, 0.07, depth / 2),
                0,
                np.pi / 2,
            )
    room = (width - 2 * arm) / seats
    for index in range(seats):
        low = -half + arm + index * room + 0.01
        thing.box(SOFA, material, (low, 0.2, top - 0.13), (low + room - 0.02, depth + 0.02, top))
        thing.box(SOFA, material, (low, 0.17, top), (low + room - 0.02, 0.33, back + 0.05), tilt=0.15)
        if random.random() < 0.4:
            centre = (low + room / 2 + random.normal(0, 0.1), 0.42, top + 0.18)
            thing.add("sphere", OBJECTS, fabric(random), centre, (0.2, 0.08, 0.2), random.normal(0, 0.3), 0.3)
    return thing


def chair(random):
    width, depth, top = random.uniform(0.4, 0.5), random.uniform(0.4, 0.5), random.uniform(0.42, 0.5)
    thing = Thing(width, depth)
    half, back = width / 2, top + random.uniform(0.35, 0.6)
    frame = wood_or_painted(random) if random.random() < 0.7 else metal(random)
    seat = frame if random.random() < 0.4 else fabric(random)
    thick = random.uniform(0.03, 0.1)
    thing.box(CHAIR, seat, (-half, 0, top - thick), (half, depth, top))
    if random.random() < 0.3:
        thing.add("cylinder", CHAIR, frame, (0, depth / 2, top / 2), (0.03, 0.03, top / 2 - thick / 2))
        for yaw in np.arange(3) * np.pi / 3 + random.uniform(0, 1):
            thing.add("box", CHAIR, frame, (0, depth / 2, 0.06), (0.29, 0.025, 0.02), yaw)
    else:
        thing.legs(CHAIR, frame, (-half, 0), (half, depth), top - thick, random.uniform(0.012, 0.035))
    tilt = random.uniform(0.05, 0.25)
    if random.random() < 0.55:
        thing.box(CHAIR, seat, (-half, -0.05, top + random.uniform(0, 0.15)), (half, 0.0, back), tilt=tilt)
    else:
        for x in (-half + 0.02, half - 0.02):
            thing.box(CHAIR, frame, (x - 0.02, -0.04, top), (x + 0.02, 0.0, back), tilt=tilt)
        rails = int(random.integers(1, 4))
        for z in np.linspace(back - 0.06, top + 0.15, rails):
            lean = -(z - (top + back) / 2) * np.sin(tilt)
            thing.box(CHAIR, frame, (-half, lean - 0.035, z - 0.04), (half, lean - 0.01, z + 0.04), tilt=tilt)
    if random.random() < 0.3:
        for x in (-half, half):
            thing.box(CHAIR, frame, (x - 0.025, 0, top + 0.18), (x + 0.025, depth * 0.8, top + 0.21))
            thing.box(CHAIR, frame, (x - 0.02, depth * 0.7, top), (x + 0.02, depth * 0.76, top + 0.18))
    return thing


def table(random, low=False, desk=False):
    width = random.uniform(0.8, 1.3) if low else random.uniform(0.9, 2.0)
    depth = random.uniform(0.45, 0.7) if low or desk else random.uniform(0.7, 1.05)
    top = random.uniform(0.35, 0.5) if low else random.uniform(0.7, 0.78)
    thing = Thing(width, depth)
    half = width / 2
    board = wood_or_painted(random)
    under = board if random.random() < 0.6 else metal(random)
    thick = random.uniform(0.02, 0.06)
    if not desk and random.random() < 0.25:
        thing.width = thing.depth = width = depth = min(width, 1.2)
        half = width / 2
        thing.add("cylinder", TABLE, board, (0, half, top - thick / 2), (half, half, thick / 2))
        thing.add("cylinder", TABLE, under, (0, half, top / 2), (0.05, 0.05, top / 2 - thick / 2))
        thing.add("cylinder", TABLE, under, (0, half, 0.02), (half / 2, half / 2, 0.02))
    else:
        thing.box(TABLE, board, (-half, 0, top - thick), (half, depth, top))
        thing.legs(
            TABLE, under, (-half + 0.03, 0.03), (half - 0.03, depth - 0.03), top - thick, random.uniform(0.015, 0.045)
        )
        if desk and random.random() < 0.5:
            front = drawers(random, board)
            thing.box(TABLE, front, (half - 0.45, 0.03, 0.08), (half - 0.02, depth - 0.02, top - thick))
        elif random.random() < 0.4:
            thing.box(TABLE, board, (-half + 0.05, 0.05, top - 0.12), (half - 0.05, depth - 0.05, top - thick))
    inner = 0.7 if thing.width == thing.depth else 0.9
    thing.surfaces.append((0, depth / 2, top, half * inner, depth / 2 * inner))
    return thing


def cabinet(random, low=True):
    """Dresser, night stand, side board or wardrobe."""
    width = random.uniform(0.4, 1.6)
    depth = random.uniform(0.35, 0.6)
    top = random.uniform(0.45, 1.1) if low else random.uniform(1.7, 2.2)
    thing = Thing(width, depth)
    half = width / 2
    material = wood_or_painted(random)
    front = drawers(random, material)
    front.scale = top * random.choice([1.0, 0.5, 0.34, 0.25]) if low else top
    base = random.choice([0.0, 0.08])
    thing.box(FURNITURE, material, (-half, 0, base), (half, depth - 0.02, top))
    columns = 1 if width < 0.7 else int(random.integers(1, 4))
    for low_x in np.arange(columns) * width / columns - half:
        thing.box(
            FURNITURE,
            front,
            (low_x + 0.006, depth - 0.03, base + 0.02),
            (low_x + width / columns - 0.006, depth, top - 0.03),
        )
    thing.surfaces.append((0, depth / 2, top, half * 0.9, depth / 2 * 0.8))
    return thing


def shelves(random):
    width, depth, top = random.uniform(0.6, 1.4), random.uniform(0.26, 0.4), random.uniform(0.9, 2.1)
    thing = Thing(width, depth)
    half = width / 2
    material = wood_or_painted(random)
    thing.box(FURNITURE, material, (-half, 0, 0), (half, 0.02, top))
    for x in (-half, half - 0.025):
        thing.box(FURNITURE, material, (x, 0.02, 0), (x + 0.025, depth, top))
    boards = np.linspace(0.06, top - 0.02, int(round(top / random.uniform(0.3, 0.42))) + 1)
    for z in boards:
        thing.box(FURNITURE, material, (-half + 0.025, 0.02, z - 0.02), (half - 0.025, depth - 0.005, z))
    for z, room in zip(boards[:-1], np.diff(boards) - 0.03):
        x = -half + 0.03
        while x < half - 0.2:
            length = min(random.uniform(0.15, 0.6), half - 0.03 - x)
            choice = random.random()
            if choice < 0.6:
                book_row(thing, random, x, x + length, z, room, depth)
            elif choice < 0.8:
                thing.put(trinket(random, min(room, 0.28)), x + length / 2, depth / 2, z, random.uniform(0, 6))
            x += length + random.uniform(0.0, 0.06)
    thing.surfaces.append((0, depth / 2, top, half * 0.9, depth / 2 * 0.8))
    return thing
