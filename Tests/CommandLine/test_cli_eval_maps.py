"""mtl-infer eval on maps in PNG files and tables: samples of every depth, units, and files with something wrong."""

import json
import os
import shutil
import struct
import zlib

import numpy
import pytest
from support import FIXTURES, call, call_json, chunk, figures, png

PASCAL = FIXTURES / "recipes" / "vandenhende-resnet18-pascal"
DEPTH = FIXTURES / "recipes" / "libmtl-single-depth-nyuv2"


def palette_png(labels, bits):
    """Indices of 1, 2, 4 or 8 bits with a palette of one grey, which says nothing of them."""
    whole = png(labels)
    rows, columns = labels.shape
    packed = b"".join(
        b"\0" + numpy.packbits((row[:, None] >> numpy.arange(bits)[::-1] & 1).astype(numpy.uint8).ravel()).tobytes()
        for row in labels.astype(int))
    return whole[:8] + chunk(b"IHDR", struct.pack(">IIBBBBB", columns, rows, bits, 3, 0, 0, 0)) + chunk(
        b"PLTE", bytes([7, 7, 7]) * 2**bits) + chunk(b"IDAT", zlib.compress(packed)) + chunk(b"IEND", b"")


def interlaced_png(labels, bits):
    """Seven passes (Adam7) of indices of few bits with a palette."""
    rows, columns = labels.shape
    lines = b""
    for top, left, down, across in ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2),
                                    (1, 0, 2, 1)):
        for row in labels[top::down, left::across].astype(int):
            if len(row):
                single = (row[:, None] >> numpy.arange(bits)[::-1] & 1).astype(numpy.uint8)
                lines += b"\0" + numpy.packbits(single.ravel()).tobytes()
    header = struct.pack(">IIBBBBB", columns, rows, bits, 3, 0, 0, 1)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"PLTE", bytes(3 * 2**bits)) + chunk(
        b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


def wide_png(values):
    """Grey of 16 bits."""
    rows, columns = values.shape
    lines = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", columns, rows, 16, 0, 0, 0, 0)) + chunk(
        b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


@pytest.fixture
def street(tmp_path):
    """A picture and PNG maps of PASCAL's tasks in a table."""
    random = numpy.random.default_rng(8)
    size = (40, 60)
    (tmp_path / "a.png").write_bytes(png(random.integers(0, 256, (*size, 3))))
    classes, parts = random.integers(0, 4, size), random.integers(0, 3, size)
    mask = random.random(size) < 0.3
    (tmp_path / "classes.png").write_bytes(palette_png(classes, 8))
    (tmp_path / "parts.png").write_bytes(palette_png(parts, 2))
    (tmp_path / "mask.png").write_bytes(palette_png(mask, 1))
    (tmp_path / "normals.png").write_bytes(png(random.integers(1, 256, (*size, 3))))
    numpy.save(tmp_path / "classes.npy", classes.astype(numpy.int32))
    numpy.save(tmp_path / "parts.npy", parts.astype(numpy.uint8))
    numpy.save(tmp_path / "mask.npy", mask)
    return tmp_path


def table(folder, ending):
    file = folder / f"{ending}.csv"
    file.write_text(
        "file,semseg,human_parts,sal,edge,normals\n"
        f"a.png,classes.{ending},parts.{ending},mask.{ending},mask.{ending},normals.png\n")
    return file


def test_maps_in_a_table(street):
    """Palettes of few bits and arrays are the same truth."""
    report = call_json("eval", PASCAL, table(street, "png"))
    assert report["failures"] == [] and report["pictures"] == 1
    kinds = {name: task["kind"] for name, task in report["tasks"].items()}
    assert kinds == {
        "semseg": "segmentation", "human_parts": "part_segmentation", "sal": "saliency", "edge": "edges",
        "normals": "normals"}
    assert {"max_f", "mean_iou"} == set(figures(report, "sal")) and {"ods_f", "ois_f"} == set(figures(report, "edge"))
    again = call_json("eval", PASCAL, table(street, "npy"))
    assert again["tasks"] == report["tasks"]


@pytest.mark.parametrize("name, content, message", [
    ("classes", lambda a: palette_png(numpy.full((40, 60), 30), 8), "labels of 0 to 3"),
    ("classes", lambda a: png(numpy.zeros((40, 60, 3))), "1 number for each pixel, found 3"),
    ("classes", lambda a: a[:-20], "PNG chunks up to an IEND"),
    ("classes", lambda a: b"", "a PNG picture"),
    ("normals", lambda a: os.mkfifo, "is no regular file"),
    ("mask", lambda a: palette_png(numpy.zeros((60, 40), bool), 1), "60 x 40 pixels, found 40 x 60"),
    ("parts", lambda a: None, "parts.png"),
])
def test_broken_maps_are_reported(street, name, content, message):
    file = street / f"{name}.png"
    changed = content(file.read_bytes())
    file.unlink()
    if changed is os.mkfifo:
        os.mkfifo(file)
    elif changed is not None:
        file.write_bytes(changed)
    report = json.loads(call("eval", PASCAL, table(street, "png"), "--json", status=65, stderr=message))
    assert report["pictures"] == 0 and report["failures"][0]["name"] == "a.png"


def test_depth_in_pictures(tmp_path):
    """Millimetres of 16 bits, or what the model says; the baseline of the card is compared with."""
    random = numpy.random.default_rng(9)
    folder = tmp_path / "set"
    for part in ("image", "depth"):
        (folder / part).mkdir(parents=True)
    (folder / "image" / "a.png").write_bytes(png(random.integers(0, 256, (32, 48, 3))))
    depth = random.integers(0, 9000, (32, 48))
    (folder / "depth" / "a.png").write_bytes(wide_png(depth))
    card = json.loads((DEPTH / "model.json").read_text())
    model = shutil.copytree(DEPTH, tmp_path / "model")

    def measured(**convention):
        task = {"name": "depth", "kind": "depth", "unit": "m", "upsampling": "corners", **convention}
        (model / "model.json").write_text(json.dumps({**card, "tasks": [task]}))
        return call_json("eval", model, folder)

    first = measured()
    numpy.save(folder / "depth" / "a.npy", (depth / 1000).astype(numpy.float32))
    (folder / "depth" / "a.png").unlink()
    assert figures(measured(), "depth") == pytest.approx(figures(first, "depth"), rel=1e-6)
    (folder / "depth" / "a.png").write_bytes(wide_png(depth * 2))
    (folder / "depth" / "a.npy").unlink()
    assert figures(measured(truth_scale=0.0005), "depth") == pytest.approx(figures(first, "depth"), rel=1e-6)
    error = figures(first, "depth")["absolute_error"]
    compared = measured(truth_scale=0.0005, baseline={"absolute_error": 2 * error})["tasks"]["depth"]["baselines"]
    assert compared[0]["figure"] == "absolute_error" and compared[0]["gain"] == pytest.approx(50, rel=1e-6)
    assert "+50.00 %" in call("eval", model, folder)
    far = measured(truth_scale=0.0005, valid_range=[0.1, 2])
    assert figures(far, "depth")["absolute_error"] != error


def test_interlaced_maps(street):
    expected = call_json("eval", PASCAL, table(street, "npy"))
    for name, bits in (("classes", 4), ("parts", 2), ("mask", 1)):
        (street / f"{name}.png").write_bytes(interlaced_png(numpy.load(street / f"{name}.npy"), bits))
    assert call_json("eval", PASCAL, table(street, "png"))["tasks"] == expected["tasks"]


def test_what_is_invalid_as_it_is_stored(tmp_path):
    """Before it is scaled, and in float32: 0.1 is no double."""
    random = numpy.random.default_rng(9)
    model = shutil.copytree(DEPTH, tmp_path / "model")
    card = json.loads((model / "model.json").read_text())
    for part in ("image", "depth"):
        (tmp_path / "set" / part).mkdir(parents=True)
    (tmp_path / "set" / "image" / "a.png").write_bytes(png(random.integers(0, 256, (32, 48, 3))))
    depth = random.integers(500, 9000, (32, 48))
    hidden = random.random((32, 48)) < 0.3

    def measured(values, ending, **convention):
        for old in (tmp_path / "set" / "depth").iterdir():
            old.unlink()
        file = tmp_path / "set" / "depth" / f"a.{ending}"
        if ending == "npy":
            numpy.save(file, values.astype(numpy.float32))
        else:
            file.write_bytes(wide_png(values))
        task = {"name": "depth", "kind": "depth", "unit": "m", "upsampling": "corners", **convention}
        (model / "model.json").write_text(json.dumps({**card, "tasks": [task]}))
        return figures(call_json("eval", model, tmp_path / "set"), "depth")

    expected = measured(numpy.where(hidden, 0, depth), "png")
    assert measured(numpy.where(hidden, 65535, depth), "png", invalid=65535) == expected
    assert measured(numpy.where(hidden, 0.1, depth / 1000), "npy", invalid=0.1) == pytest.approx(expected, rel=1e-6)
