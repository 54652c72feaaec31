"""Lines of text as layers of coverage, 0 to 1: ink, decoration and ruling."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter
from scipy import ndimage

from fonts import FACES, face, has_letter
from traits import SCRIPTS
from words import word

# Layers are drawn larger and made smaller at the end, for smooth edges.
SCALE = 2


@dataclass(frozen=True)
class Frame:
    """The part of a page to draw, and where its text begins and ends; text that begins before 0 is cut off."""

    width: int
    height: int
    left: float
    top: float
    right: float
    bottom: float
    text_height: float

    def scaled(self):
        return Frame(*(round(length * SCALE) for length in vars(self).values()))


def between(random, limits):
    return random.uniform(*limits)


class Typesetter:
    def __init__(self, traits, frame, random):
        self.random, self.traits = random, traits
        self.frame = frame.scaled()
        self.height = self.frame.text_height
        self.name = str(random.choice(list(FACES[traits.font])))
        self.font = face(traits.font, self.name, self.height)
        script = SCRIPTS[traits.script]
        self.script = script
        self.width, self.slant = between(random, script.width), between(random, script.slant)
        self.oldness = traits.oldness(random)
        self.distance = self.height * (traits.habit(random, "line_distance") + 0.5 * (1 - self.oldness))
        size = (self.frame.width, self.frame.height)
        self.ink, self.decoration, self.ruling = (Image.new("L", size) for _ in range(3))

    def word(self):
        text = word(self.random, self.traits.font, self.oldness)
        return text if has_letter(self.font, "ſ") else text.replace("ſ", "s")

    def stamp(self, text, font, x, baseline, layer):
        """Draws text with the script's width and slant; its width in pixels."""
        _, top, right, bottom = font.getbbox(text, anchor="ls")
        strip = Image.new("L", (max(right, 1), max(bottom - top, 1)))
        ImageDraw.Draw(strip).text((0, -top), text, fill=255, font=font, anchor="ls")
        # Output pixels are looked up in the strip: the inverse of scaling across and leaning to the right.
        lean = self.slant / self.width
        room = int(self.slant * max(-top, 0)) + 1
        size = (max(1, int(right * self.width) + room), strip.height)
        matrix = (1 / self.width, lean, lean * top, 0, 1, 0)
        strip = strip.transform(size, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)
        layer.paste(255, (round(x), round(baseline + top)), strip)
        return font.getlength(text) * self.width

    def line(self, x, baseline, end):
        rubrics = self.traits.habit(self.random, "rubrics")
        phase = self.random.uniform(0, 2 * np.pi)
        while x + self.font.getlength(text := self.word()) * self.width < end:
            layer = self.decoration if self.random.random() < rubrics else self.ink
            swing = self.script.swing * self.height * np.sin(phase + x / (4 * self.height))
            width = self.stamp(text, self.font, x, baseline + swing, layer)
            # A stroke above a word says that letters were left out, which later years do without.
            if self.random.random() < 0.4 * self.oldness:
                self.abbreviation(x + self.random.uniform(0.2, 0.6) * width, baseline + swing, layer)
            x += width + self.random.uniform(0.45, 0.8) * self.height

    def abbreviation(self, x, baseline, layer):
        y = baseline - 1.35 * self.height
        ImageDraw.Draw(layer).line((x, y, x + 0.9 * self.height, y - 0.1 * self.height), 255, SCALE)

    def rule(self, baseline, kind):
        frame, draw = self.frame, ImageDraw.Draw(self.ruling)
        if kind in ("lines", "double"):
            draw.line((frame.left - self.height, baseline + 2, frame.width, baseline + 2), 255, 1)
        if kind == "double":
            y = baseline - self.height
            draw.line((frame.left - self.height, y, frame.width, y), 255, 1)

    def frame_lines(self, kind):
        frame, draw, gap = self.frame, ImageDraw.Draw(self.ruling), self.height
        if kind == "none":
            return
        for x in (frame.left - gap, frame.right + gap):
            draw.line((x, 0, x, frame.height), 255, SCALE if kind == "frame" else 1)
        if kind == "frame":
            for y in (frame.top - gap, frame.bottom + gap):
                draw.line((0, y, frame.width, y), 255, SCALE)

    def initial(self, baseline):
        """A letter over two lines in the colour of decoration; the room that it takes."""
        big = face(self.traits.font, self.name, round(1.6 * self.height))
        letter = self.word()[0].upper()
        return self.stamp(letter, big, self.frame.left, baseline + self.distance, self.decoration) + 0.4 * self.height

    def paragraphs(self):
        frame, random = self.frame, self.random
        kind = self.traits.habit(random, "ruling")
        self.frame_lines(kind)
        # Pages begin with a paragraph; parts of a page begin anywhere.
        lines_left, taken, taken_lines = 0 if frame.top > 0 else random.integers(3), 0, 0
        baseline = frame.top + self.height
        while baseline < frame.bottom + self.height:
            indent = 0
            if lines_left == 0:
                lines_left = random.integers(3, 9)
                indent = self.traits.habit(random, "indent") * self.height
                if random.random() < self.traits.habit(random, "initials"):
                    taken, taken_lines = self.initial(baseline), 2
            start = frame.left + (taken if taken_lines else indent)
            end = frame.right - 4 * self.height * random.random() * (2 if lines_left == 1 else 0.4)
            self.rule(baseline, kind)
            self.line(start, baseline + random.normal(0, 0.03 * self.height), end)
            baseline += self.distance
            lines_left, taken_lines = lines_left - 1, max(taken_lines - 1, 0)

    def pen(self, layer):
        """What the script's pen does to the letters, as an array."""
        script, random = self.script, self.random
        if script.heaviness:
            size = 1 + 2 * max(1, round(script.heaviness * self.height / 2))
            layer = layer.filter(ImageFilter.MaxFilter(size))
        array = np.asarray(layer, np.float32) / 255
        if script.tremor:
            waves = [ndimage.gaussian_filter(random.normal(size=array.shape), 0.16 * self.height) for _ in range(2)]
            shifts = [wave * script.tremor * self.height / wave.std() for wave in waves]
            places = np.indices(array.shape, np.float32) + shifts
            array = ndimage.map_coordinates(array, places, order=1, mode="nearest")
        return array


def shrink(layer):
    height, width = layer.shape
    return layer.reshape(height // SCALE, SCALE, width // SCALE, SCALE).mean((1, 3))


def typeset(traits, frame, random):
    """Ink, decoration and ruling of a frame, arrays of its height and width in 0 to 1."""
    setter = Typesetter(traits, frame, random)
    setter.paragraphs()
    state = random.bit_generator.state
    ink = setter.pen(setter.ink)
    # The same tremor for letters of either colour.
    random.bit_generator.state = state
    decoration = setter.pen(setter.decoration)
    return tuple(shrink(layer) for layer in (ink, decoration, np.asarray(setter.ruling, np.float32) / 255))
