"""LibMTL (median-research-group/LibMTL): every architecture of the package on its NYUv2, Cityscapes and Office examples."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn

from case import Case
from definitions import libmtl, published_libmtl
from definitions.deeplab import DeepLabHead
from definitions.residual import ResNet, resnet

ORIGIN = "LibMTL 1.1.5"
NYUV2 = {"segmentation": 13, "depth": 1, "normal": 3}
CITYSCAPES = {"segmentation": 7, "depth": 1}
OFFICE_31 = dict.fromkeys(["amazon", "dslr", "webcam"], 31)
OFFICE_HOME = dict.fromkeys(["Art", "Clipart", "Product", "Real_World"], 65)
NYUV2_SHAPE = (1, 3, 288, 384)
CITYSCAPES_SHAPE = (1, 3, 128, 256)
OFFICE_SHAPE = (1, 3, 224, 224)
#: Thin pictures: at 1/8 one side of the wide one reaches all three rates of the heads; the small one has NYUv2's aspect.
WIDE_SHAPE = (1, 3, 32, 304)
TALL_SHAPE = (1, 3, 208, 40)
SMALL_SHAPE = (1, 3, 36, 48)
GATED_SHAPE = (1, 3, 24, 32)

Trunk = Callable[[], nn.Module]
Heads = Mapping[str, nn.Module]


def outputs(module: nn.Module, image: torch.Tensor) -> Mapping[str, torch.Tensor]:
    return module(image)


def outputs_one_by_one(module: nn.Module, image: torch.Tensor) -> Mapping[str, torch.Tensor]:
    """Of networks whose tasks have pictures of their own in training."""
    if not hasattr(module, "multi_input"):
        return module(image)
    return {task: module(image, task_name=task)[task] for task in module.task_name}


def heads(tasks: Mapping[str, int], inputs: int, width: int = 256) -> Heads:
    return {task: DeepLabHead(inputs, classes, width) for task, classes in tasks.items()}


def thin_trunk(depth: int) -> ResNet:
    """ResNet-50's blocks are fewer, too; the kinds of blocks in a stage stay (projected, last, others)."""
    return ResNet((2, 2, 2, 2), True, 2, is_dilated=True) if depth == 50 else resnet(18, 2, is_dilated=True)


def feature_width(depth: int) -> int:
    return 2048 if depth == 50 else 512


def published(architecture: str, depth: int, tasks: Mapping[str, int], **options: Any) -> Callable[[], nn.Module]:
    def make() -> nn.Module:
        return published_libmtl.network(
            architecture, lambda: published_libmtl.trunk(depth), heads(tasks, feature_width(depth)), **options)

    return make


def rebuilt(kind: type, depth: int, tasks: Mapping[str, int], is_thin: bool = False, **options: Any) -> Callable:
    def make() -> nn.Module:
        trunk = (lambda: thin_trunk(depth)) if is_thin else (lambda: resnet(depth, is_dilated=True))
        own = heads(tasks, trunk().feature_dim, 4) if is_thin else heads(tasks, feature_width(depth))
        return kind(trunk, own, **options)

    return make


def with_cross_units(make: Callable[[], nn.Module]) -> Callable[[], nn.Module]:
    """Cross-stitch units start as ones; trained ones differ."""

    def made() -> nn.Module:
        module = make()
        unit = module.encoder.cross_unit
        with torch.no_grad():
            unit.copy_(torch.rand(unit.shape, generator=torch.Generator().manual_seed(5)) * 0.5 + 0.1)
        return module

    return made


def dense(name: str, architecture: str, kind: type, depth: int, tasks: Mapping[str, int], **fields: Any) -> Case:
    """A case on the dilated trunk with DeepLab heads."""
    is_nyuv2 = tasks is not CITYSCAPES
    return Case(**{
        "name": name,
        "network": name,
        "origin": ORIGIN,
        "make": published(architecture, depth, tasks),
        "thin": rebuilt(kind, depth, tasks, is_thin=True),
        "shape": NYUV2_SHAPE if is_nyuv2 else CITYSCAPES_SHAPE,
        "thin_shape": SMALL_SHAPE,
        "outputs": outputs,
        **fields,
    })


def gated(
    name: str, architecture: str, kind: type, tasks: Mapping[str, int], options: Mapping[str, int],
    published_options: Mapping[str, Any], depth: int = 50
) -> Case:
    """A case whose gates fix the picture's size; the thin form has ResNet-18's blocks."""
    image = NYUV2_SHAPE[1:] if tasks is NYUV2 else CITYSCAPES_SHAPE[1:]
    return dense(
        name, architecture, kind, depth, tasks,
        make=published(architecture, depth, tasks, img_size=image, **published_options),
        thin=rebuilt(kind, 18, tasks, is_thin=True, image=GATED_SHAPE[1:], **options), thin_shape=GATED_SHAPE)


def data_parallel(module: nn.Module) -> Any:
    return {"state_dict": {f"module.{key}": value for key, value in module.state_dict().items()}, "epoch": 12}


