"""Writes Tests/Fixtures/preparation/resize_{cases.json,pixels.npy,floats.npy}: what Pillow, OpenCV and PyTorch make of
small pictures with each of a model.json's filters, and how torchvision crops and YOLO letterboxes them.

    python tools/make_resize_fixtures.py        # needs torchvision and opencv-python-headless

Pictures are noise from a seed, as in make_preparation_fixtures.py, every third one black and white, where cubics
overshoot. pixels.npy holds grey levels, floats.npy what is not rounded to any, both one picture after the other, rows
of pixels with their channels side by side. OpenCV runs its own code: Intel's library, which x86 builds prefer for
INTER_CUBIC, differs from that by a grey level in a few of a hundred values.
"""

import json
from pathlib import Path

import cv2
import numpy
import torch
from PIL import Image
from torchvision.transforms import functional

FOLDER = Path(__file__).resolve().parent.parent / "Tests" / "Fixtures" / "preparation"
PILLOW = {
    "bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC, "lanczos": Image.Resampling.LANCZOS,
    "box": Image.Resampling.BOX, "nearest": Image.Resampling.NEAREST,
}
OPENCV = {
    "opencv_linear": cv2.INTER_LINEAR, "opencv_cubic": cv2.INTER_CUBIC, "opencv_area": cv2.INTER_AREA,
    "opencv_nearest": cv2.INTER_NEAREST,
}
TORCH = {"torch_bilinear": "bilinear", "torch_bicubic": "bicubic"}
FILTERS = [*PILLOW, *OPENCV, "opencv_cubic_wrapped", *TORCH]
SIZES = [
    ((17, 11), (8, 6)), ((8, 6), (17, 11)), ((64, 48), (7, 5)), ((5, 40), (13, 3)), ((33, 9), (9, 33)),
    ((1, 1), (4, 3)), ((1, 9), (5, 5)), ((9, 1), (5, 5)), ((31, 29), (1, 1)), ((30, 20), (30, 7)), ((30, 20), (15, 10)),
    ((30, 21), (10, 7)), ((24, 10), (12, 5)), ((18, 20), (9, 5)), ((63, 57), (37, 41)), ((12, 9), (12, 9)),
    ((20, 13), (10, 26)),
]
FITTED = [
    ((17, 11), (16, 16)), ((11, 17), (16, 12)), ((64, 48), (20, 12)), ((9, 40), (12, 12)), ((300, 1), (24, 24)),
    ((1, 300), (24, 16)), ((10, 10), (16, 16)), ((40, 30), (30, 40)), ((31, 20), (13, 13)),
]


def noise(seed: int, count: int) -> bytes:
    state, values = seed, bytearray()
    for _ in range(count):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        values.append(state >> 24)
    return bytes(values)


def picture(size: tuple[int, int], channels: int, seed: int) -> numpy.ndarray:
    values = numpy.frombuffer(noise(seed, size[0] * size[1] * channels), numpy.uint8)
    if seed % 3 == 0:
        values = numpy.where(values < 128, 0, 255).astype(numpy.uint8)
    return values.reshape(size[1], size[0], channels)


def resized(pixels: numpy.ndarray, size: tuple[int, int], name: str) -> numpy.ndarray:
    """`pixels` are rows x columns x channels, and so is the answer."""
    channels = pixels.shape[2]
    if name in PILLOW:
        image = Image.fromarray(pixels[:, :, 0] if channels == 1 else pixels)
        # The width first, as Pillow before 13 in one call.
        sized = image.resize((size[0], image.height), PILLOW[name]).resize(size, PILLOW[name])
        answer = numpy.asarray(sized)
    elif name in OPENCV:
        answer = cv2.resize(pixels, size, interpolation=OPENCV[name])
    elif name in TORCH:
        image = torch.from_numpy(pixels.astype(numpy.float32)).permute(2, 0, 1)[None].contiguous()
        sized = torch.nn.functional.interpolate(image, (size[1], size[0]), mode=TORCH[name], align_corners=False)
        answer = sized[0].permute(1, 2, 0).numpy()
    else:
        exact = cv2.resize(pixels.astype(numpy.float32), size, interpolation=cv2.INTER_CUBIC)
        # What a processor does with a number that is no byte; numpy leaves it open.
        answer = exact.astype(numpy.int32).astype(numpy.uint8)
    return answer.reshape(size[1], size[0], channels)


