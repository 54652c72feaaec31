"""Answers for pixels and objects through C and Python, against NumPy on what the network returns."""
from pathlib import Path

import numpy
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent.parent
RECIPES = ROOT / "Tests" / "Fixtures" / "recipes"
SIZE = (50, 31)


@pytest.fixture(scope="module")
def rooms(mtl_infer):
    """The shipped rooms, a picture of another size than the network's, and the result."""
    picture = Image.open(ROOT / "models" / "rooms" / "samples" / "00.png").convert("RGB").resize((192, 144))
    return picture, mtl_infer.load(ROOT / "models" / "rooms").run(picture)


def resized(maps, size, scale):
    """Corner on corner to the network's input, whose pixels the picture's are spread over evenly. C x H x W, float64."""
    for axis, target, network in ((1, size[1], 288), (2, size[0], 384)):
        places = ((numpy.arange(target) + 0.5) * network / target - 0.5) * (maps.shape[axis] - 1) / (network - 1)
        places = numpy.clip(places, 0, maps.shape[axis] - 1)
        first = numpy.minimum(places.astype(int), maps.shape[axis] - 1)
        second = numpy.minimum(first + 1, maps.shape[axis] - 1)
        share = (places - first).reshape([-1 if own == axis else 1 for own in range(3)])
        maps = numpy.take(maps, first, axis) * (1 - share) + numpy.take(maps, second, axis) * share
    return maps * scale


@pytest.mark.parametrize("size", [None, SIZE])
def test_maps_of_rooms(rooms, size):
    picture, result = rooms
    size = size or picture.size
    scores = resized(result["segmentation"][0].astype(float), size, 1)
    labels = result.label_map("segmentation", size)
    assert labels.dtype == numpy.uint16 and labels.shape == size[::-1] and len(numpy.unique(labels)) > 2
    best = numpy.sort(scores, 0)
    is_clear = best[-1] - best[-2] > 1e-3
    assert (labels == scores.argmax(0))[is_clear].all() and is_clear.mean() > 0.98
    depth = result.map("depth", size)
    assert depth.dtype == numpy.float32 and depth.shape == size[::-1]
    assert numpy.allclose(depth, resized(result["depth"][0].astype(float), size, 1)[0], atol=1e-4)
    normals = result.map("normal", size)
    expected = resized(result["normal"][0].astype(float), size, 1)
    expected = (expected / numpy.linalg.norm(expected, axis=0)).transpose(1, 2, 0)
    assert normals.shape == (*size[::-1], 3) and numpy.allclose(normals, expected, atol=1e-3)


def test_objects(mtl_infer):
    """Boxes of every class in pixels of the picture, best first; two halves of the size, half the boxes."""
    picture = Image.fromarray(numpy.random.default_rng(0).integers(0, 256, (300, 400, 3)).astype(numpy.uint8))
    model = mtl_infer.load(RECIPES / "centernet-multitask-res18")
    result = model.run(picture)
    found = result.objects("detection", picture.size, least_score=0)
    assert len(found) == 100 and [own.score for own in found] == sorted((own.score for own in found), reverse=True)
    assert all(own.name is None and own.index in range(4) for own in found)
    least = found[9].score
    assert [own.index for own in result.objects("detection", picture.size, least_score=least)] == [
        own.index for own in found if own.score > least]
    half = result.objects("detection", (200, 150), least_score=0)
    assert numpy.allclose([own[3:] for own in half], [[side / 2 for side in own[3:]] for own in found], atol=1e-3)


def test_refusals(mtl_infer, rooms):
    _, result = rooms
    with pytest.raises(mtl_infer.ArgumentError, match="depth"):
        result.label_map("depth", SIZE)
    with pytest.raises(mtl_infer.ArgumentError, match="segmentation"):
        result.map("segmentation", SIZE)
    with pytest.raises(mtl_infer.ArgumentError, match="segmentation"):
        result.objects("segmentation", SIZE)
    with pytest.raises(mtl_infer.NotFoundError):
        result.map("colour", SIZE)
    with pytest.raises(IndexError):
        result.map("depth", SIZE, image=1)
    for size in ((0, 3), (3, 40000)):
        with pytest.raises(ValueError):
            result.map("depth", size)


def test_kinds(mtl_infer):
    kinds = {task.name: task.kind for task in mtl_infer.load(RECIPES / "vandenhende-resnet18-pascal").tasks}
    assert kinds == {"semseg": "segmentation", "human_parts": "part_segmentation", "sal": "saliency",
                     "normals": "normals", "edge": "edges"}
