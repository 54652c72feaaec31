#!/usr/bin/env python3
"""Makes Tests/Fixtures/images: small pictures of every kind, and the pixels that Pillow reads from them.

Needs Pillow and numpy. Run it from anywhere; it replaces the folder. Each good picture FILE has FILE.raw, its samples as
interleaved bytes, and a line "FILE width height channels orientation" in expected.txt. Files under bad/ are refused; the
lines of bad/expected.txt are "FILE kind words that the error holds".
"""

import io
import shutil
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

FOLDER = Path(__file__).resolve().parent.parent / "Tests" / "Fixtures" / "images"
SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY, COLOUR, PALETTE, GREY_ALPHA, COLOUR_ALPHA = 0, 2, 3, 4, 6
SAMPLES_PER_PIXEL = {GREY: 1, COLOUR: 3, PALETTE: 1, GREY_ALPHA: 2, COLOUR_ALPHA: 4}
random = np.random.default_rng(7)


def picture(width, height, channels=3):
    """A smooth picture without symmetry, with some noise on it."""
    row, column = np.mgrid[0:height, 0:width]
    down, right = row / max(height, 2), column / max(width, 2)
    planes = [40 * c + 190 * down * (c != 1) + 150 * right ** (c + 1) for c in range(channels)]
    values = np.stack(planes, -1) + random.normal(0, 6, (height, width, channels))
    return np.clip(values, 0, 255).astype(np.uint8)


def image(width, height, channels=3, mode=None):
    values = picture(width, height, channels)
    return Image.fromarray(values[..., 0] if channels == 1 else values, mode)


def exif(orientation, byte_order="<", kind="H"):
    """A bare EXIF block with the orientation in a field of 8, 16 or 32 bits."""
    field = {"B": 1, "H": 3, "L": 4}[kind]
    value = struct.pack(byte_order + kind, orientation).ljust(4, b"\0")
    mark = b"II" if byte_order == "<" else b"MM"
    return mark + struct.pack(byte_order + "HIHHHI", 42, 8, 1, 0x112, field, 1) + value + bytes(4)


def saved(source, form, **options):
    stream = io.BytesIO()
    source.save(stream, form, **options)
    return stream.getvalue()


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def packed(samples, depth):
    """The rows of one pass, each with a filter byte that changes from row to row only between none and sub."""
    rows = b""
    for index, row in enumerate(samples.reshape(samples.shape[0], -1)):
        if depth == 16:
            data = row.astype(">u2").tobytes()
        elif depth == 8:
            data = row.astype(np.uint8).tobytes()
        else:
            bits = ((row[:, None] >> np.arange(depth - 1, -1, -1)) & 1).astype(np.uint8)
            data = np.packbits(bits.reshape(-1)).tobytes()
        if index % 2 and depth >= 8:
            step = samples.shape[2] * depth // 8
            before = bytes(step) + data[:-step]
            rows += b"\x01" + bytes((a - b) % 256 for a, b in zip(data, before))
        else:
            rows += b"\0" + data
    return rows


ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def png(colour_type, depth, width=13, height=7, interlaced=False, before=b"", after=b"", size=None):
    """A PNG of random samples, written here because Pillow cannot write most colour types and no interlacing."""
    samples = random.integers(0, 1 << depth, (height, width, SAMPLES_PER_PIXEL[colour_type]))
    passes = [(0, 0, 1, 1)]
    if interlaced:
        passes = [p for p in ADAM7 if p[0] < width and p[1] < height]
    data = b"".join(packed(samples[y::down, x::right], depth) for x, y, right, down in passes)
    header = struct.pack(">IIBBBBB", *(size or (width, height)), depth, colour_type, 0, 0, interlaced)
    palette = b""
    if colour_type == PALETTE:
        palette = chunk(b"PLTE", random.integers(0, 256, 3 << depth).astype(np.uint8).tobytes())
    compressed = zlib.compress(data, 9)
    half = len(compressed) // 2
    pixels = chunk(b"IDAT", compressed[:half]) + chunk(b"IDAT", compressed[half:])
    return SIGNATURE + chunk(b"IHDR", header) + palette + before + pixels + after + chunk(b"IEND", b"")