def letterboxed(pixels: numpy.ndarray, size: tuple[int, int], name: str, fill: int) -> numpy.ndarray:
    """ultralytics/yolov5, utils/augmentations.py: letterbox; a side is one pixel at least."""
    height, width = pixels.shape[:2]
    scale = min(size[1] / height, size[0] / width)
    inner = max(1, round(width * scale)), max(1, round(height * scale))
    across, down = (size[0] - inner[0]) / 2, (size[1] - inner[1]) / 2
    top, bottom, left, right = round(down - 0.1), round(down + 0.1), round(across - 0.1), round(across + 0.1)
    sized = resized(pixels, inner, name)
    return numpy.pad(sized, ((top, bottom), (left, right), (0, 0)), constant_values=fill)


def cropped(pixels: numpy.ndarray, size: tuple[int, int], name: str, shorter_side: int) -> numpy.ndarray:
    height, width = pixels.shape[:2]
    short, long = min(width, height), max(width, height)
    longer_side = int(shorter_side * long / short)
    sides = (shorter_side, longer_side) if width <= height else (longer_side, shorter_side)
    image = Image.fromarray(resized(pixels, sides, name))
    own = functional.resize(Image.fromarray(pixels), shorter_side, antialias=True)
    assert own.size == image.size, (own.size, image.size)
    return numpy.asarray(functional.center_crop(image, [size[1], size[0]]))


def cases() -> list[dict]:
    listed = []

    def add(size: tuple[int, int], target: tuple[int, int], channels: int, name: str, **policy: int) -> None:
        facts = {"seed": len(listed) + 1, "size": size, "target": target, "channels": channels, "filter": name}
        listed.append(facts | policy)

    for name in FILTERS:
        for index, (size, target) in enumerate(SIZES):
            add(size, target, 1 if index % 4 == 3 else 3, name)
    for size, target in FITTED:
        for name, fill in (("bilinear", 114), ("opencv_linear", 0), ("opencv_area", 255)):
            add(size, target, 3, name, fill=fill)
        for name, shorter_side in (
            ("bilinear", min(target)), ("bicubic", min(target) + 3), ("bilinear", max(1, min(target) // 2)),
        ):
            add(size, target, 3, name, shorter_side=shorter_side)
    return listed


def expected(facts: dict) -> numpy.ndarray:
    pixels = picture(facts["size"], facts["channels"], facts["seed"])
    if "fill" in facts:
        return letterboxed(pixels, facts["target"], facts["filter"], facts["fill"])
    if "shorter_side" in facts:
        return cropped(pixels, facts["target"], facts["filter"], facts["shorter_side"])
    return resized(pixels, facts["target"], facts["filter"])


def main() -> None:
    cv2.ipp.setUseIPP(False)
    torch.set_num_threads(1)
    listed, pixels, floats = [], [], []
    for facts in cases():
        answer = expected(facts)
        values = floats if answer.dtype == numpy.float32 else pixels
        listed.append(facts | {"offset": sum(len(other) for other in values)})
        values.append(answer.reshape(-1))
    lines = ",\n".join("  " + json.dumps(facts) for facts in listed)
    (FOLDER / "resize_cases.json").write_text("[\n" + lines + "\n]\n")
    numpy.save(FOLDER / "resize_pixels.npy", numpy.concatenate(pixels))
    numpy.save(FOLDER / "resize_floats.npy", numpy.concatenate(floats))


if __name__ == "__main__":
    main()
