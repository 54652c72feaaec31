"""Draws the pictures of a run with the answers under them: the picture of the README.

    mtl-infer run models/fingers models/fingers/samples --json | python tools/draw_answers.py docs/images/fingers.png
"""
import json
import sys

from PIL import Image, ImageDraw, ImageFont

COLUMNS, SIDE, TEXT_HEIGHT, GAP = 8, 128, 40, 8


def main():
    answers = json.load(sys.stdin)
    rows = (len(answers) + COLUMNS - 1) // COLUMNS
    size = (COLUMNS * (SIDE + GAP) + GAP, rows * (SIDE + TEXT_HEIGHT + GAP) + GAP)
    sheet = Image.new("RGB", size, "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(14)
    for index, answer in enumerate(answers):
        x = GAP + index % COLUMNS * (SIDE + GAP)
        y = GAP + index // COLUMNS * (SIDE + TEXT_HEIGHT + GAP)
        sheet.paste(Image.open(answer["image"]).convert("RGB").resize((SIDE, SIDE)), (x, y))
        for line, (task, found) in enumerate(sorted(answer["tasks"].items(), reverse=True)):
            text = f"{task}: {found['label']}  {found['confidence']:.1%}"
            draw.text((x, y + SIDE + 2 + line * 18), text, fill="black", font=font)
    sheet.quantize(64).save(sys.argv[1], optimize=True)


if __name__ == "__main__":
    main()
