"""Bones to grey pixels: a height field, its light and shadows, a background, a camera."""

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

SIZE = 128
# Drawn larger and averaged down, so that edges are smooth.
SUPERSAMPLING = 2
CANVAS = SIZE * SUPERSAMPLING
NOTHING = -1e3


def bone_surface(bone, margin=1.0):
    """Where on the canvas the bone lies, the height of its surface there, and the distance from its start along it."""
    reach = max(bone.start_radius, bone.end_radius) + margin
    low = np.floor(np.minimum(bone.start, bone.end)[:2] - reach).astype(int)
    high = np.ceil(np.maximum(bone.start, bone.end)[:2] + reach).astype(int) + 1
    left, top = np.clip(low, 0, CANVAS)
    right, bottom = np.clip(high, 0, CANVAS)
    if left >= right or top >= bottom:
        return None
    x = np.arange(left, right, dtype=np.float32)[None, :] - np.float32(bone.start[0])
    y = np.arange(top, bottom, dtype=np.float32)[:, None] - np.float32(bone.start[1])
    along = (bone.end - bone.start).astype(np.float32)
    length_squared = max(float(along[0] ** 2 + along[1] ** 2), 1e-3)
    nearest = np.clip((x * along[0] + y * along[1]) / length_squared, 0, 1)
    height = np.full(nearest.shape, NOTHING, np.float32)
    # The two ends as well: on a bone that points at the viewer they are most of what is seen.
    for position in (nearest, np.float32(0), np.float32(1)):
        radius = bone.start_radius + position * (bone.end_radius - bone.start_radius)
        depth = radius**2 - (x - position * along[0]) ** 2 - (y - position * along[1]) ** 2
        surface = bone.start[2] + position * along[2] + bone.bulge * np.sqrt(np.maximum(depth, 0))
        height = np.maximum(height, np.where(depth > 0, surface, NOTHING))
    return (slice(top, bottom), slice(left, right)), height, nearest * np.sqrt(length_squared)


def blur_inside(values, mask, sigma):
    """Gaussian blur that neither leaks out of the mask nor darkens towards its edge."""
    weight = ndimage.gaussian_filter(mask.astype(np.float32), sigma, truncate=2.5)
    blurred = ndimage.gaussian_filter(np.where(mask, values, 0).astype(np.float32), sigma, truncate=2.5)
    return np.where(mask, blurred / np.maximum(weight, 1e-4), values)


def height_field(hand, unit):
    """Height of the hand above the picture plane, brightness of its skin, and the part that a sleeve covers."""
    height = np.full((CANVAS, CANVAS), NOTHING, np.float32)
    skin = np.ones((CANVAS, CANVAS), np.float32)
    sleeve = np.zeros((CANVAS, CANVAS), bool)
    for bone in hand.bones:
        if bone.melts and (found := bone_surface(bone)):
            window, surface, _ = found
            height[window] = np.maximum(height[window], surface)
    height = blur_inside(height, height > NOTHING, 0.055 * unit)
    skin *= palm_line_shade(hand, unit)
    for bone in hand.bones:
        if bone.melts or not (found := bone_surface(bone)):
            continue
        window, surface, distance = found
        in_front = surface > height[window]
        fold = bone.fold * np.exp(-((distance - bone.fold_distance * unit) ** 2) / (0.022 * unit) ** 2)
        skin[window] = np.where(in_front, 1 - fold, skin[window])
        sleeve[window] = np.where(in_front, bone.is_sleeve, sleeve[window])
        height[window] = np.maximum(height[window], surface)
    return height, skin, sleeve


def palm_line_shade(hand, unit):
    picture = Image.new("L", (CANVAS, CANVAS), 0)
    draw = ImageDraw.Draw(picture)
    for line in hand.lines:
        draw.line([tuple(point[:2]) for point in line], fill=255, width=max(1, round(0.03 * unit)), joint="curve")
    return 1 - 0.3 * ndimage.gaussian_filter(np.asarray(picture, np.float32) / 255, 0.015 * unit)


def cast_shadow(height, light, unit):
    """How much of the light is blocked by higher parts of the hand on the way to it, 0 to 1."""
    blocked = np.zeros(height.shape, np.float32)
    sideways = max(float(np.hypot(light[0], light[1])), 1e-3)
    for step in np.array([0.03, 0.07, 0.12, 0.18, 0.26, 0.36]) * unit:
        shift = (-step * light[1] / sideways, -step * light[0] / sideways)
        above = ndimage.shift(height, shift, order=0, cval=NOTHING) - step * light[2] / sideways
        blocked = np.maximum(blocked, np.clip((above - height) / (0.05 * unit), 0, 1))
    return ndimage.gaussian_filter(blocked, 0.02 * unit)


