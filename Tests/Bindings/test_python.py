"""The Python package: results, what a run accepts and what it refuses."""
import numpy
import pytest
from bindings_support import same, sample_labels
from PIL import Image


# ---- Results -------------------------------------------------------------------------------------------------------


def test_labels_of_every_sample(model, samples):
    for sample in samples:
        result = model.run(Image.open(sample))
        assert {task: result.label(task).name for task in result} == sample_labels(sample), sample.name


def test_model_describes_itself(model):
    hand, count = model.tasks
    assert (hand.name, hand.labels, hand.output_shape) == ("hand", ("right", "left"), (1, 2))
    assert (count.name, count.labels, count.output_shape) == ("count", tuple("012345"), (1, 6))
    assert hand.kind == count.kind == "classification"
    assert [(each.dtype, each.shape[1:]) for each in model.inputs] == [("float32", (1, 128, 128))]
    summary = model.summary
    assert model.name == summary.name and 0 < summary.encoder_parameters < summary.total_parameters
    heads = hand.head_parameters + count.head_parameters
    assert summary.encoder_parameters + heads == summary.total_parameters


def test_outputs_are_read_only_float32_views(model, grey):
    output = model.run(grey)["count"]
    assert (output.dtype, output.shape) == (numpy.float32, (1, 6))
    with pytest.raises(ValueError):
        output[0, 0] = 1
    with pytest.raises(ValueError):
        output.flags.writeable = True


def test_asking_twice_gives_the_same_memory(model, grey):
    result = model.run(grey)
    assert result["count"].ctypes.data == result["count"].ctypes.data


def test_label_is_the_largest_output(model, grey):
    result = model.run(grey)
    label = result.label("count")
    probabilities = result["count"][0]  # the network's own softmax is part of it
    assert (label.index, label.name) == (probabilities.argmax(), str(probabilities.argmax()))
    assert label.confidence == probabilities.max()
    assert probabilities.sum() == pytest.approx(1, abs=1e-6)
    assert result.labels == {"hand": [result.label("hand")], "count": [label]}


def test_some_tasks_only(mtl_infer, model, grey):
    whole, part = model.run(grey), model.run(grey, tasks=["count"])
    assert list(part) == ["count"] and len(part) == 1 and "hand" not in part and part.get("hand") is None
    assert part["count"].tobytes() == whole["count"].tobytes() and list(part.labels) == ["count"]
    with pytest.raises(mtl_infer.NotFoundError):
        part["hand"]
    with model.session(tasks=["hand"]) as session:
        assert list(session.run(grey)) == ["hand"]
        assert session.head_times["count"] == 0


def test_batch(model, samples):
    pictures = [Image.open(sample) for sample in samples[:3]]
    result = model.run(pictures)
    assert result.batch == len(pictures) and result["count"].shape == (len(pictures), 6)
    for index, sample in enumerate(samples[:3]):
        assert result.label("hand", index).name == sample_labels(sample)["hand"]
        assert result.labels["count"][index] == result.label("count", index)
        alone = model.run(pictures[index])["count"][0]
        numpy.testing.assert_allclose(result["count"][index], alone, rtol=1e-4, atol=1e-4)
    with pytest.raises(IndexError):
        result.label("count", len(pictures))
    with pytest.raises(IndexError):
        result.label("count", -1)


# ---- What a run accepts --------------------------------------------------------------------------------------------


def layouts(grey):
    """The same picture in memory in many ways."""
    padded = numpy.zeros((130, 200), numpy.uint8)
    padded[1:129, 7:135] = grey
    channels = numpy.stack([grey, grey * 0, grey * 0], axis=2)
    return {
        "one channel": grey[:, :, None],
        "rows with gaps": padded[1:129, 7:135],
        "upside down": grey[::-1].copy()[::-1],
        "mirrored": grey[:, ::-1].copy()[:, ::-1],
        "transposed": numpy.asfortranarray(grey),
        "one of three channels": channels[:, :, 0],
        "read-only": numpy.frombuffer(grey.tobytes(), numpy.uint8).reshape(grey.shape),
        "PIL": Image.fromarray(grey),
        "PIL, palette": Image.fromarray(grey).convert("P"),
        "has __array__": type("Picture", (), {"__array__": lambda self, dtype=None, copy=None: grey})(),
    }


@pytest.mark.parametrize("layout", [
    "one channel", "rows with gaps", "upside down", "mirrored", "transposed", "one of three channels", "read-only",
    "PIL", "has __array__"])
def test_layouts_agree(model, grey, layout):
    assert same(model.run(layouts(grey)[layout]), model.run(grey))


def test_palette_pictures_are_their_colours(model, grey):
    palette = layouts(grey)["PIL, palette"]
    assert same(model.run(palette), model.run(palette.convert("RGB")))


