"""Colours of surfaces: what a point of a part reflects, from where it is on the part."""

from dataclasses import dataclass

import numpy as np

NOISE_SIZE = 256


@dataclass
class Material:
    """`pattern` names a function below; `scale` is the size of its repeats in metres."""

    colour: np.ndarray
    pattern: str = "plain"
    second: np.ndarray | None = None
    scale: float = 0.1
    gloss: float = 0.0
    # Share of the colour that the surface gives off by itself: screens, lamps, windows.
    glow: float = 0.0
    seed: int = 0


def fractal(random):
    """A tile of smooth noise of mean 0, -1 to 1, which repeats without seams."""
    spectrum = np.fft.rfft2(random.normal(size=(NOISE_SIZE, NOISE_SIZE)))
    rows = np.fft.fftfreq(NOISE_SIZE)[:, None]
    radius = np.hypot(rows, np.fft.rfftfreq(NOISE_SIZE)[None])
    radius[0, 0] = np.inf
    tile = np.fft.irfft2(spectrum / radius**1.3)
    return np.clip(tile / (2.5 * tile.std()), -1, 1).astype(np.float32)


TILES = np.stack([fractal(np.random.default_rng(seed)) for seed in range(4)])


def noise(across, down, seed, scale):
    """Noise whose tile measures `scale` metres."""
    # The golden angle's multiples never line up, so that parts with different seeds look different.
    shift = (seed * 61.8) % NOISE_SIZE
    columns = (across * (NOISE_SIZE / scale) + shift).astype(np.int32) % NOISE_SIZE
    rows = (down * (NOISE_SIZE / scale) + 2 * shift).astype(np.int32) % NOISE_SIZE
    return TILES[seed % len(TILES)][rows, columns]


def shuffled(numbers, seed):
    """A number in 0 to 1 for each whole number, without an order."""
    return np.mod(np.sin(numbers * 12.9898 + seed * 78.233) * 43758.5453, 1)


def plain(across, down, frame, material):
    return np.zeros_like(across)


def cloth(across, down, frame, material):
    return 0.5 + 0.5 * noise(across, down, material.seed, 0.4)


def blotches(across, down, frame, material):
    return np.clip(0.5 + 1.5 * noise(across, down, material.seed, material.scale * 8), 0, 1)


def wood(across, down, frame, material):
    rings = across / material.scale + 1.2 * noise(down * 0.15, across, material.seed, 1.0)
    return 0.5 + 0.35 * np.sin(rings * 9) + 0.15 * noise(down * 0.1, across, material.seed + 1, 0.3)


def stripes(across, down, frame, material):
    return (np.mod(across / material.scale, 1) < 0.5).astype(np.float32)


def folds(across, down, frame, material):
    """Curtains."""
    return 0.5 + 0.5 * np.sin(2 * np.pi * across / material.scale + 2 * noise(across, down, material.seed, 3.0))


def checks(across, down, frame, material):
    return np.mod(np.floor(across / material.scale) + np.floor(down / material.scale), 2)


def planks(across, down, frame, material):
    row = np.floor(across / material.scale)
    along = down + 7 * shuffled(row, material.seed)
    board = row * 17 + np.floor(along / (material.scale * 8))
    gap = (np.mod(across / material.scale, 1) < 0.04).astype(np.float32)
    grain = 0.15 * noise(down * 0.1, across, material.seed, 0.5)
    return np.clip(0.6 * shuffled(board, material.seed) + grain + gap, 0, 1)


def tiles(across, down, frame, material):
    columns, rows = np.mod(across / material.scale, 1), np.mod(down / material.scale, 1)
    return ((columns < 0.04) | (rows < 0.04)).astype(np.float32)


def bricks(across, down, frame, material):
    row = np.floor(down / (material.scale * 0.4))
    shifted = across / material.scale + 0.5 * np.mod(row, 2)
    joint = (np.mod(shifted, 1) < 0.06) | (np.mod(down / (material.scale * 0.4), 1) < 0.12)
    return np.where(joint, 1, 0.4 * shuffled(np.floor(shifted) + 31 * row, material.seed)).astype(np.float32)


