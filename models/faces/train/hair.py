"""Hair and beards. Style is by chance; how much is left of it, and how grey it is, follows the years."""

from dataclasses import dataclass

import numpy as np

from canvas import darker, ellipse, lighter, mirrored, mix, smooth

# How hair stands off the head: a share of the head's size for each angle from the crown, in radians.
TEXTURES = {
    "straight": lambda angle: 0.11 + 0 * angle,
    "short": lambda angle: 0.035 + 0 * angle,
    "wavy": lambda angle: 0.13 + 0.03 * np.sin(9 * angle),
    "curly": lambda angle: 0.13 + 0.1 * np.abs(np.sin(6.5 * angle)),
    "spiky": lambda angle: 0.07 + 0.24 * np.abs(np.mod(angle * 2.6, 1) - 0.5) * 2,
    "mohawk": lambda angle: 0.02 + 0.5 * np.exp(-((angle / 0.28) ** 2)),
    "afro": lambda angle: 0.36 + 0.03 * np.sin(15 * angle),
}
FRONTS = ("fringe", "parted", "swept", "back")
BACKS = ("none", "none", "none", "long", "bob", "bunches", "bun")


@dataclass
class Hair:
    texture: str
    front: str
    back: str
    # 0: all there, 1: none on the crown.
    loss: float
    # Of a small child's first hair, 0 to 1.
    down: float
    side: int


def make_hair(person, random):
    loses = random.random() < 0.45
    loss = np.clip((person.hair_age - 27) / 40, 0, 1) * random.uniform(0.5, 1.4) if loses else 0.0
    if random.random() < 0.03 and person.age > 16:
        loss = 1.2
    texture = random.choice(list(TEXTURES), p=[0.28, 0.17, 0.16, 0.16, 0.11, 0.04, 0.08])
    return Hair(
        texture=texture,
        front=random.choice(FRONTS),
        back=random.choice(BACKS) if texture in ("straight", "wavy", "curly") else "none",
        loss=float(loss),
        down=float(np.clip((4.5 - person.hair_age) / 3, 0, 1)),
        side=int(random.choice([-1, 1])),
    )


def draw_back(canvas, person, hair, random):
    """What hangs or stands behind the head."""
    if hair.down > 0.3:
        return
    edge = darker(person.hair, 0.45)
    if hair.back in ("long", "bob"):
        width = person.half_width * random.uniform(1.12, 1.35)
        end = random.uniform(1.2, 2.0) if hair.back == "long" else random.uniform(0.7, 1.05)
        curl = random.uniform(-0.15, 0.15)
        right = [(0.5 * width, -0.85), (width, -0.3), (width * 1.05, 0.4), (width + curl, end)]
        right.append((0.35 * width, end + 0.05))
        canvas.fill(smooth(mirrored(right), closed=True), darker(person.hair, 0.15), outline=edge)
    elif hair.back == "bunches":
        for side in (-1, 1):
            x = side * (person.half_width + 0.24)
            canvas.fill(ellipse(x, 0.2, 0.24, 0.5, lean=-side * 0.3), person.hair, outline=edge)
            canvas.fill(ellipse(x - side * 0.14, -0.25, 0.08, 0.08), random.uniform(40, 245, 3))
    elif hair.back == "bun" and hair.loss < 0.5:
        canvas.fill(ellipse(0, -1.22, 0.3, 0.27), person.hair, outline=edge)


def hairline(person, hair, random):
    """From the right temple to the left one."""
    width = person.half_width
    middle = -0.6 - 0.1 * person.childhood - 0.3 * min(hair.loss, 1) + random.normal(0, 0.02)
    temple = middle + 0.22 - 0.3 * min(hair.loss, 0.8)
    side = hair.side
    if hair.front == "fringe" and hair.loss < 0.3:
        teeth = np.linspace(0.8, -0.8, 9)
        low = person.eye_height - 1.5 * person.eye_size - random.uniform(0.0, 0.14)
        return [(x * width, low + 0.05 * (index % 2)) for index, x in enumerate(teeth)]
    across = np.array([0.82, 0.5, 0, -0.5, -0.82])
    if hair.front == "parted":
        across[2] = 0.25 * side
        heights = [temple + 0.12, temple - 0.06, middle - 0.14, temple - 0.06, temple + 0.12]
    elif hair.front == "swept":
        across = np.array([0.82, 0.4, -0.1, -0.5, -0.82]) * side
        heights = [temple, middle + 0.2, middle + 0.06, middle - 0.08, temple + 0.1]
    else:
        across[[0, 4]] = 0.8, -0.8
        heights = [temple, middle - 0.1 * hair.loss, middle, middle - 0.1 * hair.loss, temple]
    # From right to left, whichever way it is swept.
    return smooth(np.column_stack([across * width, heights])[:: 1 if across[0] > 0 else -1])


