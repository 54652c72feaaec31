"""Swin Transformers in three code bases: published classifiers, several linear heads, dense heads on the last map."""

from functools import partial

from case import Case
from definitions import swin_heads as swin
from definitions.trunk_heads import (
    DenseHeads, TaskHeads, class_output, convolution_head, deep_lab_head, task_outputs)

PICTURE, THIN_PICTURE = (1, 3, 224, 224), (1, 3, 60, 84)
#: NYUv2's size; every map of the thin one needs window padding, and merging sees odd sizes.
SCENE = (1, 3, 288, 384)
TASKS = {"font": 10, "script": 12, "location": 13, "date": 15}


def wrapped(module):
    """As Microsoft's trainer saves it."""
    return {"model": module.state_dict()}


def dense(encoder, last_map, head, channels, width):
    return DenseHeads(encoder, last_map, lambda outputs: head(channels, outputs, width))


TINY, THIN = swin.SIZES["tiny"], swin.THIN

CASES = [
    Case(
        name="swin-microsoft", network="swin-microsoft", origin="rebuilt",
        make=lambda: swin.microsoft(TINY, 1000),
        thin=lambda: swin.microsoft(THIN, 10, (96, 96), window=3),
        shape=PICTURE, thin_shape=(1, 3, 96, 96), outputs=class_output, checkpoint=wrapped),
    Case(
        name="swin-microsoft-dense", network="swin-microsoft", origin="rebuilt",
        make=lambda: dense(swin.microsoft(TINY, 0), swin.microsoft_map, deep_lab_head, 768, 256),
        thin=lambda: dense(swin.microsoft(THIN, 0, (96, 96), window=4), swin.microsoft_map, deep_lab_head, 32, 4),
        shape=SCENE, thin_shape=THIN_PICTURE, outputs=task_outputs, checkpoint=wrapped),
    Case(
        name="swin-timm", network="swin-timm", origin="timm 1.0",
        make=lambda: swin.of_timm(TINY, 1000),
        thin=lambda: swin.of_timm(THIN, 10, (60, 84)),
        shape=PICTURE, thin_shape=THIN_PICTURE, outputs=class_output, thin_parameters={"image_size": [60, 84]}),
    Case(
        name="swin-timm-tasks", network="swin-timm", origin="timm 1.0",
        make=lambda: TaskHeads(swin.of_timm(TINY, 0), 768, TASKS),
        thin=lambda: TaskHeads(swin.of_timm(THIN, 0, (56, 64)), 32, TASKS),
        shape=PICTURE, thin_shape=(1, 3, 56, 64), outputs=task_outputs,
        thin_parameters={"image_size": [56, 64]}),
    Case(
        name="swin-timm-dense", network="swin-timm", origin="timm 1.0",
        make=lambda: dense(swin.of_timm(TINY, 0, (288, 384)), swin.timm_map, deep_lab_head, 768, 256),
        thin=lambda: dense(swin.of_timm(THIN, 0, (68, 84)), swin.timm_map, convolution_head, 32, 8),
        shape=SCENE, thin_shape=(1, 3, 68, 84), outputs=task_outputs,
        parameters={"image_size": [288, 384]}, thin_parameters={"image_size": [68, 84]}),
    Case(
        name="swin-timm-features", network="swin-timm", origin="timm 1.0",
        make=lambda: dense(
            swin.of_timm(TINY, 0, (288, 384), features_only=True, out_indices=(3,)), swin.timm_features_map,
            convolution_head, 768, 256),
        thin=lambda: dense(
            swin.of_timm(THIN, 0, (60, 84), features_only=True, out_indices=(3,)), swin.timm_features_map,
            convolution_head, 32, 8),
        shape=SCENE, thin_shape=(1, 3, 60, 84), outputs=task_outputs,
        parameters={"image_size": [288, 384]}, thin_parameters={"image_size": [60, 84]}),
    Case(
        name="swin-torchvision", network="swin-torchvision", origin="torchvision 0.28",
        make=lambda: swin.of_torchvision(TINY, 1000),
        thin=lambda: swin.of_torchvision(THIN, 10),
        shape=PICTURE, thin_shape=THIN_PICTURE, outputs=class_output),
    Case(
        name="swin-torchvision-tasks", network="swin-torchvision", origin="torchvision 0.28",
        make=lambda: TaskHeads(swin.of_torchvision(TINY, 0), 768, TASKS),
        thin=lambda: TaskHeads(swin.of_torchvision(THIN, 0), 32, TASKS),
        shape=PICTURE, thin_shape=(1, 3, 64, 64), outputs=task_outputs),
    Case(
        name="swin-torchvision-dense", network="swin-torchvision", origin="torchvision 0.28",
        make=lambda: dense(swin.of_torchvision(TINY, 0), swin.torchvision_map, deep_lab_head, 768, 256),
        thin=lambda: dense(swin.of_torchvision(THIN, 0), swin.torchvision_map, convolution_head, 32, 8),
        shape=SCENE, thin_shape=THIN_PICTURE, outputs=task_outputs),
]
for size in ("small", "base"):
    for origin, make in (("microsoft", swin.microsoft), ("timm", swin.of_timm), ("torchvision", swin.of_torchvision)):
        CASES.append(Case(
            name=f"swin-{origin}-{size}", network=f"swin-{origin}", origin=f"as swin-{origin}",
            make=partial(make, swin.SIZES[size], 1000), thin=partial(make, THIN, 10),
            shape=PICTURE, thin_shape=THIN_PICTURE, outputs=class_output,
            checkpoint=wrapped if origin == "microsoft" else Case.checkpoint, has_fixture=False))