def smooth_noise(random, cells):
    """Random blotches, about `cells` of them across the canvas, between -1 and 1."""
    coarse = random.uniform(0, 255, (cells, cells)).astype(np.uint8)
    picture = Image.fromarray(coarse).resize((CANVAS, CANVAS), Image.Resampling.BICUBIC)
    return np.asarray(picture, np.float32) / 127.5 - 1


def background(random, base):
    """Plain, a gradient, or a texture around the brightness `base`."""
    y, x = np.mgrid[0:CANVAS, 0:CANVAS].astype(np.float32) / CANVAS - 0.5
    picture = np.full((CANVAS, CANVAS), base, np.float32)
    kind = random.choice(["plain", "gradient", "texture"], p=[0.35, 0.30, 0.35])
    if kind == "gradient":
        angle = random.uniform(0, 2 * np.pi)
        picture += random.uniform(0.05, 0.30) * (x * np.cos(angle) + y * np.sin(angle))
    if kind == "texture":
        for cells in (4, 11, 37):
            picture += random.uniform(0.01, 0.06) * smooth_noise(random, cells)
    return picture - random.uniform(0, 0.25) * (x**2 + y**2)


def light_direction(random):
    angle = random.uniform(0, 2 * np.pi)
    tilt = np.radians(random.uniform(15, 58))
    return np.array([np.sin(tilt) * np.cos(angle), np.sin(tilt) * np.sin(angle), np.cos(tilt)])


def lit_skin(height, skin, sleeve, inside, unit, random):
    """Brightness of the hand's surface under one lamp and the light of the room."""
    light = light_direction(random)
    # A height of nothing would make a cliff of every edge; the ground just behind the hand keeps the slopes finite.
    ground = np.where(inside, height, height[inside].min() - 0.1 * unit)
    smooth = blur_inside(ground, inside, 0.012 * unit)
    slope_y, slope_x = np.gradient(smooth)
    facing = (light[2] - slope_x * light[0] - slope_y * light[1]) / np.sqrt(1 + slope_x**2 + slope_y**2)
    # Skin scatters light past the edge of the shade.
    diffuse = np.clip((facing + 0.25) / 1.25, 0, 1)
    nearby = blur_inside(ground, inside, 0.10 * unit)
    crevice = np.clip((nearby - ground) / (0.16 * unit), 0, 1)
    room = random.uniform(0.35, 0.65)
    shade = room * (1 - 0.65 * crevice) + (1 - room) * diffuse * (1 - 0.75 * cast_shadow(ground, light, unit))
    blotches = 1 + random.uniform(0.01, 0.05) * smooth_noise(random, 9) + 0.02 * smooth_noise(random, 60)
    skin = np.where(sleeve, random.uniform(0.25, 1.1), skin)
    return shade * skin * blotches


def render(hand, unit, random):
    """The grey picture of a hand whose points are canvas pixels; `unit` is the canvas size of one palm width."""
    height, skin, sleeve = height_field(hand, unit)
    inside = height > NOTHING / 2
    surface = lit_skin(height, skin, sleeve, inside, unit, random)
    # Mostly a light hand before something dark, now and then a darker one before a light wall.
    if random.random() < 0.9:
        brightness = random.uniform(0.45, 1.0)
        base = random.uniform(0.04, min(0.42, 0.55 * brightness))
    else:
        brightness = random.uniform(0.35, 0.65)
        base = random.uniform(brightness + 0.15, 1.0)
    surface *= brightness / np.percentile(surface[inside], 85)
    behind = background(random, base)
    picture = np.where(inside, surface, behind)
    return camera(picture, random)


def camera(picture, random):
    picture = picture.reshape(SIZE, SUPERSAMPLING, SIZE, SUPERSAMPLING).mean(axis=(1, 3))
    picture = ndimage.gaussian_filter(picture, random.uniform(0.25, 0.9))
    picture = picture + random.normal(0, random.uniform(0.005, 0.045), picture.shape)
    return np.clip(np.rint(picture * 255), 0, 255).astype(np.uint8)