def test_colour_orders_agree(model):
    rgb = numpy.random.default_rng(1).integers(0, 256, (150, 90, 3), numpy.uint8)
    alpha = numpy.dstack([rgb, rgb[:, :, 0]])
    expected = model.run(rgb)
    assert same(model.run(numpy.ascontiguousarray(rgb[:, :, ::-1]), format="bgr"), expected)
    assert same(model.run(rgb[:, :, ::-1], format="bgr"), expected)
    assert same(model.run(alpha), expected)
    assert same(model.run(alpha[:, :, [2, 1, 0, 3]], format="bgr"), expected)
    assert not same(model.run(rgb, format="bgr"), expected)
    assert same(model.run(Image.fromarray(rgb), format="bgr"), expected)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation(model, grey, orientation):
    """A stored picture with an orientation gives what the upright picture gives."""
    store = {
        1: lambda a: a, 2: lambda a: a[:, ::-1], 3: lambda a: a[::-1, ::-1], 4: lambda a: a[::-1],
        5: lambda a: a.T, 6: lambda a: numpy.rot90(a), 7: lambda a: a[::-1, ::-1].T, 8: lambda a: numpy.rot90(a, -1),
    }[orientation]
    picture = Image.fromarray(numpy.ascontiguousarray(store(grey)))
    picture.getexif()[0x0112] = orientation
    assert same(model.run(picture), model.run(grey))


def test_tensors(model):
    inputs = numpy.random.default_rng(1).random((3, 1, 128, 128), numpy.float32)
    expected = model.run(tensors=inputs)
    assert expected.batch == 3
    wide = numpy.zeros((3, 1, 128, 256), numpy.float32)
    wide[..., ::2] = inputs
    unaligned = numpy.frombuffer(b"x" + inputs.tobytes(), numpy.uint8)[1:].view(numpy.float32).reshape(inputs.shape)
    for layout in ([inputs], wide[..., ::2], inputs[::-1].copy()[::-1], numpy.asfortranarray(inputs), unaligned):
        assert same(model.run(tensors=layout), expected)
    repeated = numpy.broadcast_to(inputs[:1], inputs.shape)
    assert same(model.run(tensors=repeated), model.run(tensors=repeated.copy()))


# ---- What it refuses -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments, error", [
    (dict(), TypeError),
    (dict(images=numpy.zeros((8, 8), numpy.uint8), tensors=numpy.zeros((1, 1, 128, 128), numpy.float32)), TypeError),
    (dict(images="hand.png"), TypeError),
    (dict(images=numpy.zeros((8, 8), numpy.float32)), TypeError),
    (dict(images=numpy.zeros((8, 8), numpy.int8)), TypeError),
    (dict(images=numpy.zeros((8, 8, 2), numpy.uint8)), ValueError),
    (dict(images=numpy.zeros((1, 8, 8, 3), numpy.uint8)), ValueError),
    (dict(images=numpy.zeros(8, numpy.uint8)), ValueError),
    (dict(images=numpy.zeros((0, 8), numpy.uint8)), ValueError),
    (dict(images=numpy.broadcast_to(numpy.uint8(0), (2**32 + 8, 8))), ValueError),
    (dict(images=[]), ValueError),
    (dict(images=[numpy.zeros((8, 8), numpy.uint8), None]), TypeError),
    (dict(images=numpy.zeros((8, 8), numpy.uint8), format="yuv"), ValueError),
    (dict(images=numpy.zeros((8, 8), numpy.uint8), tasks="count"), TypeError),
    (dict(images=numpy.zeros((8, 8), numpy.uint8), tasks=[1]), TypeError),
    (dict(images=numpy.zeros((8, 8), numpy.uint8), tasks=[]), ValueError),
    (dict(images=numpy.zeros((8, 8), numpy.uint8), tasks=["count\0"]), ValueError),
    (dict(images=numpy.zeros((8, 8), numpy.uint8), tasks=["depth"]), KeyError),
    (dict(tensors=numpy.zeros((1, 1, 128, 128))), TypeError),
    (dict(tensors=numpy.zeros((1, 3, 128, 128), numpy.float32)), ValueError),
    (dict(tensors=numpy.zeros((128, 128), numpy.float32)), ValueError),
    (dict(tensors=numpy.zeros((1,) * 9, numpy.float32)), ValueError),
    (dict(tensors=numpy.zeros((0, 1, 128, 128), numpy.float32)), ValueError),
    (dict(tensors=[]), ValueError),
    (dict(tensors=[numpy.zeros((1, 1, 128, 128), numpy.float32)] * 2), ValueError),
])
def test_refused(model, grey, arguments, error):
    with pytest.raises(error):
        model.run(**arguments)
    assert model.run(grey).batch == 1


@pytest.mark.parametrize("arguments, error", [
    (dict(threads=-1), ValueError), (dict(threads=2**32), ValueError), (dict(max_plans=-1), ValueError),
    (dict(isa="mmx"), ValueError), (dict(isa=2), TypeError), (dict(tasks=["depth"]), KeyError),
])
def test_session_refuses(model, arguments, error):
    with pytest.raises(error):
        model.session(**arguments)
