"""Cuts whole pages into patches whose text has the height that the networks know, so that pages can be measured, too.

    python draw.py pages --count 200 --seed 3000 --pages
    python cut.py pages patches

labels.csv of the pages names the height of their text; --unscaled leaves it as it is, to see what that costs.
"""

import argparse
import csv
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from dataset import read_table
from draw import COLUMNS, PATCH_TEXT, SIZE

# Where pages have text, in shares of their width and height.
TEXT_AREA = (0.15, 0.15, 0.75, 0.8)


def patches(page, count, random):
    """Patches from anywhere in the text; of a page that is smaller than that, from its middle."""
    low = np.array(TEXT_AREA[:2]) * page.size
    room = np.maximum(np.array(TEXT_AREA[2:]) * page.size - low - SIZE, 0)
    for _ in range(count):
        left, top = (low + room * random.random(2)).round().astype(int)
        yield page.crop((left, top, left + SIZE, top + SIZE))


def main():
    parser = argparse.ArgumentParser(description="Cut drawn pages into patches.")
    parser.add_argument("pages", type=Path, help="folder that draw.py --pages wrote")
    parser.add_argument("out", type=Path, help="folder to write to, made if it is missing")
    parser.add_argument("--count", type=int, default=8, help="patches of each page (default %(default)s)")
    parser.add_argument("--unscaled", action="store_true", help="leave the height of the text as it is")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    wanted = sum(PATCH_TEXT) / 2
    with open(options.out / "labels.csv", "w", newline="") as file:
        table = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        table.writeheader()
        for row in tqdm(read_table(options.pages), desc="cutting", unit="page"):
            page = Image.open(options.pages / row["file"]).convert("RGB")
            height = float(row["text_height"])
            if not options.unscaled:
                size = [round(length * wanted / height) for length in page.size]
                page, height = page.resize(size, Image.Resampling.BILINEAR), wanted
            for number, patch in enumerate(patches(page, options.count, random)):
                name = f"{Path(row['file']).stem}_{number}.png"
                patch.save(options.out / name)
                table.writerow({**row, "file": name, "text_height": f"{height:.1f}"})


if __name__ == "__main__":
    main()
