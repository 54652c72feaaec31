"""Writes Tests/Fixtures/detection: maps of CenterNet's heads, and the boxes and key points that its rules make of them.

    python tools/make_detection_fixtures.py

The rules are those of xingyizhou/CenterNet (src/lib/models/decode.py, src/lib/utils/post_process.py): sigmoid; a peak is
no smaller than its 3 x 3 neighbours; the best 100 of each class, then of all; centre plus reg, plus and minus half of wh;
a key point is centre plus hps, or the nearest peak of hm_hp above 0.1 if that lies in the box and nearer than 0.3 of its
longer side. Peaks that are none have the score 0 there; here they are left out.

NAME/maps.npy holds all maps of a task, one behind the other; NAME/{scores,classes,boxes,key_points}.npy the answer in
pixels of the input, which is four times as large as the maps, NAME/picture_{boxes,key_points}.npy in pixels of a picture of
640 x 427, which was fitted into the input with its centre in the middle.
"""

from pathlib import Path

import numpy

FOLDER = Path(__file__).resolve().parent.parent / "Tests" / "Fixtures" / "detection"
LIMIT = 100
STRIDE = 4
PICTURE = (640, 427)


def sigmoid(values: numpy.ndarray) -> numpy.ndarray:
    one = numpy.float32(1)
    return one / (one + numpy.exp(-values))


def suppressed(heat: numpy.ndarray) -> numpy.ndarray:
    """C x H x W with 0 wherever a neighbour is larger."""
    height, width = heat.shape[1:]
    padded = numpy.pad(heat, ((0, 0), (1, 1), (1, 1)), constant_values=-numpy.inf)
    largest = numpy.max([padded[:, y:y + height, x:x + width] for y in range(3) for x in range(3)], axis=0)
    return heat * (heat == largest)


def best(heat: numpy.ndarray) -> list[tuple[numpy.float32, int, int, int]]:
    """(score, class, row, column) of the best peaks, the first of equal ones first."""
    order = numpy.argsort(-heat, axis=None, kind="stable")[:LIMIT]
    places = zip(order, *numpy.unravel_index(order, heat.shape))
    return [(heat.flat[flat], int(c), int(y), int(x)) for flat, c, y, x in places if heat.flat[flat] > 0]


def boxes(peaks, wh, reg) -> numpy.ndarray:
    rows = []
    for _, _, y, x in peaks:
        centre = numpy.array([x, y], numpy.float32) + reg[:, y, x]
        half = wh[:, y, x] / 2
        rows.append(numpy.concatenate([centre - half, centre + half]))
    return numpy.array(rows, numpy.float32).reshape(-1, 4)


def key_points(peaks, found, hps, joints, offsets) -> tuple[numpy.ndarray, int]:
    """N x joints x 2, and how many of them snapped to a peak."""
    candidates = []
    for joint, heat in enumerate(joints):
        places = [(score, y, x) for score, _, y, x in best(heat[None]) if score > numpy.float32(0.1)]
        candidates.append(numpy.array(
            [numpy.array([x, y], numpy.float32) + offsets[:, y, x] for _, y, x in places], numpy.float32).reshape(-1, 2))
    points = numpy.zeros((len(peaks), len(joints), 2), numpy.float32)
    snapped = 0
    for person, (_, _, y, x) in enumerate(peaks):
        left, top, right, bottom = found[person]
        for joint, near in enumerate(candidates):
            point = hps[2 * joint:2 * joint + 2, y, x] + numpy.array([x, y], numpy.float32)
            if len(near):
                distances = numpy.sqrt(((point - near) ** 2).sum(axis=1))
                nearest = near[numpy.argmin(distances)]
                is_inside = left <= nearest[0] <= right and top <= nearest[1] <= bottom
                if is_inside and distances.min() <= max(bottom - top, right - left) * numpy.float32(0.3):
                    point, snapped = nearest, snapped + 1
            points[person, joint] = point
    return points, snapped


def on_picture(points: numpy.ndarray, map_size: tuple[int, int]) -> numpy.ndarray:
    """... x 2 from the maps to the picture: the longer side of the picture spans the width of the input."""
    scale = max(PICTURE) / map_size[0]
    return ((points.astype(numpy.float64) - numpy.array(map_size) / 2) * scale + numpy.array(PICTURE) / 2).astype("float32")


def save(name: str, maps: dict[str, numpy.ndarray]) -> None:
    folder = FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    height, width = maps["hm"].shape[1:]
    peaks = best(suppressed(sigmoid(maps["hm"])))
    found = boxes(peaks, maps["wh"], maps["reg"])
    answer = {
        "maps": numpy.concatenate(list(maps.values()))[None],
        "scores": numpy.array([peak[0] for peak in peaks], numpy.float32),
        "classes": numpy.array([peak[1] for peak in peaks], numpy.float32),
        "boxes": found * STRIDE,
        "picture_boxes": on_picture(found.reshape(-1, 2, 2), (width, height)).reshape(-1, 4),
    }
    note = ""
    if "hps" in maps:
        joints = suppressed(sigmoid(maps["hm_hp"]))
        points, snapped = key_points(peaks, found, maps["hps"], joints, maps["hp_offset"])
        answer["key_points"] = points * STRIDE
        answer["picture_key_points"] = on_picture(points, (width, height))
        note = f", {snapped} of {points.shape[0] * points.shape[1]} key points snapped"
    for file, values in answer.items():
        numpy.save(folder / f"{file}.npy", values.astype(numpy.float32))
    print(f"{name}: {len(peaks)} boxes{note}")


def main() -> None:
    random = numpy.random.default_rng(9)

    def normal(channels: int, deviation: float, mean: float = 0, size: tuple[int, int] = (32, 40)) -> numpy.ndarray:
        return (random.standard_normal((channels, *size)) * deviation + mean).astype(numpy.float32)

    def size_map(low: float, high: float, size: tuple[int, int] = (32, 40)) -> numpy.ndarray:
        return random.uniform(low, high, (2, *size)).astype(numpy.float32)

    detection = {"hm": normal(5, 2, -3), "wh": size_map(1, 12), "reg": size_map(0, 1)}
    # Neighbours that are equal are peaks both, and a class may have none that counts.
    detection["hm"][1, 10, 10:12] = 4
    detection["hm"][4] = -20
    save("centernet-ctdet", detection)
    small = (20, 28)
    save("centernet-multi-pose", {
        "hm": normal(1, 2, -3, small), "wh": size_map(4, 24, small), "reg": size_map(0, 1, small),
        "hps": normal(34, 4, 0, small), "hm_hp": normal(17, 1.5, -3, small), "hp_offset": size_map(0, 1, small)})


if __name__ == "__main__":
    main()
