"""Writes Tests/Fixtures/metrics: random truths and predictions, and what the libraries and code bases measure of them.

    git clone https://github.com/median-research-group/LibMTL
    pip install numpy scipy torch scikit-learn pycocotools pyEdgeEval LibMTL
    python tools/make_metric_fixtures.py LibMTL/examples/nyu/utils.py

labels.json: scikit-learn. dense.json with scores, depths, normals: LibMTL's NYUv2 metrics, scikit-learn. maps.json with
saliency and edges: the formulas of evaluation/eval_sal.py in SimonVandenhende/Multi-Task-Learning-PyTorch, and pyEdgeEval's
port of the Berkeley benchmark. objects.json: pycocotools.
"""

import contextlib
import importlib.util
import io
import json
import sys
import types
from pathlib import Path

import numpy
import torch
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from pyEdgeEval._lib import correspond_pixels
from pyEdgeEval.preprocess import binary_thin
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import maximum_bipartite_matching
from sklearn import metrics

FOLDER = Path(__file__).resolve().parent.parent / "Tests" / "Fixtures" / "metrics"
BOX_FIGURES = (
    "average_precision", "ap_50", "ap_75", "ap_small", "ap_medium", "ap_large", "ar_1", "ar_10", "ar_100", "ar_small",
    "ar_medium", "ar_large",
)
KEY_POINT_FIGURES = (
    "average_precision", "ap_50", "ap_75", "ap_medium", "ap_large", "average_recall", "ar_50", "ar_75", "ar_medium",
    "ar_large",
)
EDGE_DISTANCE = 0.02


def write(name, content):
    (FOLDER / name).write_text(json.dumps(content) + "\n")


def rounded(values, digits=4):
    """Few digits, so that the files stay small; what is written is what was measured."""
    return numpy.round(numpy.asarray(values, numpy.float64), digits).astype(numpy.float32)


def numbers(array):
    """As short as float32 allows."""
    return [float(str(value)) for value in numpy.asarray(array).ravel()]


def labels(random):
    """Classes of which one never occurs, with answers near the truth, so that their order means something."""
    truth = random.choice([0, 1, 2, 4], 300)
    found = numpy.clip(truth + random.integers(-2, 3, 300), 0, 4)
    found[found == 3] = 4
    distance = numpy.abs(found - truth)
    return {
        "truth": truth.tolist(), "found": found.tolist(),
        "figures": {
            "accuracy": metrics.accuracy_score(truth, found),
            "macro_f1": metrics.f1_score(truth, found, average="macro"),
            "mean_absolute_error": metrics.mean_absolute_error(truth, found),
            "within_one": float(numpy.mean(distance <= 1)),
            "quadratic_kappa": metrics.cohen_kappa_score(truth, found, labels=range(5), weights="quadratic"),
        },
    }  # fmt: skip


def dense(random, libmtl):
    """Two pictures of 6 classes, depth and normals, with places of which nothing is known."""
    height, width, classes = 18, 22, 6
    scores = rounded(random.normal(size=(2, classes, height, width)), 3)
    truth = random.integers(-1, classes, (2, height, width))
    depths = rounded(random.uniform(0.5, 8, (2, 1, height, width)))
    true_depths = rounded(random.uniform(0.5, 8, (2, 1, height, width)))
    true_depths[random.random(true_depths.shape) < 0.2] = 0
    true_normals = random.normal(size=(2, 3, height, width))
    normals = rounded(true_normals + 0.5 * random.normal(size=true_normals.shape))
    true_normals = rounded(true_normals / numpy.linalg.norm(true_normals, axis=1, keepdims=True), 7)
    true_normals[:, :, random.random((height, width)) < 0.2] = 0

    tensors = [torch.from_numpy(array) for array in (scores, truth, depths, true_depths, normals, true_normals)]
    segmentation, depth, normal = libmtl.SegMetric(classes), libmtl.DepthMetric(), libmtl.NormalMetric()
    segmentation.update_fun(tensors[0], tensors[1])
    depth.update_fun(tensors[2].double(), tensors[3].double())
    normal.update_fun(tensors[4].double(), tensors[5].double())
    figures = {
        "segmentation": dict(zip(("mean_iou", "pixel_accuracy"), segmentation.score_fun())),
        "depth": dict(zip(("absolute_error", "relative_error"), depth.score_fun())),
        "normals": dict(
            zip(("mean_angle", "median_angle", "within_11.25", "within_22.5", "within_30"), normal.score_fun())
        ),
    }
    known = truth >= 0
    figures["segmentation"]["mean_iou"] = metrics.jaccard_score(
        truth[known], scores.argmax(1)[known], average="macro"
    )
    figures["segmentation"]["pixel_accuracy"] = metrics.accuracy_score(truth[known], scores.argmax(1)[known])
    known = true_depths > 0
    given, right = depths[known].astype(float), true_depths[known].astype(float)
    ratio = numpy.maximum(given / right, right / given)
    figures["depth"] |= {
        "rmse": metrics.root_mean_squared_error(right, given),
        "rmse_log": metrics.root_mean_squared_error(numpy.log(right), numpy.log(given)),
        **{f"delta_{power}": float(numpy.mean(ratio < 1.25**power)) for power in (1, 2, 3)},
    }
    return {
        "width": width, "height": height, "scores": numbers(scores), "labels": truth.ravel().tolist(),
        "depths": numbers(depths), "true_depths": numbers(true_depths), "normals": numbers(normals),
        "true_normals": numbers(true_normals), "figures": {
            task: {name: float(value) for name, value in own.items()} for task, own in figures.items()
        },
    }  # fmt: skip


