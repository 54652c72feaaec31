"""Glasses, hats, and what gets in the way."""

import numpy as np

from canvas import darker, ellipse, lighter, mirrored, mix, smooth
from person import bright


def lens(style, x, y, size, side):
    if style == "round":
        return ellipse(x, y, size, size)
    if style == "oval":
        return ellipse(x, y, size * 1.15, size * 0.8)
    if style == "aviator":
        points = [(-0.9, -0.7), (0.9, -0.75), (1.1, 0.0), (0.5, 0.95), (-0.4, 0.8), (-0.95, 0.1)]
    elif style == "pointed":
        points = [(-0.9, -0.5), (0.2, -0.6), (1.35, -0.95), (1.0, 0.4), (0.1, 0.75), (-0.85, 0.45)]
    else:
        points = [(-1.0, -0.7), (1.1, -0.7), (1.05, 0.7), (-0.95, 0.7)]
        points = np.repeat(points, 2, axis=0) * np.tile([[0.97, 1], [1, 0.93]], (4, 1))
    return smooth(np.array(points) * (side * size, size) + (x, y), closed=True, steps=4)


def draw_glasses(canvas, person, random):
    """Thin rims in the colour of the skin are as hard to see as they are in life."""
    style = random.choice(["round", "oval", "aviator", "pointed", "square"])
    colour = mix(bright(random, 10, 200), (30, 28, 32), random.choice([0.0, 0.6, 0.9]))
    if random.random() < 0.25:
        colour = darker(person.skin, random.uniform(0.2, 0.5))
    width = random.uniform(0.018, 0.06)
    size = max(person.eye_size * random.uniform(1.25, 1.7), 0.2)
    x, y = person.half_width * 0.44, person.eye_height + random.uniform(-0.02, 0.08)
    size = min(size, x - 0.05)
    is_dark = random.random() < 0.15
    glass = bright(random, 10, 110) if is_dark else lighter(bright(random), 0.7)
    for side in (-1, 1):
        points = lens(style, side * x, y, size, side)
        canvas.fill(points, glass, random.uniform(0.75, 1) if is_dark else random.uniform(0.05, 0.3))
        canvas.line(np.vstack([points, points[:2]]), colour, width)
        if random.random() < 0.5:
            glare = np.array([(-0.3, 0.35), (0.25, -0.4)]) * size + (side * x, y)
            canvas.line(glare, (255, 255, 255), 0.05, 0.6)
        temple = np.array([(x + size, y - 0.05), (person.half_width * 1.02, y - 0.02)])
        canvas.line(temple * (side, 1), colour, width)
    canvas.line(ellipse(0, y - 0.01, x - size + 0.02, 0.06, 190, 350), colour, width)


def draw_hat(canvas, person, random):
    style = random.choice(["beanie", "cap", "brim", "band", "party"])
    colour, second = bright(random), bright(random)
    edge = darker(colour, 0.5)
    low = random.uniform(-0.62, -0.48)
    width = person.half_width * 1.12
    side = random.choice([-1, 1])
    left = [(-width, low), (-width, low - 0.3), (-0.5, -1.15)]
    dome = smooth([*left, (0, -1.28), *mirrored(left)[3:]])
    if style == "beanie":
        canvas.fill(dome, colour, outline=edge)
        cuff = np.array([(-1.04, low - 0.14), (1.04, low - 0.14), (1.04, low + 0.08), (-1.04, low + 0.08)])
        canvas.fill(cuff * (width, 1), second, outline=edge)
        canvas.fill(ellipse(0, -1.34, 0.17, 0.17), second, outline=edge)
    elif style == "cap":
        canvas.fill(dome, colour, outline=edge)
        visor = np.array([(-0.3, low - 0.12), (1.5, low), (1.5, low + 0.09), (-0.2, low + 0.07)])
        canvas.fill(smooth(visor * (side * width, 1), closed=True), second, outline=edge)
    elif style == "brim":
        canvas.fill(dome, colour, outline=edge)
        canvas.fill(ellipse(0, low, width * 1.5, 0.13), colour, outline=edge)
        canvas.line(smooth([(-width, low - 0.13), (0, low - 0.08), (width, low - 0.13)]), second, 0.1)
    elif style == "band":
        canvas.line(smooth([(-width, low - 0.1), (0, low - 0.16), (width, low - 0.1)]), colour, 0.15)
    else:
        canvas.fill(np.array([(-0.4, -0.85), (0.4, -0.85), (side * 0.1, -1.75)]), colour, outline=edge)
        canvas.fill(ellipse(side * 0.1, -1.75, 0.1, 0.1), second)


def draw_obstacle(canvas, random):
    """A leaf, a ball, a scarf or a post before a part of the face."""
    style = random.choice(["leaf", "ball", "scarf", "post"])
    colour = bright(random)
    edge = darker(colour, 0.4)
    x, y = random.choice([-1, 1]) * random.uniform(0.55, 1.1), random.uniform(-0.8, 0.9)
    if style == "leaf":
        lean = random.uniform(0, np.pi)
        canvas.fill(ellipse(x, y, 0.5, 0.2, lean=lean), (60, 140, 70), outline=(30, 80, 40))
    elif style == "ball":
        size = random.uniform(0.2, 0.4)
        canvas.fill(ellipse(x, y, size, size), colour, outline=edge)
    elif style == "scarf":
        high = random.uniform(0.7, 0.95)
        right = [(0, high + 0.08), (0.5, high + 0.02), (0.72, high - 0.1), (0.85, 1.15), (0.6, 1.45), (0, 1.55)]
        left = [(-x, y) for x, y in right[-2:0:-1]]
        canvas.fill(smooth(right + left, closed=True), colour, outline=edge)
        canvas.line(smooth([(-0.7, high + 0.2), (0, high + 0.35), (0.7, high + 0.2)]), edge, 0.03)
    else:
        lean = random.normal(0, 0.5)
        canvas.line(np.array([(x - 2 * lean, -2), (x + 2 * lean, 2)]), colour, random.uniform(0.08, 0.2))