def with_loss_scale(module: nn.Module) -> Any:
    """UW, GradNorm and IMTL learn a weight of each task's loss in the network itself."""
    return {**module.state_dict(), "loss_scale": torch.tensor([-0.5] * len(module.decoders))}


def office(
    name: str, architecture: str, kind: type, tasks: Mapping[str, int], thin_options: Mapping[str, Any] | None = None,
    **options: Any
) -> Case:
    def make() -> nn.Module:
        decoders = {task: nn.Linear(512, classes) for task, classes in tasks.items()}
        return published_libmtl.network(
            architecture, lambda: libmtl.OfficeEncoder(published_libmtl.trunk(18, is_dilated=False)), decoders,
            has_own_inputs=True, **options)

    def thin() -> nn.Module:
        decoders = {task: nn.Linear(8, classes) for task, classes in tasks.items()}
        return kind(lambda: libmtl.OfficeEncoder(resnet(18, 2), 8), decoders, **thin_options or {})

    shape = (1, 3, 32, 64) if thin_options is None else (1, 3, 32, 32)
    return Case(name, name, ORIGIN, make, thin, OFFICE_SHAPE, shape, outputs_one_by_one)


def subset(names: str) -> Mapping[str, int]:
    return {name: NYUV2[name] for name in names.split()}


CASES = [
    dense("libmtl-hps-nyuv2", "HPS", libmtl.HardSharing, 50, NYUV2, thin_shape=WIDE_SHAPE),
    dense("libmtl-hps-cityscapes", "HPS", libmtl.HardSharing, 50, CITYSCAPES, has_fixture=False),
    dense("libmtl-hps-cityscapes-resnet18", "HPS", libmtl.HardSharing, 18, CITYSCAPES, network="libmtl-hps-cityscapes",
          thin_shape=TALL_SHAPE, checkpoint=with_loss_scale),
    dense("libmtl-single-depth-nyuv2", "HPS", libmtl.HardSharing, 50, subset("depth"), network="libmtl-hps-nyuv2",
          checkpoint=data_parallel),
    dense("libmtl-pair-nyuv2", "HPS", libmtl.HardSharing, 50, subset("segmentation normal"), network="libmtl-hps-nyuv2",
          checkpoint=lambda module: {"model": module.state_dict(), "epoch": 199}),
    dense("libmtl-mtan-nyuv2", "MTAN", libmtl.MTAN, 50, NYUV2, thin_shape=(1, 3, 32, 48)),
    dense("libmtl-mtan-cityscapes", "MTAN", libmtl.MTAN, 50, CITYSCAPES, thin_shape=(1, 3, 32, 48), has_fixture=False),
    dense("libmtl-mtan-cityscapes-resnet18", "MTAN", libmtl.MTAN, 18, CITYSCAPES, network="libmtl-mtan-cityscapes",
          thin_shape=(1, 3, 48, 32)),
    dense("libmtl-cross-stitch-nyuv2", "", libmtl.CrossStitch, 50, NYUV2,
          origin="rebuilt", make=rebuilt(libmtl.CrossStitch, 50, NYUV2),
          thin=rebuilt(libmtl.CrossStitch, 18, NYUV2, is_thin=True)),
    dense("libmtl-cross-stitch-cityscapes", "Cross_stitch", libmtl.CrossStitch, 50, CITYSCAPES,
          make=with_cross_units(published("Cross_stitch", 50, CITYSCAPES)),
          thin=rebuilt(libmtl.CrossStitch, 18, CITYSCAPES, is_thin=True, is_square=False)),
    dense("libmtl-ltb-nyuv2", "", libmtl.LearningToBranch, 50, NYUV2,
          origin="rebuilt", make=rebuilt(libmtl.LearningToBranch, 50, NYUV2),
          thin=rebuilt(libmtl.LearningToBranch, 18, NYUV2, is_thin=True)),
    gated("libmtl-mmoe-nyuv2", "MMoE", libmtl.GatedExperts, NYUV2, {"shared": 2}, {"num_experts": [2]}),
    gated("libmtl-cgc-nyuv2", "CGC", libmtl.GatedExperts, NYUV2, {"shared": 1, "specific": 1},
          {"num_experts": [1, 1, 1, 1]}),
    gated("libmtl-ple-nyuv2", "PLE", libmtl.ProgressiveExtraction, NYUV2, {"shared": 1, "specific": 1},
          {"num_experts": [1, 1, 1, 1]}),
    gated("libmtl-dselect-k-nyuv2", "DSelect_k", libmtl.DSelectK, NYUV2, {"shared": 3, "chosen": 2},
          {"num_experts": [3], "num_nonzeros": 2, "kgamma": 1.0}),
    office("libmtl-hps-office", "HPS", libmtl.HardSharing, OFFICE_31),
    office("libmtl-mtan-office", "MTAN", libmtl.MTAN, OFFICE_HOME),
    office("libmtl-cgc-office", "CGC", libmtl.GatedExperts, OFFICE_31,
           {"image": (3, 32, 32), "shared": 1, "specific": 1}, img_size=OFFICE_SHAPE[1:], num_experts=[1, 1, 1, 1]),
]
