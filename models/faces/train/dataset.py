"""Pictures (number, 96, 96, 3) in bytes with each task's classes: drawn, from a labelled folder, or UTKFace."""

import csv
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from tqdm import tqdm

from faces import SIDE, classes, draw_face
from network import DRAWN, LABELS, UTKFACE
from person import decade


def as_tensors(pictures, labels, tasks):
    labels = torch.as_tensor(np.array(labels, np.int64))
    return torch.as_tensor(np.stack(pictures)), {task: labels[:, place] for place, task in enumerate(tasks)}


def drawn(seed, number, processes=1, cache=None):
    """Drawn faces; with a cache folder they are drawn once and read from there afterwards."""
    stored = cache / f"faces_seed{seed}_{number}.npz" if cache else None
    if stored and stored.exists():
        with np.load(stored) as arrays:
            return as_tensors(arrays["pictures"], arrays["labels"], DRAWN)
    with ProcessPoolExecutor(processes) as pool:
        results = pool.map(partial(draw_face, seed), range(number), chunksize=32)
        results = list(tqdm(results, total=number, desc=f"drawing faces, seed {seed}", unit="face"))
    pictures = np.stack([picture for picture, _ in results])
    labels = np.array([classes(person) for _, person in results])
    if stored:
        stored.parent.mkdir(parents=True, exist_ok=True)
        np.savez(stored, pictures=pictures, labels=labels)
    return as_tensors(pictures, labels, DRAWN)


def read(path):
    """A picture in the network's size, stretched as `mtl-infer` does it."""
    picture = Image.open(path).convert("RGB")
    if picture.size != (SIDE, SIDE):
        picture = picture.resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    return np.asarray(picture)


def utkface_labels(path):
    """Classes from a name such as 34_1_2_20170109.jpg: age, gender and ethnicity; None where one is missing."""
    parts = path.name.split("_")
    if len(parts) < 4 or not all(part.isdigit() for part in parts[:3]):
        return None
    age, gender, ethnicity = map(int, parts[:3])
    return decade(age), gender, ethnicity


def read_folder(folder):
    """A folder that faces.py wrote, or one with UTKFace's file names."""
    folder = Path(folder)
    if (folder / "labels.csv").exists():
        with open(folder / "labels.csv", newline="") as file:
            rows = list(csv.DictReader(file))
        named = [(folder / row["file"], [LABELS[task].index(row[task]) for task in DRAWN]) for row in rows]
        tasks = DRAWN
    else:
        named = [(path, utkface_labels(path)) for path in sorted(folder.glob("*.jpg"))]
        named = [(path, labels) for path, labels in named if labels]
        tasks = UTKFACE
    if not named:
        raise ValueError(f"{folder}: neither a labels.csv nor pictures named as in UTKFace")
    paths, labels = zip(*named, strict=True)
    return as_tensors([read(path) for path in tqdm(paths, desc=f"reading {folder}")], labels, tasks)


def split(pictures, truths, every=10):
    """Training and validation: each tenth picture is for the latter."""
    is_validation = torch.arange(len(pictures)) % every == 0
    return tuple(
        (pictures[chosen], {task: truth[chosen] for task, truth in truths.items()})
        for chosen in (~is_validation, is_validation)
    )
