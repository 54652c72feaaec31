"""Calls of the mtl-infer program, and files for it. Needs numpy and nothing else."""

import json
import os
import struct
import subprocess
import zlib
from pathlib import Path

import numpy

ROOT = Path(__file__).resolve().parent.parent.parent
BINARY = Path(os.environ.get("MTL_INFER_BINARY", ROOT / ".build" / "release" / "mtl-infer")).resolve()
FINGERS = ROOT / "models" / "fingers"
CHECKPOINT = FINGERS / "best.pt"
SAMPLES = sorted((FINGERS / "samples").glob("*.png"))
FIXTURES = ROOT / "Tests" / "Fixtures"
EXPECTED = json.loads((FIXTURES / "fingers" / "expected.json").read_text())


def call(*arguments, status=0, stderr="", env=None, cwd=None):
    """Runs the program, checks its exit status and that standard error is what is expected; returns its output.

    `stderr` is a part of the text, or "" for an empty one.
    """
    done = subprocess.run(
        [BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=120, cwd=cwd,
        env=None if env is None else os.environ | env)
    assert done.returncode == status, f"{done.returncode}: {done.stderr}"
    if stderr:
        assert stderr in done.stderr, done.stderr
    else:
        assert done.stderr == ""
    return done.stdout


def call_json(*arguments, **expectations):
    return json.loads(call(*arguments, "--json", **expectations))


def figures(report, task):
    """What `eval --json` says of a task, by name."""
    return {figure["name"]: figure["value"] for figure in report["tasks"][task]["figures"]}


def refusal(*arguments, status, part):
    """A call that fails: nothing on standard output, `part` in the one line on standard error."""
    done = subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=120)
    assert done.returncode == status, f"{done.returncode}: {done.stderr}"
    assert done.stdout == ""
    assert part in done.stderr, done.stderr
    # The argument parser explains a wrong usage at length.
    if status != 64:
        assert done.stderr.startswith("mtl-infer: ") and done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def outputs(folder, *arguments, **expectations):
    """The arrays that a run with --out leaves in a new folder, by file name without its end."""
    call("run", *arguments, "--out", folder, **expectations)
    return {path.name.removesuffix(".npy"): numpy.load(path) for path in sorted(Path(folder).glob("*.npy"))}


def chunk(kind, data):
    """Of a PNG file."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(pixels, orientation=None):
    """A PNG file of 8-bit pixels: rows x columns, or rows x columns x 3."""
    rows, columns = pixels.shape[:2]
    header = struct.pack(">IIBBBBB", columns, rows, 8, 0 if pixels.ndim == 2 else 2, 0, 0, 0)
    flat = pixels.astype(numpy.uint8).reshape(rows, -1)
    lines = numpy.concatenate([numpy.zeros((rows, 1), numpy.uint8), flat], axis=1).tobytes()
    exif = b""
    if orientation:
        entry = struct.pack("<HHIHH", 0x0112, 3, 1, orientation, 0)
        exif = chunk(b"eXIf", b"II*\0" + struct.pack("<IH", 8, 1) + entry + bytes(4))
    parts = [chunk(b"IHDR", header), exif, chunk(b"IDAT", zlib.compress(lines, 1)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def upright(pixels, orientation):
    """What an EXIF orientation says of stored pixels."""
    if orientation >= 5:
        pixels = pixels.swapaxes(0, 1)
    # The steps along rows and columns, after the swap.
    rows, columns = {2: (1, -1), 3: (-1, -1), 4: (-1, 1), 6: (1, -1), 7: (-1, -1), 8: (-1, 1)}.get(orientation, (1, 1))
    return pixels[::rows, ::columns]


def safetensors(tensors):
    """A checkpoint of float32 arrays."""
    header, data = {}, b""
    for name, array in tensors.items():
        array = numpy.asarray(array, dtype="<f4")
        place = [len(data), len(data) + array.nbytes]
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": place}
        data += array.tobytes()
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def scene(rows=90, columns=120, channels=3):
    """A picture without symmetry."""
    y, x = numpy.mgrid[0:rows, 0:columns]
    planes = [(x * 3 + y) % 256, (x * y // 7) % 256, (255 - y * 2 + x) % 256]
    return planes[0].astype(numpy.uint8) if channels == 1 else numpy.stack(planes, -1).astype(numpy.uint8)
