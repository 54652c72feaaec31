"""Vision Transformers with torchvision's key names."""

from case import Case
from definitions import vit_heads as vit
from definitions.trunk_heads import DOCUMENT_TASKS, TaskHeads, class_output, task_outputs

PUBLISHED = dict(size=224, patch=16, layers=12, heads=12, width=768)
THIN = dict(size=48, patch=16, layers=2, heads=2, width=16)
SHAPES = dict(shape=(1, 3, 224, 224), thin_shape=(2, 3, 48, 48))

#: Every published size has heads of 64 channels, the thin form of 8.
HEAD_WIDTH = {"head_width": 8}

CASES = [
    Case(
        name="vit-torchvision", network="vit-torchvision", origin="torchvision 0.28",
        make=lambda: vit.trunk(**PUBLISHED, classes=1000), thin=lambda: vit.trunk(**THIN, classes=10),
        outputs=class_output, thin_parameters=HEAD_WIDTH, **SHAPES),
    Case(
        name="vit-torchvision-tasks", network="vit-torchvision", origin="torchvision 0.28",
        make=lambda: TaskHeads(vit.trunk(**PUBLISHED, classes=0), 768, DOCUMENT_TASKS),
        thin=lambda: TaskHeads(vit.trunk(**THIN, classes=0), 16, DOCUMENT_TASKS),
        outputs=task_outputs, thin_parameters=HEAD_WIDTH, **SHAPES),
    Case(
        name="utkface-vit", network="utkface-vit", origin="rebuilt on torchvision 0.28",
        make=lambda: vit.UTKFaceViT(vit.trunk(**PUBLISHED, classes=0), 768),
        thin=lambda: vit.UTKFaceViT(vit.trunk(**THIN, classes=0), 16, (12, 8, 12)),
        outputs=task_outputs, thin_parameters=HEAD_WIDTH, **SHAPES),
]
