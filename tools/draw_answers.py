"""Draws the pictures of a run with the answers under them: the pictures of the READMEs.

    mtl-infer run models/fingers models/fingers/samples --json | python tools/draw_answers.py docs/images/fingers.png
    mtl-infer run models/faces models/faces/samples --json | python tools/draw_answers.py docs/images/faces.png --side 192
"""

import argparse
import json
import sys

from PIL import Image, ImageDraw, ImageFont

COLUMNS, LINE_HEIGHT, GAP = 8, 18, 8


def main():
    parser = argparse.ArgumentParser(description="Draw the pictures of a run with the answers under them.")
    parser.add_argument("out", help="PNG file to write")
    parser.add_argument("--side", type=int, default=128, help="of each picture in pixels (default %(default)s)")
    options = parser.parse_args()
    answers, side = json.load(sys.stdin), options.side
    text_height = LINE_HEIGHT * len(answers[0]["tasks"]) + 4
    rows = (len(answers) + COLUMNS - 1) // COLUMNS
    size = (COLUMNS * (side + GAP) + GAP, rows * (side + text_height + GAP) + GAP)
    sheet = Image.new("RGB", size, "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(14)
    for index, answer in enumerate(answers):
        x = GAP + index % COLUMNS * (side + GAP)
        y = GAP + index // COLUMNS * (side + text_height + GAP)
        sheet.paste(Image.open(answer["image"]).convert("RGB").resize((side, side)), (x, y))
        for line, (task, found) in enumerate(sorted(answer["tasks"].items(), reverse=True)):
            text = f"{task}: {found['label']}  {found['confidence']:.1%}"
            draw.text((x, y + side + 2 + line * LINE_HEIGHT), text, fill="black", font=font)
    sheet.quantize(256).save(options.out, optimize=True)


if __name__ == "__main__":
    main()