def draw_down(canvas, person, hair, random):
    """A small child's: a breath of hair, and three that stand up."""
    crown = person.outline(np.radians(np.linspace(-55, 55, 16)))
    cap = np.vstack([crown, smooth([(0.55, -0.75), (0, -0.7), (-0.55, -0.75)])])
    canvas.fill(cap, person.hair, 0.35 * (1 - hair.down) + 0.1)
    for lean in random.uniform(-0.22, 0.22, 3):
        canvas.line(smooth([(0, -0.96), (lean / 2, -1.12), (lean, -1.16)]), person.hair, 0.04)


def draw_wreath(canvas, person, reach, colour, edge):
    """What is left at the sides."""
    for side in (-1, 1):
        angles = side * np.linspace(np.radians(52), reach, 10)
        outer, inner = person.outline(angles) * (1.08, 1), person.outline(angles)[::-1] * 0.9
        canvas.fill(np.vstack([outer, inner]), colour, outline=edge)


def draw_front(canvas, person, hair, random):
    """What lies on the head."""
    if hair.down > 0.3:
        draw_down(canvas, person, hair, random)
        return
    edge = darker(person.hair, 0.45)
    thin = mix(person.hair, person.skin, min(0.6, 0.5 * hair.loss + 0.5 * hair.down))
    reach = np.radians(random.uniform(78, 98))
    if hair.loss > 0.85:
        if hair.loss < 1.15:
            draw_wreath(canvas, person, reach, thin, edge)
        return
    angles = np.linspace(-reach, reach, 90)
    outer = person.outline(angles) * (1 + TEXTURES[hair.texture](angles)[:, None] * (1 - 0.5 * hair.loss))
    canvas.fill(np.vstack([outer, hairline(person, hair, random)]), thin, outline=edge)
    for angle in random.uniform(-0.7, 0.7, random.integers(0, 5)):
        strand = person.outline(np.linspace(angle, angle + 0.35 * hair.side, 6)) * np.linspace(1.02, 0.86, 6)[:, None]
        canvas.line(strand, lighter(thin, 0.25), 0.025)


def draw_beard(canvas, person, random):
    """Below the mouth; from the end of youth on, and then at any age. Says which style it is, if any."""
    if person.shape_age < 18 or random.random() > 0.3:
        return None
    style = random.choice(["stubble", "full", "goatee", "moustache"])
    edge = darker(person.hair, 0.45)
    if style in ("stubble", "full"):
        angles = np.radians(np.linspace(98, 262, 40))
        long = 1.0 if style == "stubble" else random.uniform(1.05, 1.22)
        outer = person.outline(angles) * (1, long)
        x, y = person.half_width * 0.82, random.uniform(0.3, 0.42)
        inner = smooth([(-x, y - 0.15), (-x * 0.7, y), (0, y + 0.03), (x * 0.7, y), (x, y - 0.15)])
        solid = style == "full"
        canvas.fill(np.vstack([outer, inner]), person.hair, 1.0 if solid else 0.28, outline=edge if solid else None)
    elif style == "goatee":
        canvas.fill(ellipse(0, 0.84, 0.2, random.uniform(0.18, 0.3)), person.hair, outline=edge)
    return style


def draw_moustache(canvas, person, random):
    y = 0.44
    wide, high = random.uniform(0.24, 0.36), random.uniform(0.07, 0.11)
    tips = random.uniform(-0.08, 0.08)
    across = np.array([0, 0.5, 1, 0.5, 0]) * wide
    heights = y + np.array([-0.4 * high, -0.5 * high, tips, 0.6 * high, 0.2 * high])
    shape = smooth(mirrored(list(zip(across, heights, strict=True))), closed=True)
    canvas.fill(shape, person.hair, outline=darker(person.hair, 0.4), width=0.02)
