"""auto-lambda (lorenmt/auto-lambda) and the DeepLab form of mtan (lorenmt/mtan); neither is a package on PyPI."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn

from case import Case
from definitions import autolambda
from definitions.residual import ResNet, resnet

NYUV2 = {"seg": 13, "depth": 1, "normal": 3}
CITYSCAPES = {"seg": 19, "part_seg": 10, "disp": 1}
#: mtan names its first task in full.
MTAN_NYUV2 = {"segmentation": 13, "depth": 1, "normal": 3}
NOISE = {"noise": 1}
NYUV2_SHAPE = (1, 3, 288, 384)
CITYSCAPES_SHAPE = (1, 3, 256, 512)


def thin(kind: type, tasks: Mapping[str, int], is_basic: bool = False, **options: Any) -> Callable[[], nn.Module]:
    """`is_basic` takes ResNet-18's blocks, which make smaller files."""
    return lambda: kind(ResNet((2, 2, 2, 2), not is_basic, 2, is_dilated=True), tasks, 4, **options)


def full(kind: type, tasks: Mapping[str, int], depth: int = 50, **options: Any) -> Callable[[], nn.Module]:
    return lambda: kind(resnet(depth, is_dilated=True), tasks, **options)


def outputs(module: nn.Module, image: torch.Tensor) -> Mapping[str, torch.Tensor]:
    return module(image)


def case(name: str, kind: type, tasks: Mapping[str, int], **fields: Any) -> Case:
    options = fields.pop("options", {})
    is_basic = fields.pop("is_basic", False)
    is_nyuv2 = "normal" in tasks
    return Case(**{
        "name": name,
        "network": name,
        "origin": "rebuilt",
        "make": full(kind, tasks, **options),
        "thin": thin(kind, tasks, is_basic, **options),
        "shape": NYUV2_SHAPE if is_nyuv2 else CITYSCAPES_SHAPE,
        "thin_shape": (1, 3, 32, 48) if is_nyuv2 else (1, 3, 16, 64),
        "outputs": outputs,
        **fields,
    })


CASES = [
    case("autolambda-split-nyuv2", autolambda.Split, NYUV2, thin_shape=(1, 3, 16, 112)),
    case("autolambda-split-cityscapes", autolambda.Split, CITYSCAPES),
    case("autolambda-mtan-nyuv2", autolambda.MTAN, NYUV2, thin_shape=(1, 3, 32, 32),
         checkpoint=lambda module: {"model_state_dict": module.state_dict()}),
    case("autolambda-mtan-nyuv2-noise", autolambda.MTAN, NYUV2 | NOISE, network="autolambda-mtan-nyuv2",
         has_fixture=False),
    case("autolambda-split-nyuv2-noise", autolambda.Split, NYUV2 | NOISE, network="autolambda-split-nyuv2",
         is_basic=True),
    case("autolambda-mtan-cityscapes", autolambda.MTAN, CITYSCAPES, is_basic=True),
    case("mtan-deeplab-nyuv2", autolambda.MTAN, MTAN_NYUV2, is_basic=True, options={"has_log_softmax": True}),
]
