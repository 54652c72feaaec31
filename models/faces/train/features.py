"""Eyes, brows, nose and mouth, which carry the expression."""

from dataclasses import dataclass

import numpy as np

from canvas import darker, ellipse, lighter, mix, smooth
from person import ANGRY, HAPPY, SAD, SURPRISED

IRIS_TONES = [(92, 60, 36), (60, 40, 28), (70, 120, 160), (80, 130, 80), (120, 130, 140)]
INK = (38, 26, 32)


@dataclass
class Mimic:
    """What an expression does to a face; all 0 in a face at rest, but for the eyes, which are open at 1."""

    # Corners of the mouth up (1) or down (-1), how far it is open, how much wider it is.
    smile: float
    open_mouth: float
    wider: float
    has_teeth: bool
    # Height of the brows, and of their inner ends above the outer ones.
    brow_height: float
    brow_lean: float
    open_eyes: float
    has_tears: bool = False


def make_mimic(person, random):
    """Nobody's face at rest is quite at rest, and weak expressions come near it."""
    strength = person.strength
    mimic = Mimic(
        smile=random.normal(0, 0.12),
        open_mouth=random.uniform(0, 0.2) if random.random() < 0.15 else 0.0,
        wider=random.normal(0, 0.08),
        has_teeth=False,
        brow_height=random.normal(0, 0.02),
        brow_lean=random.normal(0, 0.03),
        open_eyes=random.uniform(0.88, 1.08),
    )
    if person.expression == HAPPY:
        mimic.smile += 0.9 * strength
        mimic.wider += 0.25 * strength
        mimic.open_mouth = random.uniform(0.3, 0.9) * strength if random.random() < 0.55 else 0.0
        mimic.has_teeth = random.random() < 0.7
        mimic.open_eyes -= 0.25 * strength
    elif person.expression == SAD:
        mimic.smile -= 0.8 * strength
        mimic.wider -= 0.1 * strength
        mimic.brow_lean += 0.14 * strength
        mimic.open_eyes -= 0.2 * strength
        mimic.has_tears = random.random() < 0.25 * strength
    elif person.expression == SURPRISED:
        mimic.open_mouth = 0.35 + 0.65 * strength
        mimic.wider -= 0.55
        mimic.brow_height += 0.13 * strength
        mimic.open_eyes += 0.4 * strength
    elif person.expression == ANGRY:
        mimic.smile -= 0.5 * strength
        mimic.brow_lean -= 0.16 * strength
        mimic.brow_height -= 0.05 * strength
        mimic.open_eyes -= 0.22 * strength
        if random.random() < 0.4:
            mimic.open_mouth, mimic.has_teeth = random.uniform(0.3, 0.7) * strength, True
    return mimic


def draw_eyes(canvas, person, mimic, random):
    style = random.choice(["white", "white", "white", "dark"])
    iris = mix(IRIS_TONES[random.integers(len(IRIS_TONES))], random.uniform(0, 255, 3), 0.15)
    gaze = random.normal(0, 0.16, 2) + (0, 0.25 * (person.expression == SAD))
    size = person.eye_size * (0.72 if style == "dark" else 1)
    droop = 0.22 * person.wear(46, 74)
    is_laughing = person.expression == HAPPY and person.strength > 0.7 and random.random() < 0.35
    lashes = random.uniform(0.02, 0.05)
    for side in (-1, 1):
        x, y = side * person.half_width * 0.44, person.eye_height
        if is_laughing:
            canvas.line(ellipse(x, y + 0.05, size, size * 0.8, 195, 345), INK, 0.05)
            continue
        height = size * max(0.25, mimic.open_eyes - droop) * random.uniform(0.96, 1.04)
        edge = ellipse(x, y, size, height)
        if style == "dark":
            canvas.fill(edge, INK)
        else:
            canvas.fill(edge, (250, 250, 250), outline=darker(person.skin, 0.5), width=0.02)
            for share, colour in ((0.66, iris), (0.36, INK)):
                # What would reach out of the eye is under the lids.
                circle = ellipse(0, 0, share * size, share * size) + gaze * size * (0.7, 0.4)
                reach = height * np.sqrt(np.clip(1 - (circle[:, 0] / size) ** 2, 0, 1))
                circle[:, 1] = np.clip(circle[:, 1], -reach, reach)
                canvas.fill(circle + (x, y), colour)
            canvas.line(ellipse(x, y, size, height, 185, 355), INK, lashes)
        canvas.fill(ellipse(x + 0.3 * size, y - 0.35 * height, 0.2 * size, 0.2 * size), (255, 255, 255), 0.9)
        if droop > 0.05:
            lid = np.vstack(
                [ellipse(x, y - height, size * 1.1, 0.07, 180, 360), ellipse(x, y - height, size * 1.1, 0.05, 0, 180)]
            )
            canvas.fill(lid, darker(person.skin, 0.15), outline=darker(person.skin, 0.4), width=0.018)
        if mimic.has_tears:
            canvas.fill(ellipse(x + side * 0.03, y + height + 0.13, 0.05, 0.08), (120, 190, 240), 0.9)


