"""Writes Tests/Fixtures/preparation/warp_{cases.json,pixels.npy}: how OpenCV fits pictures into an input as CenterNet does.

    python tools/make_warp_fixtures.py        # needs opencv-python-headless 4.10

The longer side spans the input's width, centre on centre; the transform is that of get_affine_transform in
xingyizhou/CenterNet, src/lib/utils/image.py, the resampling warpAffine with INTER_LINEAR. Pictures are noise from a seed,
as in make_preparation_fixtures.py.
"""

import json
from pathlib import Path

import cv2
import numpy

FOLDER = Path(__file__).resolve().parent.parent / "Tests" / "Fixtures" / "preparation"
SIZES = [
    ((32, 32), (32, 32)), ((64, 43), (32, 32)), ((43, 64), (32, 32)), ((20, 11), (32, 32)), ((11, 20), (32, 32)),
    ((1, 1), (8, 8)), ((101, 7), (24, 16)), ((7, 101), (24, 16)), ((50, 50), (16, 24)), ((97, 61), (33, 29)),
]


def noise(seed: int, count: int) -> bytes:
    state, values = seed, bytearray()
    for _ in range(count):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        values.append(state >> 24)
    return bytes(values)


def fitted(picture: numpy.ndarray, target: tuple[int, int]) -> numpy.ndarray:
    height, width = picture.shape[:2]
    centre, scale = numpy.array([width / 2, height / 2]), float(max(height, width))
    middle = numpy.array([target[0] * 0.5, target[1] * 0.5])

    def corners(point: numpy.ndarray, reach: float) -> numpy.ndarray:
        """A point, the one above it, and the one that makes a right angle with both."""
        above = point + [0, -reach]
        return numpy.array([point, above, above + [-(point - above)[1], (point - above)[0]]], numpy.float32)

    transform = cv2.getAffineTransform(corners(centre, scale * 0.5), corners(middle, target[0] * 0.5))
    return cv2.warpAffine(picture, transform, target, flags=cv2.INTER_LINEAR)


def main() -> None:
    listed, pixels = [], []
    for seed, (size, target) in enumerate(SIZES, start=1):
        buffer = numpy.frombuffer(noise(seed, size[0] * size[1] * 3), numpy.uint8)
        listed.append({"seed": seed, "size": size, "target": target})
        pixels.append(fitted(buffer.reshape(size[1], size[0], 3), target).reshape(-1))
    (FOLDER / "warp_cases.json").write_text("[\n" + ",\n".join("  " + json.dumps(facts) for facts in listed) + "\n]\n")
    numpy.save(FOLDER / "warp_pixels.npy", numpy.concatenate(pixels))


if __name__ == "__main__":
    main()
