"""A room as its camera sees it: picture, class, depth and normal of each pixel."""

import numpy as np

from textures import reflectance

NEAR = 0.05
# Shadows are found for one pixel of each square of this side, which also softens their edges.
SHADOW_STEP = 4


def pixel_rays(camera, width, height):
    """Directions (3, height, width), of length 1 along the optical axis: distances along them are depths."""
    focal = camera.focal_widths * width
    across = (np.arange(width, dtype=np.float32) + 0.5 - width / 2) / focal
    down = (np.arange(height, dtype=np.float32) + 0.5 - height / 2) / focal
    right, below, forward = (axis.reshape(3, 1, 1) for axis in camera.axes.T)
    return right * across + below * down[:, None] + forward


def bounds(part, camera, width, height):
    """The rows and columns of the picture in which a part may be, or None."""
    x, y, z = camera.axes.T @ (part.corners() - camera.place[:, None])
    if z.max() < NEAR:
        return None
    if z.min() < NEAR:
        return slice(0, height), slice(0, width)
    focal = camera.focal_widths * width
    columns, rows = x / z * focal + width / 2, y / z * focal + height / 2
    left, right = max(int(columns.min()), 0), min(int(columns.max()) + 1, width)
    top, bottom = max(int(rows.min()), 0), min(int(rows.max()) + 1, height)
    return (slice(top, bottom), slice(left, right)) if left < right and top < bottom else None


def nearest(room, parts, rays):
    """Depth and number of the nearest part for each pixel."""
    height, width = rays.shape[1:]
    depth = np.full((height, width), np.inf, np.float32)
    owner = np.zeros((height, width), np.uint8 if len(parts) < 256 else np.uint16)
    place = room.camera.place[:, None]
    for number, part in enumerate(parts):
        window = bounds(part, room.camera, width, height)
        if window is None:
            continue
        directions = rays[:, *window]
        entry = part.meet(place, directions.reshape(3, -1)).reshape(directions.shape[1:])
        is_nearer = entry < depth[window]
        depth[window][is_nearer] = entry[is_nearer]
        owner[window][is_nearer] = number
    return depth, owner


def surfaces(parts, owner, points, normals, colours, gloss, glow):
    """Fills in normals, colours, gloss and glow, part by part."""
    order = np.argsort(owner, kind="stable")
    starts = np.searchsorted(owner[order], np.arange(len(parts) + 1))
    for number, part in enumerate(parts):
        chosen = order[starts[number] : starts[number + 1]]
        if len(chosen):
            unit = part.to_unit(points[:, chosen])
            normals[:, chosen] = part.normals(unit)
            colours[:, chosen] = reflectance(part.material, unit, part.half)
            gloss[chosen], glow[chosen] = part.material.gloss, part.material.glow