def jpegs():
    for name, options in {
        "420": {"subsampling": 2},
        "422": {"subsampling": 1},
        "444": {"subsampling": 0},
        "progressive": {"progressive": True, "subsampling": 2},
        "optimised": {"optimize": True, "quality": 95},
        "restarts": {"restart_marker_blocks": 2},
        "poor": {"quality": 5},
    }.items():
        yield f"{name}.jpg", saved(image(37, 23), "JPEG", **options)
    yield "1x1.jpg", saved(image(1, 1), "JPEG")
    yield "1x17.jpg", saved(image(1, 17), "JPEG")
    yield "17x1.jpg", saved(image(17, 1), "JPEG")
    yield "grey.jpg", saved(image(19, 11, 1), "JPEG")
    yield "grey-progressive.jpg", saved(image(19, 11, 1), "JPEG", progressive=True)
    yield "rgb.jpg", saved(image(19, 11), "JPEG", keep_rgb=True)
    yield "440.jpg", with_sampling(saved(image(16, 32), "JPEG", subsampling=1), 0x21, 0x12)
    yield "411.jpg", with_sampling(saved(image(32, 32), "JPEG", subsampling=2), 0x22, 0x41)
    yield "unnamed-sampling.jpg", with_sampling(saved(image(32, 32), "JPEG", subsampling=2), 0x22, 0x14)
    cmyk = saved(image(21, 10, 4, "CMYK"), "JPEG")
    yield "cmyk.jpg", cmyk
    # The same coefficients read as YCCK: the transform byte of the Adobe marker.
    place = cmyk.index(b"Adobe") + 11
    yield "ycck.jpg", cmyk[:place] + b"\x02" + cmyk[place + 1 :]
    for orientation in range(1, 9):
        order = "<>"[orientation % 2]
        block = b"Exif\0\0" + exif(orientation, order)
        yield f"orientation-{orientation}.jpg", saved(image(12, 8), "JPEG", exif=block)
    yield "orientation-long.jpg", saved(image(12, 8), "JPEG", exif=b"Exif\0\0" + exif(6, "<", "L"))
    yield "orientation-9.jpg", saved(image(12, 8), "JPEG", exif=b"Exif\0\0" + exif(9))
    yield "trailing.jpg", saved(image(12, 8), "JPEG") + b"bytes behind the picture"


def with_sampling(data, old, new):
    """Changes the luma sampling factors of a file, to ones that give as many blocks and that Pillow does not write."""
    place = data.index(b"\xff\xc0") + 11
    assert data[place] == old
    return data[:place] + bytes([new]) + data[place + 1 :]


def pngs():
    for colour_type, name, depths in [
        (GREY, "grey", (1, 2, 4, 8, 16)),
        (COLOUR, "rgb", (8, 16)),
        (PALETTE, "palette", (1, 2, 4, 8)),
        (GREY_ALPHA, "grey-alpha", (8, 16)),
        (COLOUR_ALPHA, "rgba", (8, 16)),
    ]:
        for depth in depths:
            yield f"{name}{depth}.png", png(colour_type, depth)
            yield f"{name}{depth}-interlaced.png", png(colour_type, depth, 11, 9, interlaced=True)
    yield "1x1.png", png(COLOUR, 8, 1, 1)
    yield "1x1-interlaced.png", png(COLOUR, 8, 1, 1, interlaced=True)
    yield "filters.png", saved(image(64, 33), "PNG", optimize=True)
    yield "palette-transparent.png", png(PALETTE, 4, before=chunk(b"tRNS", bytes(range(0, 160, 10))))
    yield "rgb-transparent.png", png(COLOUR, 8, before=chunk(b"tRNS", bytes(6)))
    yield "grey-transparent.png", png(GREY, 8, before=chunk(b"tRNS", b"\0\7"))
    yield "gamma.png", png(COLOUR, 8, before=chunk(b"gAMA", struct.pack(">I", 100000)))
    yield "exif.png", png(COLOUR, 8, before=chunk(b"eXIf", exif(6, ">")))
    yield "exif-behind.png", png(COLOUR, 8, after=chunk(b"eXIf", exif(8)))


def webps():
    yield "lossy.webp", saved(image(37, 23), "WEBP", quality=80)
    yield "lossless.webp", saved(image(37, 23), "WEBP", lossless=True)
    yield "1x1.webp", saved(image(1, 1), "WEBP")
    yield "grey.webp", saved(image(15, 9, 1), "WEBP", lossless=True)
    yield "alpha-lossy.webp", saved(image(37, 23, 4), "WEBP", quality=80)
    yield "alpha-lossless.webp", saved(image(37, 23, 4), "WEBP", lossless=True, exact=True)
    yield "exif.webp", saved(image(12, 8), "WEBP", lossless=True, exif=exif(3))
    yield "exif-prefixed.webp", with_prefixed_exif(saved(image(12, 8), "WEBP", exif=exif(5)))


def with_prefixed_exif(data):
    """Puts the prefix of JPEG's EXIF blocks before that of a WebP file, as some writers do."""
    place = data.index(b"EXIF") + 8
    (length,) = struct.unpack("<I", data[place - 4 : place])
    block = b"Exif\0\0" + data[place : place + length]
    body = data[8 : place - 4] + struct.pack("<I", len(block)) + block
    return b"RIFF" + struct.pack("<I", len(body)) + body


