"""Writes Tests/Fixtures/preparation: what Pillow and torchvision make of pictures that the tests can make themselves.

    python tools/make_preparation_fixtures.py

cases.json lists the pictures (noise from a seed, see `noise`) and how each is seen and sized. pixels.npy holds what
Pillow's BILINEAR gives for them in 8 bits, the width first: one after the other, rows of pixels with their channels
side by side. floats.npy holds what torchvision's ToTensor and Normalize make of that.
"""

import json
from pathlib import Path

import numpy
from PIL import Image, ImageOps
from torchvision import transforms

FOLDER = Path(__file__).resolve().parent.parent / "Tests" / "Fixtures" / "preparation"
BYTES_PER_PIXEL = {"gray8": 1, "rgb8": 3, "bgr8": 3, "rgba8": 4, "bgra8": 4}
NORMALIZATION = {
    "gray": ([0.5], [0.5]),
    "rgb": ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
    "bgr": ([0.40789654, 0.44719302, 0.47026115], [0.28863828, 0.27408164, 0.27809835]),
}


def noise(seed, count):
    """The high bytes of a linear congruential generator."""
    state, values = seed, bytearray()
    for _ in range(count):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        values.append(state >> 24)
    return bytes(values)


def case(size, target, format="rgb8", color="rgb", orientation=1, region=None, padding=0):
    """`size`, `target`: width, height. `region`: x, y, width, height. `padding`: bytes behind each row."""
    row_stride = size[0] * BYTES_PER_PIXEL[format] + padding
    return {
        "size": size, "target": target, "format": format, "color": color, "orientation": orientation,
        "region": region or [0, 0, *size], "row_stride": row_stride,
    }


def cases():
    for size, target in [
        ((8, 6), (8, 6)), ((17, 11), (8, 6)), ((8, 6), (17, 11)), ((64, 48), (7, 5)), ((5, 40), (13, 3)),
        ((33, 9), (9, 33)), ((1, 1), (4, 3)), ((1, 9), (5, 5)), ((9, 1), (5, 5)), ((31, 29), (1, 1)),
        ((30, 20), (30, 7)), ((30, 20), (7, 20)), ((255, 3), (128, 2)), ((3, 301), (2, 100)), ((2, 2), (31, 3)),
    ]:
        yield case(size, target)
    for format in BYTES_PER_PIXEL:
        for color in NORMALIZATION:
            yield case((13, 10), (9, 14), format, color)
        yield case((6, 5), (6, 5), format, "gray")
    for orientation in range(1, 9):
        yield case((7, 5), (7, 5), "rgb8", "rgb", orientation)
        yield case((7, 5), (5, 7), "gray8", "gray", orientation)
        yield case((19, 12), (8, 9), "bgra8", "bgr", orientation, region=[3, 2, 11, 7], padding=5)
    for region in [[0, 0, 1, 1], [11, 8, 1, 1], [4, 3, 8, 6], [0, 2, 12, 3]]:
        yield case((12, 9), (5, 4), "rgb8", "rgb", region=region, padding=3)
    yield case((10, 10), (4, 4), "gray8", "gray", padding=1)
    yield case((10, 10), (10, 10), "rgba8", "rgb", padding=64)


def picture(facts, seed):
    """The upright Pillow picture in the network's colour; BGR stays RGB until it is sized."""
    width, height = facts["size"]
    bytes_per_pixel = BYTES_PER_PIXEL[facts["format"]]
    buffer = numpy.frombuffer(noise(seed, facts["row_stride"] * height), numpy.uint8)
    rows = buffer.reshape(height, facts["row_stride"])[:, : width * bytes_per_pixel]
    pixels = rows.reshape(height, width, bytes_per_pixel)
    if facts["format"].startswith("bgr"):
        pixels = pixels[:, :, [2, 1, 0, 3][:bytes_per_pixel]]
    mode = {1: "L", 3: "RGB", 4: "RGBA"}[bytes_per_pixel]
    pixels = numpy.ascontiguousarray(pixels[:, :, 0] if mode == "L" else pixels)
    x, y, region_width, region_height = facts["region"]
    image = Image.fromarray(pixels, mode).crop((x, y, x + region_width, y + region_height))
    image.getexif()[0x0112] = facts["orientation"]
    return ImageOps.exif_transpose(image).convert("L" if facts["color"] == "gray" else "RGB")


def expected(facts, seed):
    upright = picture(facts, seed)
    width, height = facts["target"]
    # First the width, then the height: what Pillow does in one call, but from version 13 on it takes the other order
    # for pictures whose height shrinks much more, and the rounding between the passes is then another.
    sized = upright.resize((width, upright.height), Image.Resampling.BILINEAR)
    sized = sized.resize((width, height), Image.Resampling.BILINEAR)
    values = numpy.asarray(sized).reshape(height, width, -1)
    if facts["color"] == "bgr":
        values = values[:, :, ::-1]
    tensor = transforms.ToTensor()(values.copy())
    normalized = transforms.Normalize(*NORMALIZATION[facts["color"]])(tensor)
    return values.reshape(-1), normalized.permute(1, 2, 0).numpy().reshape(-1)


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    listed, pixels, floats, offset = [], [], [], 0
    for seed, facts in enumerate(cases(), start=1):
        eight_bit, normalized = expected(facts, seed)
        mean, std = NORMALIZATION[facts["color"]]
        listed.append(facts | {"seed": seed, "offset": offset, "mean": mean, "std": std})
        pixels.append(eight_bit)
        floats.append(normalized)
        offset += len(eight_bit)
    lines = ",\n".join("  " + json.dumps(facts) for facts in listed)
    (FOLDER / "cases.json").write_text("[\n" + lines + "\n]\n")
    numpy.save(FOLDER / "pixels.npy", numpy.concatenate(pixels))
    numpy.save(FOLDER / "floats.npy", numpy.concatenate(floats).astype(numpy.float32))


if __name__ == "__main__":
    main()
