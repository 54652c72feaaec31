"""PAD-Net and MTI-Net of SimonVandenhende/Multi-Task-Learning-PyTorch, models/padnet.py and mti_net.py, rebuilt.

Both make first features for every auxiliary task and refine each task with attention on the others' ones.
"""

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import nn

from definitions.hrnet import Fusion, HRNet
from definitions.vandenhende_resnet import BasicBlock, Bottleneck, resized


class Gate(nn.Module):
    """A convolution times the sigmoid of another."""

    def __init__(self, channels: int):
        super().__init__()
        self.attention = nn.Sequential(nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.Sigmoid())
        self.conv = nn.Conv2d(channels, channels, 3, padding=1, bias=False)

    def forward(self, x):
        return self.conv(x) * self.attention(x)


class Distillation(nn.Module):
    """A task's features plus the gated ones of every other task."""

    def __init__(self, tasks: Sequence[str], auxiliary: Sequence[str], channels: int):
        super().__init__()
        self.self_attention = nn.ModuleDict({
            task: nn.ModuleDict({other: Gate(channels) for other in auxiliary if other != task}) for task in tasks})

    def forward(self, features: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        return {task: features[task] + sum(gate(features[other]) for other, gate in gates.items())
                for task, gates in self.self_attention.items()}


class FirstPredictions(nn.Module):
    """PAD-Net's features of each task; their predictions are for training only."""

    def __init__(self, classes: Mapping[str, int], inputs: int, width: int):
        super().__init__()
        self.layers = nn.ModuleDict({
            task: nn.Sequential(Bottleneck(inputs, width), Bottleneck(width, width)) for task in classes})
        self.conv_out = nn.ModuleDict({task: nn.Conv2d(width, n, 1) for task, n in classes.items()})

    def forward(self, x):
        return {task: layers(x) for task, layers in self.layers.items()}


class PADNet(nn.Module):
    """`classes` of all auxiliary tasks; `tasks` are the ones that it answers."""

    def __init__(self, tasks: Sequence[str], classes: Mapping[str, int], backbone: HRNet, widths: Sequence[int],
                 width: int = 256):
        super().__init__()
        self.backbone = nn.Sequential(backbone, Fusion(widths))
        self.initial_task_prediction_heads = FirstPredictions(classes, sum(widths), width)
        self.multi_modal_distillation = Distillation(tasks, list(classes), width)
        self.heads = nn.ModuleDict({
            task: nn.Sequential(Bottleneck(width, width), Bottleneck(width, width), nn.Conv2d(width, classes[task], 1))
            for task in tasks})

    def forward(self, image):
        features = self.initial_task_prediction_heads(self.backbone(image))
        features = self.multi_modal_distillation(features)
        return resized({task: head(features[task]) for task, head in self.heads.items()}, image)


class ScalePredictions(nn.Module):
    """MTI-Net's features of each task at one scale; `decoders` are for training only."""

    def __init__(self, classes: Mapping[str, int], inputs: int, width: int):
        super().__init__()
        self.refinement = nn.ModuleDict({
            task: nn.Sequential(BasicBlock(inputs, width), BasicBlock(width, width)) for task in classes})
        self.decoders = nn.ModuleDict({task: nn.Conv2d(width, n, 1) for task, n in classes.items()})

    def forward(self, x, coarser=None):
        if coarser is None:
            return {task: layers(x) for task, layers in self.refinement.items()}
        return {
            task: layers(torch.cat(
                (x, F.interpolate(coarser[task], scale_factor=2, mode="bilinear", align_corners=False)), dim=1))
            for task, layers in self.refinement.items()}


class Squeeze(nn.Module):
    def __init__(self, channels: int, reduction: int):
        super().__init__()
        self.squeeze = nn.Sequential(
            nn.Linear(channels, channels // reduction), nn.ReLU(), nn.Linear(channels // reduction, channels),
            nn.Sigmoid())

    def forward(self, x):
        return x * self.squeeze(x.mean(dim=(2, 3)))[:, :, None, None]


class Propagation(nn.Module):
    """What one scale tells the finer one: all tasks' features side by side, weighted by a softmax over every T
    neighbouring channels (T tasks), reduced to one task's width and squeezed anew for each task."""

    def __init__(self, tasks: Sequence[str], width: int, reduction: int):
        super().__init__()
        shared = len(tasks) * width
        self.non_linear = nn.Sequential(
            BasicBlock(shared, shared // 4), BasicBlock(shared // 4, shared // 4), nn.Conv2d(shared // 4, shared, 1))
        self.dimensionality_reduction = BasicBlock(shared, width)
        self.se = nn.ModuleDict({task: Squeeze(width, reduction) for task in tasks})

    def forward(self, features):
        x = torch.cat([features[task] for task in self.se], dim=1)
        groups = self.non_linear(x).unflatten(1, (-1, len(self.se)))
        x = self.dimensionality_reduction(groups.softmax(dim=2).flatten(1, 2) * x)
        return {task: squeeze(x) + features[task] for task, squeeze in self.se.items()}


class MTINet(nn.Module):
    def __init__(self, tasks: Sequence[str], classes: Mapping[str, int], backbone: HRNet, widths: Sequence[int],
                 reduction: int = 16):
        super().__init__()
        self.backbone = backbone
        auxiliary = list(classes)
        for scale in (3, 2, 1):
            setattr(self, f"fpm_scale_{scale}", Propagation(auxiliary, widths[scale], reduction))
        for scale, width in enumerate(widths):
            inputs = width + widths[scale + 1] if scale < 3 else width
            setattr(self, f"scale_{scale}", ScalePredictions(classes, inputs, width))
        for scale, width in enumerate(widths):
            setattr(self, f"distillation_scale_{scale}", Distillation(tasks, auxiliary, width))
        self.heads = nn.ModuleDict({task: Fusion(widths, classes[task]) for task in tasks})

    def forward(self, image):
        backbone = self.backbone(image)
        distilled, coarser = {}, None
        for scale in (3, 2, 1, 0):
            features = getattr(self, f"scale_{scale}")(backbone[scale], coarser)
            distilled[scale] = getattr(self, f"distillation_scale_{scale}")(features)
            if scale:
                coarser = getattr(self, f"fpm_scale_{scale}")(features)
        return resized({task: head([distilled[scale][task] for scale in range(4)])
                        for task, head in self.heads.items()}, image)