def bad_files():
    jpeg = saved(image(37, 23), "JPEG")
    good = png(COLOUR, 8)
    yield "empty.jpg", b"", "badFormat", "an empty file"
    yield "page.jpg", b"\n<!DOCTYPE HTML><html></html>", "badFormat", "an HTML page"
    yield "drawing.png", b'<?xml version="1.0"?><svg/>', "badFormat", "an SVG drawing"
    yield "document.jpg", b"%PDF-1.7\n", "badFormat", "a PDF document"
    yield "picture.gif", saved(image(4, 4), "GIF"), "badFormat", "a GIF picture"
    yield "picture.bmp", saved(image(4, 4), "BMP"), "badFormat", "a BMP picture"
    yield "picture.tif", saved(image(4, 4), "TIFF"), "badFormat", "a TIFF picture"
    yield "photo.jpg", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "badFormat", "a HEIC picture"
    yield "photo.avif", b"\0\0\0\x18ftypavif\0\0\0\0mif1avif", "badFormat", "an AVIF picture"
    yield "pointer.png", b"version https://git-lfs.github.com/spec/v1\n", "badFormat", "a Git LFS pointer"
    yield "noise.jpg", b"\x12\x34nothing", "badFormat", "12 34"
    yield "text-mode.png", good.replace(b"\r\n", b"\n", 1), "badFormat", "transfer in text mode"
    yield "huge.png", png(COLOUR, 8, size=(30000, 30000)), "limit", "30000 x 30000"
    yield "many.png", png(COLOUR, 8, size=(16384, 16384)), "limit", "16384 x 16384"
    yield "zero.png", png(COLOUR, 8, size=(0, 5)), "badFormat", "0 x 5"
    yield "tall.png", png(GREY, 1, size=(13, 16384)), "badFormat", "cut"
    yield "checksum.png", good.replace(b"IEND\xae", b"IEND\xaf"), "badFormat", "checksum"
    yield "no-palette.png", png(PALETTE, 4).replace(b"PLTE", b"pLTE"), "badFormat", "error"
    yield "cut.png", good[:-2], "badFormat", "cut"
    yield "cut.jpg", jpeg[:-2], "badFormat", "end-of-image"
    yield "cut-ended.jpg", jpeg[:-60] + b"\xff\xd9", "badFormat", "remature end"
    frame = jpeg.index(b"\xff\xc0")
    zero, wide = (jpeg[: frame + 5] + side + jpeg[frame + 9 :] for side in (bytes(4), b"\x75\x30\x75\x30"))
    yield "zero.jpg", zero, "badFormat", "Empty JPEG"
    yield "huge.jpg", wide, "limit", "30000 x 30000"
    frames = [image(8, 8), image(8, 8)]
    animation = saved(frames[0], "WEBP", save_all=True, append_images=frames[1:])
    yield "animation.webp", animation, "badFormat", "an animation"
    yield "cut.webp", saved(image(37, 23), "WEBP")[:-10], "badFormat", "cut"


def expected_pixels(name, data):
    """Pillow's samples and orientation: grey stays grey, all else becomes RGB."""
    with Image.open(io.BytesIO(data)) as source:
        orientation = source.getexif().get(0x112, 1)
        if source.mode == "I;16":
            # Pillow clips these to 255 when it converts them; the runtime keeps the high byte, as for colour.
            values = (np.array(source) >> 8).astype(np.uint8)
        elif name.startswith("grey") and not name.endswith("webp"):
            # Of grey with alpha Pillow makes LA, or RGBA for 16 bits; without alpha both are grey.
            values = np.array(source.convert("RGB"))[..., 0]
        else:
            values = np.array(source.convert("RGB"))
    return values, orientation if 1 <= orientation <= 8 else 1


def main():
    shutil.rmtree(FOLDER, ignore_errors=True)
    (FOLDER / "bad").mkdir(parents=True)
    lines = []
    for name, data in [*jpegs(), *pngs(), *webps()]:
        values, orientation = expected_pixels(name, data)
        (FOLDER / name).write_bytes(data)
        (FOLDER / f"{name}.raw").write_bytes(values.tobytes())
        channels = 1 if values.ndim == 2 else values.shape[2]
        lines.append(f"{name} {values.shape[1]} {values.shape[0]} {channels} {orientation}\n")
    (FOLDER / "expected.txt").write_text("".join(lines))
    lines = []
    for name, data, kind, words in bad_files():
        (FOLDER / "bad" / name).write_bytes(data)
        lines.append(f"{name} {kind} {words}\n")
    (FOLDER / "bad" / "expected.txt").write_text("".join(lines))


if __name__ == "__main__":
    main()
