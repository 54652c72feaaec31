"""Curves, colours, and a canvas that places them in the picture.

Everything is drawn in head units: the middle of the head is (0, 0), x runs to the right, y down, and chin and crown are
at y = 1 and y = -1.
"""

import numpy as np
from PIL import Image, ImageDraw

# Drawn this many times larger and then made smaller, which smooths the edges.
SUPERSAMPLING = 4


def mix(first, second, share):
    """A colour between two; share 0 is the first."""
    return np.asarray(first, float) * (1 - share) + np.asarray(second, float) * share


def darker(colour, share=0.35):
    return mix(colour, (20, 10, 20), share)


def lighter(colour, share=0.35):
    return mix(colour, (255, 255, 255), share)


def ellipse(x, y, across, down, start=0, end=360, lean=0.0):
    """Points of an arc in degrees; 0 is to the right, 90 is below."""
    angles = np.radians(np.linspace(start, end, 28))
    points = np.column_stack([across * np.cos(angles), down * np.sin(angles)])
    cosine, sine = np.cos(lean), np.sin(lean)
    return points @ np.array([[cosine, sine], [-sine, cosine]]) + (x, y)


def smooth(points, closed=False, steps=6):
    """A Catmull-Rom curve through the points."""
    points = np.asarray(points, float)
    padded = np.vstack([points[-1:], points, points[:2]] if closed else [points[:1], points, points[-1:]])
    before, start, end, after = (padded[i : len(padded) - 3 + i, None] for i in range(4))
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    curve = start + 0.5 * t * (end - before + t * (2 * before - 5 * start + 4 * end - after))
    curve += 0.5 * t**3 * (3 * (start - end) + after - before)
    curve = curve.reshape(-1, 2)
    return curve if closed else np.vstack([curve, points[-1:]])


def mirrored(right):
    """The points of a right half, and back along the left one."""
    return [*right, *((-x, y) for x, y in right[::-1])]


class Canvas:
    """A picture, and where in it the head is: its size, its turn and its tilt."""

    def __init__(self, side, scale, centre, roll, turn, half_width):
        self.image = Image.new("RGB", (side * SUPERSAMPLING,) * 2)
        # This way of drawing blends what is half transparent.
        self.pen = ImageDraw.Draw(self.image, "RGBA")
        self.scale = scale * SUPERSAMPLING
        self.centre = np.asarray(centre) * SUPERSAMPLING
        self.rotation = np.array([[np.cos(roll), np.sin(roll)], [-np.sin(roll), np.cos(roll)]])
        self.turn = np.asarray(turn)
        self.half_width = half_width

    def pixels(self, points):
        """Where points of the head lie on the canvas.

        A head that looks aside is a flat one whose middle is shifted most and whose edge not at all.
        """
        points = np.atleast_2d(points)
        nearness = 1 - (points[:, 0] / self.half_width) ** 2 - points[:, 1] ** 2
        points = points + np.clip(nearness, 0, None)[:, None] * self.turn
        return points @ self.rotation * self.scale + self.centre

    def fill(self, points, colour, opacity=1.0, outline=None, width=0.03):
        """A closed shape; `outline` is the colour of its edge, `width` the edge's in head units."""
        self.pen.polygon(list(map(tuple, self.pixels(points))), fill=self.ink(colour, opacity))
        if outline is not None:
            self.line(np.vstack([points, points[:2]]), outline, width)

    def line(self, points, colour, width=0.03, opacity=1.0):
        """A stroke; round ends where nothing shines through."""
        places = self.pixels(points)
        thickness = max(1, round(width * self.scale))
        ink = self.ink(colour, opacity)
        self.pen.line(list(map(tuple, places)), fill=ink, width=thickness, joint="curve")
        if opacity == 1:
            for x, y in (places[0], places[-1]):
                radius = thickness / 2
                self.pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=ink)

    @staticmethod
    def ink(colour, opacity):
        return (*(int(value) for value in np.clip(colour, 0, 255)), round(255 * opacity))
