"""What is behind the head, and what light and camera do to the picture."""

import numpy as np
from PIL import Image, ImageFilter

from person import bright


def draw_background(canvas, random):
    """Plain, graded, striped, dotted, or spots of light."""
    side = canvas.image.width
    style = random.choice(["plain", "graded", "stripes", "dots", "spots"])
    first, second = bright(random), bright(random)
    if style == "graded":
        lean = random.uniform(0, 2 * np.pi)
        across, down = np.meshgrid(np.linspace(-0.7, 0.7, side), np.linspace(-0.7, 0.7, side))
        share = np.clip(0.5 + np.cos(lean) * across + np.sin(lean) * down, 0, 1)[..., None]
        canvas.image.paste(Image.fromarray((first * (1 - share) + second * share).astype(np.uint8)))
        return
    pen, ink = canvas.pen, canvas.ink
    pen.rectangle((0, 0, side, side), fill=ink(first, 1))
    step = random.uniform(0.1, 0.3) * side
    if style == "stripes":
        lean = random.uniform(-1, 1) * side
        for place in np.arange(-side, 2 * side, step):
            pen.line([(place, 0), (place + lean, side)], fill=ink(second, 0.7), width=int(step / 2))
    elif style == "dots":
        radius = step * random.uniform(0.12, 0.35)
        for x in np.arange(0, side + step, step):
            for y in np.arange(0, side + step, step):
                pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=ink(second, 0.7))
    elif style == "spots":
        for x, y, radius in random.uniform((0, 0, 0.03), (1, 1, 0.16), (12, 3)) * side:
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=ink(bright(random), 0.4))


def develop(image, side, random):
    """The picture in bytes, in its final size: lit unevenly, sometimes out of focus, a little noisy."""
    image = image.resize((side, side), Image.Resampling.BOX)
    if random.random() < 0.3:
        image = image.filter(ImageFilter.GaussianBlur(random.uniform(0.3, 1.0)))
    pixels = np.asarray(image, np.float32)
    lean = random.uniform(0, 2 * np.pi)
    across, down = np.meshgrid(np.linspace(-1, 1, side), np.linspace(-1, 1, side))
    light = 1 + random.uniform(0, 0.3) * (np.cos(lean) * across + np.sin(lean) * down)
    pixels = pixels * light[..., None] * random.normal(1, 0.05, 3) * random.uniform(0.75, 1.1)
    contrast = random.uniform(0.75, 1.1)
    pixels = (pixels - 128) * contrast + 128 + random.normal(0, random.uniform(0, 6), pixels.shape)
    return np.clip(pixels, 0, 255).astype(np.uint8)
