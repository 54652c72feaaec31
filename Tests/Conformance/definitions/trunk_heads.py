"""How users give a published trunk several tasks: its own classifier becomes Identity, a ModuleDict of heads follows."""

from collections.abc import Callable, Mapping

import torch
from torch import nn

#: Historical documents: ten font groups, twelve scripts (CLaMM), thirteen places of origin of which a page may have
#: several (anguelos/histdiads), and bins of years, whose number was never published.
DOCUMENT_TASKS = {"font": 10, "script": 12, "location": 13, "date": 15}

#: NYUv2: thirteen classes, depth in metres, surface normals.
DENSE_TASKS = {"segmentation": 13, "depth": 1, "normal": 3}


class TaskHeads(nn.Module):
    """`trunk` gives one row of features for each picture; a linear layer for each task: trunk.*, heads.TASK.*"""

    def __init__(self, trunk: nn.Module, features: int, tasks: Mapping[str, int]) -> None:
        super().__init__()
        self.trunk = trunk
        self.heads = nn.ModuleDict({task: nn.Linear(features, classes) for task, classes in tasks.items()})

    def forward(self, image: torch.Tensor) -> dict[str, torch.Tensor]:
        row = self.trunk(image)
        return {task: head(row) for task, head in self.heads.items()}


class AtrousPyramid(nn.Module):
    """The spatial pyramid of DeepLabV3 with the key names of LibMTL's example: convs.0 to convs.4, project."""

    def __init__(self, channels: int, width: int, rates: tuple[int, ...] = (12, 24, 36)) -> None:
        super().__init__()

        def layer(*convolution: nn.Module, outputs: int = width) -> nn.Sequential:
            return nn.Sequential(*convolution, nn.BatchNorm2d(outputs), nn.ReLU())

        branches = [layer(nn.Conv2d(channels, width, 1, bias=False))]
        for rate in rates:
            branches.append(layer(nn.Conv2d(channels, width, 3, padding=rate, dilation=rate, bias=False)))
        branches.append(layer(nn.AdaptiveAvgPool2d(1), nn.Conv2d(channels, width, 1, bias=False)))
        self.convs = nn.ModuleList(branches)
        project = nn.Conv2d(len(branches) * width, width, 1, bias=False)
        self.project = nn.Sequential(project, nn.BatchNorm2d(width), nn.ReLU(), nn.Dropout(0.5))

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        branches = [branch(image) for branch in self.convs]
        branches[-1] = branches[-1].expand_as(branches[0])
        return self.project(torch.cat(branches, 1))


def deep_lab_head(channels: int, outputs: int, width: int = 256) -> nn.Sequential:
    """0.convs.*, 0.project.*, 1, 2, 4."""
    return nn.Sequential(
        AtrousPyramid(channels, width), nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width),
        nn.ReLU(), nn.Conv2d(width, outputs, 1))


def convolution_head(channels: int, outputs: int, width: int = 256) -> nn.Sequential:
    """0, 1, 3."""
    return nn.Sequential(
        nn.Conv2d(channels, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU(),
        nn.Conv2d(width, outputs, 1))


class DenseHeads(nn.Module):
    """`last_map` reads an N x C x H x W map off the encoder; heads of `make` on it, with LibMTL's names: encoder.*,
    decoders.TASK.*"""

    def __init__(
        self, encoder: nn.Module, last_map: Callable[[nn.Module, torch.Tensor], torch.Tensor],
        make: Callable[[int], nn.Module], tasks: Mapping[str, int] = DENSE_TASKS,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.last_map = last_map
        self.decoders = nn.ModuleDict({task: make(outputs) for task, outputs in tasks.items()})

    def forward(self, image: torch.Tensor) -> dict[str, torch.Tensor]:
        last = self.last_map(self.encoder, image)
        return {task: head(last) for task, head in self.decoders.items()}


def task_outputs(module: nn.Module, image: torch.Tensor) -> dict[str, torch.Tensor]:
    """Of a module that answers with a dictionary."""
    return module(image)


def class_output(module: nn.Module, image: torch.Tensor) -> dict[str, torch.Tensor]:
    """Of a published classifier with its one head."""
    return {"class": module(image)}


def stirred(module: nn.Module) -> nn.Module:
    """Values of their own for the parameters that no layer holds (tables, positions, latents, fused projections), as
    many of them start at zero."""
    layers = (nn.Linear, nn.modules.conv._ConvNd, nn.LayerNorm, nn.modules.batchnorm._BatchNorm)
    with torch.no_grad():
        for part in module.modules():
            for parameter in () if isinstance(part, layers) else part.parameters(recurse=False):
                is_projection = isinstance(part, nn.MultiheadAttention) and parameter.ndim == 2
                parameter.normal_(0, parameter.shape[1] ** -0.5 if is_projection else 0.5)
    return module
