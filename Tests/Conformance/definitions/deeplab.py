"""The DeepLabV3 head of LibMTL's examples, mtan, auto-lambda and Vandenhende; rates 12, 24 and 36, `width` 256."""

import torch
from torch import nn
from torch.nn import functional


def _layer(inputs: int, outputs: int, kernel: int = 1, dilation: int = 1) -> list[nn.Module]:
    padding = dilation if kernel == 3 else 0
    convolution = nn.Conv2d(inputs, outputs, kernel, padding=padding, dilation=dilation, bias=False)
    return [convolution, nn.BatchNorm2d(outputs), nn.ReLU()]


class _ImagePooling(nn.Sequential):
    def __init__(self, inputs: int, outputs: int):
        super().__init__(nn.AdaptiveAvgPool2d(1), *_layer(inputs, outputs))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return functional.interpolate(super().forward(x), size=x.shape[-2:], mode="bilinear", align_corners=False)


class _PyramidPooling(nn.Module):
    def __init__(self, inputs: int, width: int, rates: tuple[int, ...]):
        super().__init__()
        dilated = [nn.Sequential(*_layer(inputs, width, 3, rate)) for rate in rates]
        self.convs = nn.ModuleList([nn.Sequential(*_layer(inputs, width)), *dilated, _ImagePooling(inputs, width)])
        self.project = nn.Sequential(*_layer((len(rates) + 2) * width, width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.project(torch.cat([branch(x) for branch in self.convs], dim=1))


class DeepLabHead(nn.Sequential):
    def __init__(self, inputs: int, classes: int, width: int = 256, rates: tuple[int, ...] = (12, 24, 36)):
        super().__init__(
            _PyramidPooling(inputs, width, rates), *_layer(width, width, 3), nn.Conv2d(width, classes, 1))
