"""SimonVandenhende/Multi-Task-Learning-PyTorch on PASCAL-Context (5 tasks, 512x512) and NYUD (480x640).

best_model.pth.tar is the state dict of a DataParallel, checkpoint.pth.tar wraps it together with the optimiser's.
"""

from collections.abc import Callable, Mapping
from functools import partial

import torch
from torch import nn

from case import Case
from definitions.hrnet import WIDTHS, Fusion, HRNet
from definitions.vandenhende_distillation import MTINet, PADNet
from definitions.vandenhende_resnet import (
    MTAN, NDDRCNN, Baseline, CrossStitch, SingleTask, deeplab, resnet18, resnet50)

PASCAL = {"semseg": 21, "human_parts": 7, "sal": 1, "normals": 3, "edge": 1}
NYUD = {"semseg": 40, "depth": 1}
#: Auxiliary tasks of the NYUD configurations "+edges_normals".
NYUD_AUXILIARY = {"semseg": 40, "normals": 3, "edge": 1, "depth": 1}
#: Fewer classes and tasks keep the fixtures small.
THIN_PASCAL = {"semseg": 4, "human_parts": 3, "sal": 1, "normals": 3, "edge": 1}
THIN_THREE = {"semseg": 4, "human_parts": 3, "sal": 1}
THIN_NYUD = {"semseg": 5, "depth": 1}
THIN_NYUD_AUXILIARY = {"semseg": 5, "normals": 3, "edge": 1, "depth": 1}
THIN_WIDTHS = (3, 4, 6, 8)

Classes = Mapping[str, int]


def hrnet(widths=WIDTHS) -> HRNet:
    return HRNet(widths, 64 if widths == WIDTHS else 4)


def deeplab_heads(classes: Classes, backbone: nn.Module, width: int) -> dict[str, nn.Module]:
    return {task: deeplab(backbone.channels["layer4"], n, width) for task, n in classes.items()}


def resnet_network(make: Callable, make_backbone: Callable, classes: Classes, width: int = 256) -> nn.Module:
    backbone = make_backbone()
    return make(backbone, deeplab_heads(classes, backbone, width))


def exchanging_network(make: Callable, make_backbone: Callable, classes: Classes, width: int = 256) -> nn.Module:
    network = make(make_backbone, deeplab_heads(classes, make_backbone(), width))
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        # Factors as after training, so that no two are alike.
        for name, parameter in network.named_parameters():
            if name.endswith(".param"):
                parameter.add_(torch.rand(parameter.shape, generator=generator) * 0.2)
    return network


def single_resnet(make_backbone: Callable, task: str, classes: int, width: int = 256) -> nn.Module:
    backbone = make_backbone()
    return SingleTask(backbone, deeplab(backbone.channels["layer4"], classes, width), task)


def hrnet_baseline(classes: Classes, widths=WIDTHS) -> nn.Module:
    return Baseline(hrnet(widths), {task: Fusion(widths, n) for task, n in classes.items()})


def single_hrnet(task: str, classes: int, widths=WIDTHS) -> nn.Module:
    return SingleTask(hrnet(widths), Fusion(widths, classes), task)


def mti_net(tasks: Classes, auxiliary: Classes, widths=WIDTHS, reduction: int = 16) -> nn.Module:
    return MTINet(list(tasks), auxiliary, hrnet(widths), widths, reduction)


def pad_net(tasks: Classes, auxiliary: Classes, widths=WIDTHS, width: int = 256) -> nn.Module:
    return PADNet(list(tasks), auxiliary, hrnet(widths), widths, width)


def parallel(network: nn.Module) -> dict[str, torch.Tensor]:
    return {f"module.{key}": value for key, value in network.state_dict().items()}


def last(network: nn.Module) -> dict:
    return {"optimizer": {"state": {}, "param_groups": [{"lr": 1e-4, "params": []}]}, "model": parallel(network),
            "epoch": 100, "best_result": {"multi_task_performance": 1.5}}


def case(name: str, data: str, make, thin, thin_shape=None, checkpoint=parallel, **options) -> Case:
    shape = (1, 3, 512, 512) if data == "pascal" else (1, 3, 480, 640)
    return Case(f"vandenhende-{name}-{data}", options.pop("network", f"vandenhende-{name}-{data}"), "rebuilt", make,
                thin, shape, thin_shape or (1, 3, 32, 64), lambda network, image: network(image),
                checkpoint, **options)


thin18 = partial(resnet18, 4)
slim18 = partial(resnet18, 2)
thin50 = partial(resnet50, 1)
FIVE, THREE = (PASCAL, PASCAL), (THIN_THREE, THIN_THREE)

CASES = [
    case("resnet18", "pascal", partial(resnet_network, Baseline, resnet18, PASCAL),
         partial(resnet_network, Baseline, slim18, THIN_PASCAL, 8)),
    case("resnet18", "nyud", partial(resnet_network, Baseline, resnet18, NYUD),
         partial(resnet_network, Baseline, thin18, THIN_NYUD, 8), checkpoint=last),
    case("resnet50", "nyud", partial(resnet_network, Baseline, resnet50, NYUD),
         partial(resnet_network, Baseline, thin50, THIN_NYUD, 8)),
    # Wide enough that all dilations of the pyramid reach into the image.
    case("resnet18-single", "nyud", partial(single_resnet, resnet18, "depth", 1),
         partial(single_resnet, thin18, "depth", 1, 8), thin_shape=(1, 3, 24, 304)),
    case("mtan-resnet18", "pascal", partial(resnet_network, MTAN, resnet18, PASCAL),
         partial(resnet_network, MTAN, thin18, THIN_THREE, 8)),
    case("mtan-resnet50", "nyud", partial(resnet_network, MTAN, resnet50, NYUD),
         partial(resnet_network, MTAN, thin50, THIN_NYUD, 8), has_fixture=False),
    case("cross-stitch-resnet18", "pascal", partial(exchanging_network, CrossStitch, resnet18, PASCAL),
         partial(exchanging_network, CrossStitch, slim18, THIN_THREE, 8)),
    case("nddr-cnn-resnet18", "pascal", partial(exchanging_network, NDDRCNN, resnet18, PASCAL),
         partial(exchanging_network, NDDRCNN, slim18, THIN_THREE, 8)),
    case("hrnet18", "pascal", partial(hrnet_baseline, PASCAL), partial(hrnet_baseline, THIN_PASCAL, THIN_WIDTHS)),
    case("hrnet18", "nyud", partial(hrnet_baseline, NYUD), partial(hrnet_baseline, THIN_NYUD, THIN_WIDTHS)),
    case("hrnet18-single", "pascal", partial(single_hrnet, "edge", 1),
         partial(single_hrnet, "edge", 1, THIN_WIDTHS), parameters={"task": "edge"}),
    case("mti-net", "pascal", partial(mti_net, *FIVE), partial(mti_net, *THREE, THIN_WIDTHS, 2)),
    # Two tasks of four are answered; the others' features only help.
    case("mti-net", "nyud", partial(mti_net, NYUD, NYUD),
         partial(mti_net, THIN_NYUD, THIN_NYUD_AUXILIARY, THIN_WIDTHS, 2), checkpoint=last),
    case("pad-net", "pascal", partial(pad_net, *FIVE), partial(pad_net, *THREE, THIN_WIDTHS, 8)),
    case("pad-net", "nyud", partial(pad_net, NYUD, NYUD),
         partial(pad_net, THIN_NYUD, THIN_NYUD_AUXILIARY, THIN_WIDTHS, 8)),
]