def blobs(random, height, width, count):
    """Soft rings and lines, and where their middle lies."""
    rows, columns = numpy.mgrid[:height, :width]
    soft, sharp = numpy.zeros((height, width)), numpy.zeros((height, width), bool)
    for _ in range(count):
        row, column, radius = random.uniform(5, height - 5), random.uniform(5, width - 5), random.uniform(4, 12)
        distance = numpy.abs(numpy.hypot(rows - row, columns - column) - radius)
        shifted = numpy.abs(numpy.hypot(rows - row - random.normal(), columns - column - random.normal()) - radius)
        soft = numpy.maximum(soft, random.uniform(0.4, 1) * numpy.exp(-((shifted / 1.3) ** 2)))
        sharp |= distance < 0.6
    return rounded(numpy.clip(soft + 0.08 * random.random((height, width)), 0, 1), 3), sharp


def saliency_figures(maps, masks):
    thresholds = numpy.linspace(0.2, 0.9, 15)
    overlaps, precisions, recalls = (numpy.zeros((len(maps), 15)) for _ in range(3))
    for picture, (found, mask) in enumerate(zip(maps, masks)):
        for place, threshold in enumerate(thresholds):
            above = found.astype(float) > threshold
            union, hits = (above | mask).sum(), (above & mask).sum()
            overlaps[picture, place] = hits / union if union else 1
            precisions[picture, place] = hits / (above.sum() + 1e-12)
            recalls[picture, place] = hits / (mask.sum() + 1e-12)
    precision, recall = precisions.mean(0), recalls.mean(0)
    return {
        "max_f": float(numpy.max(2 * precision * recall / (precision + recall + 1e-12))),
        "mean_iou": float(overlaps.mean(0).max()),
    }


def berkeley_match(lines, mask):
    """The Berkeley benchmark's pairs, of which it now and then misses one: it looks for the cheapest among few at random."""
    left, _, _, _ = correspond_pixels(lines, mask, max_dist=EDGE_DISTANCE)
    return (left > 0).sum()


def largest_match(lines, mask):
    """As many pairs as there can be, by scipy."""
    squares = ((numpy.argwhere(lines)[:, None] - numpy.argwhere(mask)[None]) ** 2).sum(-1)
    near = squares <= EDGE_DISTANCE**2 * (mask.shape[0] ** 2 + mask.shape[1] ** 2)
    return (maximum_bipartite_matching(csr_matrix(near), "column") >= 0).sum()


def edge_figures(maps, masks, match):
    counts = numpy.zeros((len(maps), 99, 4))
    for picture, (found, mask) in enumerate(zip(maps, masks)):
        for place in range(99):
            lines = binary_thin((found >= numpy.float32((place + 1) / 100)).astype(numpy.uint8)).astype(bool)
            if lines.any():
                pairs = match(lines, mask)
                counts[picture, place] = [pairs, mask.sum(), pairs, lines.sum()]
            else:
                counts[picture, place, 1] = mask.sum()

    def f(own):
        recall = own[..., 0] / numpy.maximum(own[..., 1], 1)
        precision = own[..., 2] / numpy.maximum(own[..., 3], 1)
        return 2 * precision * recall / numpy.maximum(precision + recall, 1e-12)

    best = counts[numpy.arange(len(maps)), f(counts).argmax(1)].sum(0)
    return {"ods_f": float(f(counts.sum(0)).max()), "ois_f": float(f(best))}


