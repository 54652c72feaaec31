"""HRNet-18 (small, version 2) as SimonVandenhende/Multi-Task-Learning-PyTorch, models/seg_hrnet.py, uses it, rebuilt.

Branches of 1/4, 1/8, 1/16 and 1/32 of the image run side by side and exchange their features behind every module.
All resizing is bilinear with align_corners off.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn

from definitions.vandenhende_resnet import BasicBlock, Bottleneck, damped

WIDTHS = (18, 36, 72, 144)


def convolution(inputs: int, outputs: int, stride: int = 1, relu: bool = True) -> nn.Sequential:
    layers = [nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)]
    if relu:
        return nn.Sequential(*layers, nn.BatchNorm2d(outputs), nn.ReLU())
    return nn.Sequential(*layers, damped(nn.BatchNorm2d(outputs)))


def resized(x: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    return F.interpolate(x, like.shape[2:], mode="bilinear", align_corners=False)


class Exchange(nn.Module):
    """A module: blocks on each branch, then every branch becomes the sum of all."""

    def __init__(self, widths: Sequence[int], blocks: int = 2):
        super().__init__()
        count = range(len(widths))
        self.branches = nn.ModuleList(
            nn.Sequential(*(BasicBlock(width, width) for _ in range(blocks))) for width in widths)
        self.fuse_layers = nn.ModuleList(
            nn.ModuleDict({str(source): self.path(widths, source, target) for source in count if source != target})
            for target in count)

    @staticmethod
    def path(widths: Sequence[int], source: int, target: int) -> nn.Sequential:
        """Upwards a 1x1 convolution before resizing; downwards a convolution of stride 2 for each level."""
        if source > target:
            return nn.Sequential(
                nn.Conv2d(widths[source], widths[target], 1, bias=False), damped(nn.BatchNorm2d(widths[target])))
        steps = range(source + 1, target + 1)
        return nn.Sequential(*(
            convolution(widths[source], widths[target if step == target else source], 2, relu=step < target)
            for step in steps))

    def forward(self, features: list[torch.Tensor]) -> list[torch.Tensor]:
        features = [branch(x) for branch, x in zip(self.branches, features)]
        fused = []
        for target, own in enumerate(features):
            total = None
            for source, x in enumerate(features):
                if source != target:
                    x = self.fuse_layers[target][str(source)](x)
                    x = resized(x, own) if source > target else x
                total = x if total is None else total + x
            fused.append(F.relu(total))
        return fused


class HRNet(nn.Module):
    def __init__(self, widths: Sequence[int] = WIDTHS, stem: int = 64, modules: Sequence[int] = (1, 3, 2)):
        super().__init__()
        self.conv1 = nn.Conv2d(3, stem, 3, 2, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(stem)
        self.conv2 = nn.Conv2d(stem, stem, 3, 2, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(stem)
        self.layer1 = nn.Sequential(Bottleneck(stem, 4 * stem), Bottleneck(4 * stem, 4 * stem))
        self.transition1 = nn.ModuleDict({
            "0": convolution(4 * stem, widths[0]), "1": nn.Sequential(convolution(4 * stem, widths[1], 2))})
        self.stage2 = nn.Sequential(*(Exchange(widths[:2]) for _ in range(modules[0])))
        self.transition2 = nn.ModuleDict({"2": nn.Sequential(convolution(widths[1], widths[2], 2))})
        self.stage3 = nn.Sequential(*(Exchange(widths[:3]) for _ in range(modules[1])))
        self.transition3 = nn.ModuleDict({"3": nn.Sequential(convolution(widths[2], widths[3], 2))})
        self.stage4 = nn.Sequential(*(Exchange(widths) for _ in range(modules[2])))

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer1(F.relu(self.bn2(self.conv2(x))))
        features = self.stage2([self.transition1["0"](x), self.transition1["1"](x)])
        features = self.stage3([*features, self.transition2["2"](features[-1])])
        return self.stage4([*features, self.transition3["3"](features[-1])])


class Fusion(nn.Module):
    """All branches at the size of the first, side by side, then 1x1 convolutions; without `classes`, a backbone ends so."""

    def __init__(self, widths: Sequence[int] = WIDTHS, classes: int | None = None):
        super().__init__()
        width = sum(widths)
        layers = [nn.Conv2d(width, width, 1), nn.BatchNorm2d(width), nn.ReLU()]
        self.last_layer = nn.Sequential(*layers, *([] if classes is None else [nn.Conv2d(width, classes, 1)]))

    def forward(self, features: list[torch.Tensor]) -> torch.Tensor:
        return self.last_layer(torch.cat([resized(x, features[0]) for x in features], dim=1))
