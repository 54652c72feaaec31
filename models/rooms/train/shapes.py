"""Boxes, cylinders and spheres, each the image of a unit shape, and where rays meet them.

The world is in metres, x and y along the walls, z up. Arrays of points and directions are (3, number).
"""

from dataclasses import dataclass, field

import numpy as np

from textures import Material

CORNERS = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], np.float32).T


def turn(yaw, tilt=0.0):
    """Rotation about the vertical, after leaning back about the own x axis; radians."""
    cosine, sine = np.cos(yaw), np.sin(yaw)
    about_z = np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])
    cosine, sine = np.cos(tilt), np.sin(tilt)
    return about_z @ np.array([[1, 0, 0], [0, cosine, -sine], [0, sine, cosine]])


@dataclass
class Part:
    """The image of the unit box, cylinder (along z) or sphere: `axes @ unit + centre`."""

    shape: str
    centre: np.ndarray
    axes: np.ndarray
    label: int
    material: Material
    half: np.ndarray = field(init=False)
    inverse: np.ndarray = field(init=False)

    def __post_init__(self):
        self.centre = np.asarray(self.centre, np.float32).reshape(3, 1)
        self.axes = np.asarray(self.axes, np.float32)
        # Half of the size along each own axis, in metres.
        self.half = np.linalg.norm(self.axes, axis=0).reshape(3, 1)
        self.inverse = np.linalg.inv(self.axes)

    def corners(self):
        return self.axes @ CORNERS + self.centre

    def to_unit(self, points):
        return self.inverse @ (points - self.centre)

    def meet(self, origins, directions):
        """How many directions away each ray enters the part; infinite where it does not."""
        return ENTRY[self.shape](self.to_unit(origins), self.inverse @ directions)

    def normals(self, unit):
        """Outward, of length 1, in the world, at points of the surface in the unit shape's space."""
        local = self.inverse.T @ outward(self.shape, unit)
        return local / np.linalg.norm(local, axis=0)


def slabs(origins, directions):
    """Where rays enter and leave each of the unit box's three pairs of planes."""
    inverse = 1 / np.where(np.abs(directions) < 1e-7, np.float32(1e-7), directions)
    low, high = (-1 - origins) * inverse, (1 - origins) * inverse
    return np.minimum(low, high), np.maximum(low, high)


def enter_box(origins, directions):
    near, far = slabs(origins, directions)
    entry = near.max(axis=0)
    return np.where((entry < far.min(axis=0)) & (entry > 1e-4), entry, np.inf)


def leave_box(origins, directions):
    """For a room, which is seen from inside."""
    return slabs(origins, directions)[1].min(axis=0)


def solve(along, reach, rest):
    """The smaller root of along t^2 + 2 reach t + rest, infinite where there is none."""
    root = reach * reach - along * rest
    return np.where(root > 0, (-reach - np.sqrt(np.maximum(root, 0))) / np.maximum(along, 1e-9), np.inf)


def enter_sphere(origins, directions):
    entry = solve((directions**2).sum(0), (origins * directions).sum(0), (origins**2).sum(0) - 1)
    return np.where(entry > 1e-4, entry, np.inf)


def enter_cylinder(origins, directions):
    flat_origins, flat = origins[:2], directions[:2]
    side = solve((flat**2).sum(0), (flat_origins * flat).sum(0), (flat_origins**2).sum(0) - 1)
    side = np.where((side > 1e-4) & (np.abs(origins[2] + directions[2] * side) < 1), side, np.inf)
    upward = np.where(np.abs(directions[2]) < 1e-7, np.float32(1e-7), directions[2])
    cap = (-np.sign(upward) - origins[2]) / upward
    is_on_cap = ((flat_origins + flat * cap) ** 2).sum(0) < 1
    return np.minimum(side, np.where(is_on_cap & (cap > 1e-4), cap, np.inf))


ENTRY = {"box": enter_box, "cylinder": enter_cylinder, "sphere": enter_sphere}


def outward(shape, unit):
    if shape == "sphere":
        return unit
    normals = np.zeros_like(unit)
    if shape == "box":
        axis = np.abs(unit).argmax(axis=0)
        columns = np.arange(unit.shape[1])
        normals[axis, columns] = np.sign(unit[axis, columns])
        return normals
    is_cap = np.abs(unit[2]) > np.hypot(unit[0], unit[1])
    normals[:2] = np.where(is_cap, 0, unit[:2])
    normals[2] = np.where(is_cap, np.sign(unit[2]), 0)
    return normals
