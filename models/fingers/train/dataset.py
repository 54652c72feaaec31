"""Pictures with their two labels: from a folder of named files, or drawn and kept in a cache."""

from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from hands import draw_many


def label_from_name(path):
    """Finger count and 1 for left, 0 for right, from a name such as `3f2a19c0_3L.png`."""
    ending = path.stem.rsplit("_", 1)[-1]
    if len(ending) != 2 or ending[0] not in "012345" or ending[1] not in "LR":
        raise ValueError(f"{path}: the name should end in _<count 0-5><L or R>, for example _3L")
    return int(ending[0]), int(ending[1] == "L")


def read_folder(folder):
    """Pictures (number, height, width), finger counts, 1 for left or 0 for right, and the files' paths."""
    paths = sorted(Path(folder).glob("*.png"))
    if not paths:
        raise ValueError(f"{folder}: no PNG pictures here")
    labels = [label_from_name(path) for path in paths]
    pictures = []
    for path in tqdm(paths, desc=f"reading {folder}", unit="picture"):
        picture = np.asarray(Image.open(path).convert("L"))
        if picture.shape != (128, 128):
            raise ValueError(f"{path}: expected 128x128 pixels, found {picture.shape[1]}x{picture.shape[0]}")
        pictures.append(picture)
    counts, lefts = np.array(labels).T
    return np.stack(pictures), counts, lefts, paths


def drawn(seed, number, cache=None):
    """Drawn pictures; with a cache folder they are drawn once and read from there afterwards."""
    if cache is None:
        return draw_many(seed, number)
    stored = Path(cache) / f"hands_seed{seed}_{number}.npz"
    if not stored.exists():
        stored.parent.mkdir(parents=True, exist_ok=True)
        pictures, counts, lefts = draw_many(seed, number)
        np.savez(stored, pictures=pictures, counts=counts, lefts=lefts)
    with np.load(stored) as arrays:
        return arrays["pictures"], arrays["counts"], arrays["lefts"]
