"""From layers to a picture: paper, ink, and what the years and the scanner did to them."""

import numpy as np
from PIL import Image
from scipy import ndimage

INK_BROWN = np.array([0.42, 0.27, 0.13], np.float32)


def clouds(random, shape, size):
    """Smooth noise of about `size` pixels, mean 0 and deviation 1."""
    rows, columns = (max(3, round(length / size) + 2) for length in shape)
    coarse = Image.fromarray(random.normal(size=(rows, columns)).astype(np.float32))
    smooth = np.asarray(coarse.resize(shape[::-1], Image.Resampling.BICUBIC))
    return (smooth - smooth.mean()) / (smooth.std() + 1e-6)


def paper(traits, shape, random):
    """The house's paper, yellowed by the years, with the wires of its mould, blotches and stains."""
    colour = np.array(traits.habit(random, "paper"), np.float32) + random.normal(0, 0.03) + random.normal(0, 0.01, 3)
    oldness = traits.oldness(random)
    colour = colour * (1 - oldness * np.array([0.05, 0.11, 0.22]))
    mould = oldness * 0.025 * np.sin(np.arange(shape[0]) * random.uniform(1.5, 2.4))[:, None]
    texture = 0.02 * clouds(random, shape, 3) + 0.02 * clouds(random, shape, 20) + mould
    sheet = colour * (1 + texture[..., None])
    for _ in range(random.poisson(0.3 + 1.2 * oldness)):
        stain = np.clip(clouds(random, shape, random.uniform(6, 40)) - random.uniform(1.0, 2.0), 0, 1)
        sheet *= 1 - stain[..., None] * random.uniform(0.1, 0.45) * np.array([0.5, 0.75, 1.0])
    return sheet


def ink_colour(traits, random):
    """Young ink is nearly black; the iron in old ink turns brown."""
    share = 0.75 * traits.oldness(random)
    return (1 - share) * np.array(traits.habit(random, "ink")) + share * INK_BROWN + random.normal(0, 0.015, 3)


def faded(coverage, random):
    fading = np.clip(0.12 * random.random() + 0.18 * random.random() * clouds(random, coverage.shape, 18), 0, 0.7)
    return coverage * (1 - fading)


def covered(sheet, coverage, colour):
    return sheet + coverage[..., None] * (np.clip(colour, 0, 1) - sheet)


def photograph(sheet, random):
    """Uneven light, blur, noise; bytes."""
    height, width = sheet.shape[:2]
    y, x = np.mgrid[:height, :width] / max(height, width) - 0.5
    angle = random.uniform(0, 2 * np.pi)
    light = random.uniform(0.85, 1.06) + random.uniform(0, 0.15) * (x * np.cos(angle) + y * np.sin(angle))
    blur = random.uniform(0, 0.6)
    sheet = ndimage.gaussian_filter(sheet * light[..., None], (blur, blur, 0))
    sheet = sheet + random.normal(0, random.uniform(0.005, 0.03), sheet.shape)
    return np.clip(np.rint(sheet * 255), 0, 255).astype(np.uint8)


def develop(traits, layers, random):
    """The picture of a page whose layers `typeset` made."""
    ink, decoration, ruling = layers
    sheet = paper(traits, ink.shape, random)
    # The other side shows through: text that is mirrored, and another one than on this side.
    back = np.roll(ink[:, ::-1], random.integers(3, 12, 2), (0, 1))
    through = random.uniform(0, 0.16) + 0.2 * traits.oldness(random) * random.random()
    colour = ink_colour(traits, random)
    sheet = covered(sheet, through * ndimage.gaussian_filter(back, 0.8), colour)
    sheet = covered(sheet, random.uniform(0.15, 0.6) * ruling, np.array([0.45, 0.35, 0.28]))
    sheet = covered(sheet, faded(ink, random), colour)
    decoration_colour = np.array(traits.habit(random, "decoration")) + random.normal(0, 0.03, 3)
    sheet = covered(sheet, faded(decoration, random), decoration_colour)
    return photograph(sheet, random)
