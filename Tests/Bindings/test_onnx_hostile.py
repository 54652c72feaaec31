"""The files of Tests/Hostile/onnx, whose README tells their stories: each must fail in the expected way."""

import numpy
import pytest
from bindings_support import ROOT

FOLDER = ROOT / "Tests" / "Hostile" / "onnx"
STORIES = {
    "attribute_arity": "the_Conv (Conv): strides: expected 2 numbers",
    "attribute_type": "the_Conv (Conv): attribute 'strides': expected integers, found a float",
    "cycle": "the_Relu (Relu): its input 'b' is made behind it, or depends on it",
    "deep_branches": "nests deeper than 100 messages",
    "dimensions_overflow": "tensor 'w': expected dimensions of at most 2^40 elements",
    "duplicate_output": "the_Tanh (Tanh): output 'y': a second value is named 'y'",
    "endless_loop": "the_Loop (Loop): loop: does not end within",
    "external_absolute": "/etc/passwd: is no path beneath the model's folder",
    "external_link": "link.bin: is a link or lies behind one",
    "external_missing": "nothing.bin: cannot be opened",
    "external_negative": "tensor 'w': external data: expected offset as a number, found '-16'",
    "external_parent": "../outside.bin: is no path beneath the model's folder",
    "external_past_end": "tensor 'w' in data.bin: needs bytes 8 to 24, but only 16 are there",
    "function_recursive": "functions nest deeper than 32",
    "huge_kernel": "kernel: expected 2 numbers of 1...32768",
    "huge_tensor": "tensor 'w': expected 4398046511104 bytes for float32 1048576x1048576, found 4",
    "missing_input": "the_Add (Add): its input 'nowhere' is made by no node",
    "missing_output": "output 'y': is made by no node",
    "negative_dimension": "tensor 'w': expected dimensions of at most 2^40 elements, found [-4]",
    "negative_pads": "the_Conv (Conv): pads: expected 4 numbers of 0...32768",
    "sparse_sum": "tensor 'w': expected at most 67108864 elements in all sparse tensors, found 67109888",
    "string_tensor": "expected numbers, found texts",
    "two_ellipses": "equation '...ii...->i': expected one ellipsis in a term, found 2",
    "unknown_operator": "the_Transmogrify (Transmogrify): the library has no operator Transmogrify",
    "unknown_type": "tensor 'w': has elements of type 99, which is unknown",
    "zero_stride": "the_Conv (Conv): strides: expected 2 numbers of 1...32768, found [0, 1]",
}


def test_every_file_has_its_story():
    assert {path.stem for path in FOLDER.glob("*.onnx")} == set(STORIES)


@pytest.mark.parametrize("name", sorted(STORIES))
def test_hostile_file(mtl_infer, name):
    shape = (2,) if name == "endless_loop" else (1, 2, 8, 8)
    with pytest.raises(mtl_infer.MTLError) as caught:
        mtl_infer.load(FOLDER / f"{name}.onnx").run(tensors=[numpy.zeros(shape, numpy.float32)])
    assert STORIES[name] in str(caught.value)


@pytest.mark.parametrize("name", ["function_recursive", "endless_loop", "huge_tensor"])
def test_truncated_at_every_byte(mtl_infer, name):
    """And with every byte changed: an error, or another model, but no crash."""
    whole = (FOLDER / f"{name}.onnx").read_bytes()
    for end in range(len(whole)):
        attempt(mtl_infer, whole[:end])
        attempt(mtl_infer, whole[:end] + bytes([whole[end] ^ 0x55]) + whole[end + 1:])


def attempt(mtl_infer, content):
    try:
        mtl_infer.loads(content)
    except mtl_infer.MTLError:
        pass