def draw_brows(canvas, person, mimic, random):
    """Thin in children, bushy in the old."""
    thickness = 0.035 + 0.035 * (1 - person.childhood) + 0.03 * person.wear(50, 76) + random.normal(0, 0.008)
    colour = mix(darker(person.hair, 0.3), darker(person.skin, 0.55), 0.2)
    arch = random.uniform(0.02, 0.08)
    reach = person.eye_size * random.uniform(1.0, 1.3)
    height = person.eye_height - 1.5 * person.eye_size - 0.06 - mimic.brow_height
    for side in (-1, 1):
        x = person.half_width * 0.44
        inner, outer = x - reach, x + reach
        points = [(inner, height - mimic.brow_lean), (x, height - arch), (outer, height + mimic.brow_lean * 0.7 + 0.02)]
        canvas.line(smooth(points) * (side, 1), colour, max(0.02, thickness))


def draw_nose(canvas, person, random):
    """A button in childhood, larger ever after."""
    growth = 1 - person.childhood + 0.35 * person.wear(35, 76)
    length, width = (0.05 + 0.13 * growth + random.normal(0, 0.012), 0.055 + 0.055 * growth + random.normal(0, 0.008))
    tip = person.eye_height + 0.22 + 0.08 * growth
    ink = darker(person.skin, 0.45)
    style = random.choice(["button", "bridge", "round", "wedge"])
    side = random.choice([-1, 1])
    if style == "button":
        canvas.line(ellipse(0, tip, width, width * 0.7, 0, 180), ink, 0.032)
    elif style == "bridge":
        line = [(-0.4 * width, tip - length), (width, tip), (width * 0.6, tip + 0.05), (-0.4 * width, tip + 0.05)]
        canvas.line(smooth(np.array(line) * (side, 1)), ink, 0.032)
    elif style == "round":
        canvas.fill(
            ellipse(0, tip, width, width * 0.85), mix(person.skin, (225, 110, 90), 0.25), outline=ink, width=0.025
        )
    else:
        wedge = np.array([(0, tip - length), (side * width, tip + 0.04), (-side * width, tip + 0.04)])
        canvas.fill(wedge, darker(person.skin, 0.14))
        for nostril in (-1, 1):
            canvas.fill(ellipse(nostril * width * 0.5, tip + 0.03, 0.022, 0.016), ink)


def draw_mouth(canvas, person, mimic, random):
    """Upper and lower edge are bows between the same corners; lips get thinner with the years."""
    half = (0.2 + 0.08 * (1 - person.childhood) + random.normal(0, 0.015)) * (1 + mimic.wider)
    height = 0.55 + 0.03 * person.childhood + random.normal(0, 0.015)
    lift, gap = 0.14 * mimic.smile, 0.22 * mimic.open_mouth
    across = np.linspace(-1, 1, 15)
    bow = 1 - across**2
    crooked = random.normal(0, 0.02) * across
    middle = height - lift / 2 + lift * bow + crooked
    upper, lower = middle - 0.4 * gap * np.sqrt(bow), middle + gap * np.sqrt(bow)
    if mimic.smile > 0.4:
        # A laugh opens downwards, below a flatter upper lip.
        upper = middle - 0.3 * lift * bow
    columns = half * across
    lips = mix(person.skin, (190, 50, 70), random.uniform(0.25, 0.7))
    fullness = max(0.015, 0.05 - 0.03 * person.wear(30, 76) + random.normal(0, 0.008))
    shape = np.vstack([np.column_stack([columns, upper]), np.column_stack([columns, lower])[::-1]])
    if gap < 0.02:
        canvas.line(np.column_stack([columns, middle + 0.3 * fullness]), lips, 2 * fullness)
        canvas.line(np.column_stack([columns, middle]), INK, 0.032)
        return
    canvas.fill(shape, (96, 26, 34), outline=lips, width=0.02 + fullness)
    if mimic.has_teeth:
        depth = 0.45 if person.expression == HAPPY else 0.75
        teeth = np.column_stack([columns, upper + depth * (lower - upper)])[::-1]
        canvas.fill(np.vstack([np.column_stack([columns, upper]), teeth])[2:-2], (252, 250, 244))
        if person.expression == ANGRY:
            for x in np.linspace(-0.6, 0.6, 5) * half:
                canvas.line(np.array([(x, height - 0.3 * gap), (x, height + 0.5 * gap)]), (150, 140, 140), 0.012)
    elif gap > 0.1:
        canvas.fill(ellipse(0, float(lower.max()) - 0.25 * gap, half * 0.5, 0.2 * gap), lighter((200, 70, 80), 0.1))