def maps(random):
    height, width = 40, 52
    pairs = [blobs(random, height, width, count) for count in (2, 3, 5)]
    found, masks = numpy.stack([pair[0] for pair in pairs]), numpy.stack([pair[1] for pair in pairs])
    lines = numpy.stack([binary_thin(mask.astype(numpy.uint8)).astype(bool) for mask in masks])
    thick = numpy.stack([binary_thin((own > 0.3).astype(numpy.uint8)).astype(bool) for own in found])
    return {
        "width": width, "height": height, "maps": numbers(found), "masks": masks.astype(int).ravel().tolist(),
        "match_distance": EDGE_DISTANCE, "thinned_at_0.3": thick.astype(int).ravel().tolist(),
        "saliency": saliency_figures(found, masks), "edges": edge_figures(found, lines, largest_match),
        "berkeley": edge_figures(found, lines, berkeley_match),
        "edge_masks": lines.astype(int).ravel().tolist(),
    }  # fmt: skip


def evaluate(truth, found, kind, names):
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = truth
        coco.createIndex()
        evaluation = COCOeval(coco, coco.loadRes(found), kind)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return dict(zip(names, map(float, evaluation.stats)))


def objects(random):
    """Boxes of 3 classes and persons of 17 key points in 20 pictures; some crowds, some without labelled points."""
    annotations, found, persons = [], [], []
    for picture in range(1, 21):
        for _ in range(random.integers(0, 7)):
            left, top = random.uniform(0, 400, 2)
            width, height = numpy.exp(random.uniform(2.3, 5.3, 2))
            points = numpy.zeros((17, 3))
            points[:, 0] = left + width * random.random(17)
            points[:, 1] = top + height * random.random(17)
            points[:, 2] = random.choice([0, 1, 2], 17) if random.random() < 0.85 else 0
            points[points[:, 2] == 0, :2] = 0
            points = rounded(points, 2)
            annotations.append({
                "id": len(annotations) + 1, "image_id": picture, "category_id": int(random.integers(1, 4)),
                "bbox": numbers(rounded([left, top, width, height], 2)),
                "area": round(width * height * random.uniform(0.4, 1), 2), "iscrowd": int(random.random() < 0.1),
                "num_keypoints": int((points[:, 2] > 0).sum()), "keypoints": numbers(points),
            })  # fmt: skip
            for _ in range(random.integers(0, 6)):
                own = annotations[-1]
                jitter = random.choice([0.03, 0.15, 0.5])
                box = numpy.array(own["bbox"]) + jitter * random.normal(size=4) * min(width, height)
                box[2:] = numpy.abs(box[2:])
                # Few different scores, so that there are equal ones.
                score = round(random.random(), 1)
                category = own["category_id"] if random.random() < 0.8 else int(random.integers(1, 4))
                shape = {"image_id": picture, "category_id": category, "score": score}
                found.append({**shape, "bbox": numbers(rounded(box, 2))})
                moved = points[:, :2] + jitter * 0.3 * random.normal(size=(17, 2)) * min(width, height)
                moved = numpy.hstack([rounded(moved, 2), numpy.ones((17, 1))])
                persons.append({**shape, "category_id": 1, "keypoints": numbers(moved.astype(numpy.float32))})
    truth = {
        "info": {}, "images": [{"id": index, "file_name": f"{index}.png"} for index in range(1, 21)],
        "categories": [{"id": index, "name": f"class {index}"} for index in range(1, 4)], "annotations": annotations,
    }  # fmt: skip
    people = {**truth, "annotations": [{**annotation, "category_id": 1} for annotation in annotations]}
    figures = {
        "boxes": evaluate(truth, [dict(own) for own in found], "bbox", BOX_FIGURES),
        "key_points": evaluate(people, [dict(own) for own in persons], "keypoints", KEY_POINT_FIGURES),
    }
    return truth, {"boxes": found, "key_points": persons, "figures": figures}


def main():
    # LibMTL asks for a module that torchvision no longer has; nothing of it is used here.
    sys.modules["torchvision.models.utils"] = types.ModuleType("utils")
    sys.modules["torchvision.models.utils"].load_state_dict_from_url = None
    specification = importlib.util.spec_from_file_location("libmtl", sys.argv[1])
    libmtl = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(libmtl)
    FOLDER.mkdir(exist_ok=True)
    random = numpy.random.default_rng(5)
    write("labels.json", labels(random))
    write("dense.json", dense(random, libmtl))
    write("maps.json", maps(random))
    truth, found = objects(random)
    write("coco.json", truth)
    write("objects.json", found)


if __name__ == "__main__":
    main()