def shade_factor(parts, light, points, normals, shape):
    """The share of a light that reaches each pixel, 0 to 1."""
    height, width = shape
    chosen = np.arange(height * width).reshape(shape)[SHADOW_STEP // 2 :: SHADOW_STEP, SHADOW_STEP // 2 :: SHADOW_STEP]
    # Off the surface, so that it does not shade itself.
    starts = points[:, chosen.ravel()] + 0.02 * normals[:, chosen.ravel()]
    towards = light.place.reshape(3, 1).astype(np.float32) - starts
    is_lit = np.ones(chosen.size, bool)
    for part in parts:
        if part.material.glow == 0:
            is_lit &= part.meet(starts, towards) > 0.97
    coarse = is_lit.reshape(chosen.shape).astype(np.float32)
    return blur(blur(coarse), 1).repeat(SHADOW_STEP, 0).repeat(SHADOW_STEP, 1).ravel()


def blur(image, passes=1, share=0.25):
    """Each pass mixes pixels with their neighbours in both directions, over the last two axes."""
    for _ in range(passes):
        for axis in (-2, -1):
            first, last = image.take([0], axis), image.take([-1], axis)
            padded = np.concatenate([first, image, last], axis)
            size = image.shape[axis]
            before, after = padded.take(range(size), axis), padded.take(range(2, size + 2), axis)
            image = (1 - 2 * share) * image + share * (before + after)
    return image


def corners_darken(size, points, normals):
    """Less light comes into the corners of a room."""
    factor = np.ones(points.shape[1], np.float32)
    for axis in range(3):
        for distance in (points[axis], size[axis] - points[axis]):
            factor *= 1 - 0.3 * np.exp(-distance / 0.25) * (1 - np.abs(normals[axis]))
    return factor


def illuminate(room, parts, rays, points, normals, colours, gloss, glow, shape):
    """Linear light (3, number) that comes from each pixel's surface."""
    facing_up = 0.8 + 0.2 * normals[2]
    light_sum = room.ambient.astype(np.float32)[:, None] * facing_up * corners_darken(room.size, points, normals)
    shine = np.zeros_like(light_sum)
    for light in room.lights:
        towards = light.place.reshape(3, 1).astype(np.float32) - points
        distance = np.sqrt((towards**2).sum(0))
        towards /= distance
        strength = light.reach**2 / (distance**2 + 0.3)
        strength *= shade_factor(parts, light, points, normals, shape)
        light_sum += light.colour[:, None] * strength * np.maximum((normals * towards).sum(0), 0)
        mirrored = rays - 2 * (rays * normals).sum(0) * normals
        mirrored /= np.sqrt((mirrored**2).sum(0))
        shine += light.colour[:, None] * strength * np.maximum((mirrored * towards).sum(0), 0) ** 24
    return colours * (light_sum * (1 - 0.5 * glow) + glow) + 0.4 * gloss * shine


def develop(light, random):
    """What a cheap camera makes of the light: exposure, white balance, vignette, blur, noise, 8 bits."""
    height, width = light.shape[1:]
    exposure = random.uniform(0.3, 0.55) / np.quantile(light.mean(0), 0.75)
    balance = np.array([random.uniform(0.85, 1.15), 1, random.uniform(0.85, 1.15)])
    rows, columns = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    vignette = 1 - random.uniform(0, 0.25) * (rows**2 + columns**2) / 2
    light = light * (exposure * balance.astype(np.float32)).reshape(3, 1, 1) * vignette
    light = blur(light, 1, random.uniform(0.1, 0.25))
    # Highlights are compressed rather than cut off.
    light = np.where(light > 0.7, 1 - 0.3 * np.exp(-(light - 0.7) / 0.3), light)
    picture = np.maximum(light, 0) ** (1 / random.uniform(1.9, 2.4))
    grain = random.standard_normal(picture.shape, np.float32)
    picture = picture + grain * random.uniform(0.003, 0.02)
    return np.clip(picture * 255 + 0.5, 0, 255).astype(np.uint8).transpose(1, 2, 0)


def render(room, width, height, random):
    """Picture (height, width, 3) in bytes, labels, depth in metres along the optical axis, and normals
    (height, width, 3) of length 1: x to the left, y up, z towards the camera."""
    parts = room.surfaces + room.parts
    rays = pixel_rays(room.camera, width, height)
    depth, owner = nearest(room, parts, rays)
    flat_rays, flat_owner = rays.reshape(3, -1), owner.ravel()
    points = room.camera.place[:, None] + flat_rays * depth.ravel()
    normals, colours = np.zeros_like(points), np.zeros_like(points)
    gloss, glow = np.zeros(points.shape[1], np.float32), np.zeros(points.shape[1], np.float32)
    surfaces(parts, flat_owner, points, normals, colours, gloss, glow)
    light = illuminate(room, room.parts, flat_rays, points, normals, colours, gloss, glow, depth.shape)
    picture = develop(light.reshape(3, height, width), random)
    labels = np.array([part.label for part in parts], np.int8)[owner]
    # The camera's axes point right, down and forward.
    in_camera = -(room.camera.axes.T @ normals)
    return picture, labels, depth, in_camera.T.reshape(height, width, 3)
