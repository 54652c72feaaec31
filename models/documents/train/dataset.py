"""Pictures in a folder with labels.csv: a column `file` and one for each task, empty where a label is not known."""

import csv

import numpy as np
import torch
from PIL import Image

TASKS = ("font", "script", "location", "date")
UNKNOWN = -1


def read_table(folder):
    with open(folder / "labels.csv", newline="") as file:
        return list(csv.DictReader(file))


def class_names(folder):
    """Of each task of the table, in the order of the alphabet."""
    rows = read_table(folder)
    return {task: sorted({row[task] for row in rows} - {""}) for task in TASKS if task in rows[0]}


def read_folder(folder, classes, size):
    """Pictures as bytes (number, 3, size, size), and each task's class numbers, UNKNOWN where there is none."""
    rows = read_table(folder)
    pictures = torch.empty(len(rows), 3, size, size, dtype=torch.uint8)
    for picture, row in zip(pictures, rows):
        image = Image.open(folder / row["file"]).convert("RGB").resize((size, size), Image.Resampling.BILINEAR)
        picture.copy_(torch.from_numpy(np.array(image)).permute(2, 0, 1))
    truths = {
        task: torch.tensor([names.index(row[task]) if row[task] else UNKNOWN for row in rows])
        for task, names in classes.items()
    }
    return pictures, truths
