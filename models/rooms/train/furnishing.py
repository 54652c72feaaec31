"""Where things can be put in a room without running into others."""

import numpy as np

import furniture
import objects
from shapes import turn


class Furnishing:
    """Puts things where nothing stands yet."""

    def __init__(self, random):
        self.random = random
        self.size = np.array([random.uniform(2.8, 5.5), random.uniform(2.8, 6.0), random.uniform(2.3, 3.0)], np.float32)
        self.parts = []
        # Low and high corners of the floor that is taken.
        self.taken = []
        # Wall, start, end, low and high of what hangs on walls or stands before them.
        self.hung = []

    def is_free(self, low, high, margin=0.0):
        inside = (low >= -1e-3).all() and (high <= self.size[:2] + 1e-3).all()
        return inside and all(
            (high + margin <= other[0]).any() or (low - margin >= other[1]).any() for other in self.taken
        )

    def stand(self, thing, x, y, yaw, margin=0.0):
        """Puts a thing with the middle of its back at x, y, if there is room for it."""
        across, forward = turn(yaw)[:2, 0], turn(yaw)[:2, 1]
        middle = np.array([x, y]) + forward * thing.depth / 2
        half = np.abs(across) * thing.width / 2 + np.abs(forward) * thing.depth / 2
        low, high = middle - half, middle + half
        if not self.is_free(low, high, margin):
            return False
        self.taken.append((low, high))
        self.parts += thing.moved(x, y, 0, yaw)
        return True

    def wall(self, index, along, gap):
        """A place at a wall and the direction that looks away from it."""
        width, depth = self.size[:2]
        places = ((along, gap), (width - gap, along), (along, depth - gap), (gap, along))
        return *places[index], index * np.pi / 2

    def wall_length(self, index):
        return self.size[index % 2]

    def against_wall(self, thing, attempts=8, gap=None):
        for _ in range(attempts):
            index = self.random.integers(4)
            room = self.wall_length(index) - thing.width
            if room < 0.05:
                continue
            along = thing.width / 2 + self.random.uniform(0.02, room)
            top = max(part.corners()[2].max() for part in thing.parts)
            span = (index, along - thing.width / 2, along + thing.width / 2, 0, top)
            x, y, yaw = self.wall(index, along, self.random.uniform(0.02, 0.08) if gap is None else gap)
            if self.hangs_free(span) and self.stand(thing, x, y, yaw):
                self.hung.append(span)
                return index, along
        return None

    def in_the_open(self, thing, attempts=8, margin=0.1):
        for _ in range(attempts):
            x, y = self.random.uniform(0.5, self.size[:2] - 0.5)
            yaw = self.random.integers(4) * np.pi / 2 + self.random.normal(0, 0.15)
            if self.stand(thing, x, y, yaw, margin):
                return x, y, yaw
        return None

    def hangs_free(self, span):
        wall, start, end, low, high = span
        return not any(
            wall == other[0] and start < other[2] and end > other[1] and low < other[4] and high > other[3]
            for other in self.hung
        )

    def hang(self, thing, z, half_height, attempts=6):
        """Puts a thing on a wall, where nothing hangs and nothing tall stands before it."""
        for _ in range(attempts):
            index = self.random.integers(4)
            room = self.wall_length(index) - thing.width
            if room < 0.1:
                continue
            start = self.random.uniform(0.05, room)
            span = (index, start, start + thing.width, z - half_height, z + half_height)
            if not self.hangs_free(span):
                continue
            self.hung.append(span)
            x, y, yaw = self.wall(index, start + thing.width / 2, 0)
            self.parts += thing.moved(x, y, z, yaw)
            return x, y, yaw
        return None

    def load(self, thing, number):
        """Small things on the surfaces of a thing; before it is put into the room."""
        random = self.random
        for x, y, z, half_width, half_depth in thing.surfaces:
            for _ in range(number):
                small = objects.book_stack(random) if random.random() < 0.4 else objects.trinket(random)
                place = random.uniform(-1, 1, 2) * (half_width, half_depth)
                thing.put(small, x + place[0], y + place[1], z, random.uniform(0, 6))

    def seat_around(self, table, x, y, yaw):
        """Chairs before the long sides of a table."""
        across, forward = turn(yaw)[:2, 0], turn(yaw)[:2, 1]
        centre = np.array([x, y]) + forward * table.depth / 2
        for side in (-1, 1):
            for offset in [0] if table.width < 1.2 else [-0.3, 0.3]:
                if self.random.random() < 0.8:
                    chair = furniture.chair(self.random)
                    distance = table.depth / 2 + chair.depth + self.random.uniform(-0.15, 0.2)
                    place = centre + side * forward * distance + across * offset
                    facing = yaw + (np.pi if side > 0 else 0) + self.random.normal(0, 0.2)
                    # Chairs may reach below the table, so that only their own places must be in the room.
                    if ((place > 0.2) & (place < self.size[:2] - 0.2)).all():
                        self.parts += chair.moved(*place, 0, facing)
                        self.taken.append((place - 0.25, place + 0.25))