def drawers(across, down, frame, material):
    """Lines between the drawers or doors of a front, and their knobs."""
    row = np.mod(down / material.scale, 1)
    line = (row < 0.03) | (np.abs(frame[0]) > 0.97)
    knob = (np.abs(across) < 0.05) & (np.abs(row - 0.5) < 0.06)
    return (line | knob).astype(np.float32)


PATTERNS = {
    pattern.__name__: pattern
    for pattern in (plain, cloth, blotches, wood, stripes, folds, checks, planks, tiles, bricks, drawers)
}


def rainbow(numbers, seed):
    """A colour for each number, some grey and some strong."""
    return np.stack([0.08 + 0.8 * shuffled(numbers, seed + channel) ** 1.5 for channel in range(3)])


def spines(across, down, frame, material):
    """A row of books: each has a width, a colour, and sometimes a band with the title."""
    book = np.floor(across / material.scale + 0.35 * np.sin(across / material.scale * 2.1))
    colours = rainbow(book, material.seed)
    has_band = (np.abs(frame[1] - 0.4) < 0.12) & (shuffled(book, material.seed + 9) > 0.5)
    return np.where(has_band, 0.85, colours)


def painting(across, down, frame, material):
    """A frame, a border in some, and inside it fields of colour."""
    field = np.floor(3 * noise(across, down, material.seed, material.scale * 8)) + np.floor(frame[1] * 1.5)
    colours = rainbow(field, material.seed) * (1 + 0.3 * noise(across, down, material.seed + 1, 0.5))
    edge = np.abs(frame).max(axis=0)
    colours = np.where(edge > (0.7 if material.seed % 2 else 0.88), material.second[:, None], colours)
    return np.where(edge > 0.88, material.colour[:, None], colours)


def daylight(across, down, frame, material):
    """Sky above, something dark and leafy or built below, behind the bars of the window."""
    horizon = -0.3 + 0.4 * np.sin(material.seed) + 0.5 * noise(across, 0 * down, material.seed, 3.0)
    leaves = np.array([0.35, 0.45, 0.25])[:, None] * (0.8 + 0.6 * noise(across, down, material.seed, 1.0))
    view = np.where(frame[1] > horizon, material.second[:, None] * (1.1 + 0.2 * frame[1]), leaves)
    bars = 1 + material.seed % 3
    columns = np.abs(np.mod((frame[0] + 1) / 2 * bars + 0.5, 1) - 0.5) < 0.035 * bars
    is_frame = columns | (np.abs(frame).max(axis=0) > 0.93) | (np.abs(frame[1]) < 0.03)
    return np.where(is_frame, 0.55 * material.colour[:, None], view)


def blinds(across, down, frame, material):
    slat = np.abs(np.mod(down / material.scale, 1) - 0.5) * 2
    return material.colour[:, None] * (0.55 + 0.45 * slat)


def screen(across, down, frame, material):
    """A television's front: dark glass, or a lit picture, in a black rim."""
    picture = rainbow(np.floor(4 * noise(across, down, material.seed, 2.0)), material.seed)
    colours = picture if material.glow > 0 else np.broadcast_to(material.second[:, None], picture.shape)
    return np.where(np.abs(frame).max(axis=0) > 0.94, material.colour[:, None], colours)


PICTURES = {picture.__name__: picture for picture in (spines, painting, daylight, blinds, screen)}


def reflectance(material, unit, half):
    """Colours (3, number) of points of a part, given in the unit shape's space, and the part's half sizes."""
    metres = unit * half
    # A surface is drawn as the plane that its own axes span where it faces; z points up on upright ones.
    facing = np.abs(unit).argmax(axis=0)
    across = np.where(facing == 0, metres[1], metres[0])
    down = np.where(facing == 2, metres[1], metres[2])
    frame = np.stack([np.where(facing == 0, unit[1], unit[0]), np.where(facing == 2, unit[1], unit[2])])
    if material.pattern in PICTURES:
        return PICTURES[material.pattern](across, down, frame, material).astype(np.float32)
    amount = PATTERNS[material.pattern](across, down, frame, material).astype(np.float32)
    second = material.colour if material.second is None else material.second
    return material.colour[:, None] * (1 - amount) + second[:, None] * amount
