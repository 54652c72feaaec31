"""The head without its features: neck and clothes, ears, skin and what years leave in it."""

import numpy as np

from canvas import darker, ellipse, lighter, mirrored, mix, smooth
from person import bright

ALL_AROUND = np.radians(np.arange(0, 360, 6))


def draw_body(canvas, person, random):
    """Neck and shoulders; children have narrow ones."""
    neck = 0.42 - 0.14 * person.childhood + random.uniform(-0.04, 0.06)
    shoulders = 1.25 - 0.35 * person.childhood + random.uniform(-0.1, 0.2)
    shade = darker(person.skin, 0.3)
    sides = [(-neck, 0.5), (neck, 0.5), (neck * 1.05, 1.5), (-neck * 1.05, 1.5)]
    canvas.fill(np.array(sides), darker(person.skin, 0.12), outline=shade)
    for height in np.linspace(1.12, 1.32, 3)[: round(3 * person.wear(46, 68))]:
        canvas.line(ellipse(0, height - 0.1, neck * 0.8, 0.1, 20, 160), shade, 0.02)
    shirt = bright(random)
    right = [(neck * 0.9, 1.28), (neck * 1.3, 1.3), (shoulders, 1.6), (shoulders + 0.15, 3.2)]
    collar = (0.0, 1.3 + random.uniform(0.1, 0.4))
    canvas.fill(np.array([*mirrored(right), collar]), shirt, outline=darker(shirt))
    if random.random() < 0.35:
        second = bright(random)
        for height in np.arange(1.7, 3, 0.26):
            canvas.line(np.array([(-shoulders, height), (shoulders, height)]), second, 0.1)


def draw_ears(canvas, person, random):
    """Ears grow as long as one lives."""
    size = 0.19 + 0.05 * person.wear(30, 76) + random.normal(0, 0.02)
    out = random.uniform(0.0, 0.08)
    height = person.eye_height + 0.14
    has_rings = random.random() < 0.15
    for side in (-1, 1):
        x = side * (person.half_width + out)
        canvas.fill(
            ellipse(x, height, size * 0.62, size, lean=side * 0.2), person.skin, outline=darker(person.skin, 0.4)
        )
        fold = ellipse(0, height, size * 0.3, size * 0.55, -90, 90) * (side, 1) + (x, 0)
        canvas.line(fold, darker(person.skin, 0.28), 0.02)
        if has_rings:
            canvas.fill(ellipse(x + side * 0.02, height + size * 1.1, 0.045, 0.045), (240, 205, 90))


def draw_head(canvas, person, random):
    """The skin, darker on the side away from the light."""
    edge = person.outline(ALL_AROUND)
    canvas.fill(edge, person.skin, outline=darker(person.skin, 0.45), width=0.035)
    side = random.choice([-1, 1])
    angles = np.radians(np.linspace(20, 168, 24)) * side
    outer = person.outline(angles) * 0.985
    inner = person.outline(angles)[::-1] * (random.uniform(0.72, 0.88), 0.95)
    canvas.fill(np.vstack([outer, inner]), darker(person.skin), random.uniform(0.08, 0.3))
    blush = mix(person.skin, (235, 70, 80), 0.6)
    amount = np.clip(0.12 + 0.35 * person.childhood + random.normal(0, 0.1), 0, 0.6)
    for side in (-1, 1):
        cheek = side * person.half_width * 0.56
        canvas.fill(ellipse(cheek, person.eye_height + 0.33, 0.15, 0.1), blush, amount)


def draw_marks(canvas, person, random):
    """Freckles, moles and age spots; they say little of the age, but for the last."""
    brown = mix(darker(person.skin, 0.4), (140, 70, 40), 0.4)
    kinds = [(random.random() < 0.15, 14, 0.5, 0.16), (random.random() < 0.2, 1, 0.6, 0.6)]
    kinds.append((True, round(6 * person.wear(56, 80)), 0.75, 0.75))
    for has_any, number, across, down in kinds:
        for _ in range(number if has_any else 0):
            x, y = random.uniform(-1, 1, 2) * (across * person.half_width, down)
            size = random.uniform(0.012, 0.03)
            canvas.fill(ellipse(x, y + person.eye_height + 0.2, size, size), brown, 0.6)


def draw_wrinkles(canvas, person, random):
    """Folds grow one kind after the other: beside the mouth, below the eyes, on the forehead, beside the eyes."""
    ink = mix(darker(person.skin, 0.5), (120, 50, 40), 0.25)
    depth = random.uniform(0.75, 1.1)

    def fold(points, amount, width=0.026):
        if amount > 0.04:
            canvas.line(smooth(points), ink, width * (0.6 + 0.4 * amount), min(1.0, depth * (0.35 + 0.6 * amount)))

    eye, x = person.eye_height, person.half_width * 0.44
    for side in (-1, 1):
        beside = person.wear(23, 46)
        start, end = np.array((0.17, eye + 0.34)), np.array((0.36, eye + 0.34 + 0.1 + 0.34 * beside))
        fold(np.array([start, (start + end) / 2 + (0.05, -0.04), end]) * (side, 1), beside)
        below = person.wear(31, 56)
        for row in range(1 + (below > 0.6)):
            reach = person.eye_size * (0.5 + 0.6 * below)
            height = eye + person.eye_size * 1.15 + 0.07 * row
            fold([(side * x - reach, height), (side * x, height + 0.05), (side * x + reach, height)], below)
        crow = person.wear(40, 64)
        for ray in np.linspace(-0.5, 0.5, 3):
            start = np.array((x + person.eye_size * 1.25, eye + 0.08 * ray))
            fold(np.array([start, start + 0.13 * crow * np.array((1, ray))]) * (side, 1), crow)
        fold(np.array([(0.3, 0.72), (0.34, 0.82), (0.31, 0.82 + 0.1)]) * (side * 0.9, 1), person.wear(54, 74))
        fold(np.array([(0.05, eye - 0.2), (0.06, eye - 0.1)]) * (side, 1), person.wear(44, 60))
    forehead = person.wear(35, 66)
    for row in range(int(np.ceil(3 * forehead))):
        reach = person.half_width * 0.5 * min(1.0, 3 * forehead - row + 0.4)
        height = eye - 0.42 - 0.11 * row
        wave = random.normal(0, 0.012, 3)
        fold(
            [
                (-reach, height + 0.02),
                (-reach / 3, height + wave[0]),
                (reach / 3, height + wave[1]),
                (reach, height + 0.02),
            ],
            forehead,
        )


def draw_shine(canvas, person, random):
    """A light spot on the forehead."""
    side = random.choice([-1, 1])
    canvas.fill(
        ellipse(side * 0.3 * person.half_width, -0.62, 0.16, 0.08, lean=side * 0.4), lighter(person.skin, 0.6), 0.35
    )
