"""LibMTL's hard parameter sharing for NYUv2, with a dilated ResNet-18 of narrower stages than the published one.

The key names are LibMTL's (`encoder.*`, `decoders.<task>.*`), so `mtl-infer` reads a checkpoint as `libmtl-hps-nyuv2`.
"""

import torch
from torch import nn
from torch.nn import functional

CHANNELS = {"segmentation": 13, "depth": 1, "normal": 3}
STAGE_WIDTHS = (48, 96, 160, 256)
HEAD_WIDTH = 96
# Of LibMTL's DeepLab head, on a map of an eighth of the picture.
RATES = (12, 24, 36)


def convolution(inputs, outputs, kernel, stride=1, dilation=1):
    padding = dilation * (kernel // 2)
    return nn.Conv2d(inputs, outputs, kernel, stride, padding, dilation, bias=False)


def layer(inputs, outputs, kernel, dilation=1):
    return nn.Sequential(convolution(inputs, outputs, kernel, 1, dilation), nn.BatchNorm2d(outputs), nn.ReLU())


class Block(nn.Module):
    """ResNet's basic block."""

    def __init__(self, inputs, outputs, stride, dilations):
        super().__init__()
        self.conv1 = convolution(inputs, outputs, 3, stride, dilations[0])
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = convolution(outputs, outputs, 3, 1, dilations[1])
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = None
        if inputs != outputs:
            self.downsample = nn.Sequential(convolution(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs))

    def forward(self, features):
        kept = features if self.downsample is None else self.downsample(features)
        features = functional.relu(self.bn1(self.conv1(features)))
        return functional.relu(self.bn2(self.conv2(features)) + kept)


class Encoder(nn.Module):
    """Maps of an eighth of the picture: the last two stages widen what they see by dilation, not by stride."""

    def __init__(self):
        super().__init__()
        first, second, third, fourth = STAGE_WIDTHS
        self.conv1 = convolution(3, first, 7, 2)
        self.bn1 = nn.BatchNorm2d(first)
        self.layer1 = nn.Sequential(Block(first, first, 1, (1, 1)), Block(first, first, 1, (1, 1)))
        self.layer2 = nn.Sequential(Block(first, second, 2, (1, 1)), Block(second, second, 1, (1, 1)))
        # The convolution that had the stride takes half of its stage's dilation.
        self.layer3 = nn.Sequential(Block(second, third, 1, (1, 2)), Block(third, third, 1, (2, 2)))
        self.layer4 = nn.Sequential(Block(third, fourth, 1, (2, 4)), Block(fourth, fourth, 1, (4, 4)))

    def forward(self, image):
        features = functional.relu(self.bn1(self.conv1(image)))
        features = functional.max_pool2d(features, 3, 2, 1)
        return self.layer4(self.layer3(self.layer2(self.layer1(features))))


class Pooling(nn.Sequential):
    """The mean over the whole map, spread over it again."""

    def __init__(self, inputs, outputs):
        super().__init__(nn.AdaptiveAvgPool2d(1), *layer(inputs, outputs, 1))

    def forward(self, features):
        return super().forward(features).expand(-1, -1, *features.shape[-2:])


class Pyramid(nn.Module):
    """Atrous spatial pyramid pooling."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.convs = nn.ModuleList(
            [layer(inputs, outputs, 1), *(layer(inputs, outputs, 3, rate) for rate in RATES), Pooling(inputs, outputs)]
        )
        self.project = nn.Sequential(*layer(len(self.convs) * outputs, outputs, 1), nn.Dropout(0.1))

    def forward(self, features):
        return self.project(torch.cat([branch(features) for branch in self.convs], 1))


def head(outputs):
    """The places of the layers in the Sequential are part of the checkpoint's keys."""
    return nn.Sequential(
        Pyramid(STAGE_WIDTHS[-1], HEAD_WIDTH), *layer(HEAD_WIDTH, HEAD_WIDTH, 3), nn.Conv2d(HEAD_WIDTH, outputs, 1)
    )


class Rooms(nn.Module):
    """Takes (batch, 3, height, width) in 0..1 and returns each task's map in the size of the picture."""

    def __init__(self, tasks=tuple(CHANNELS)):
        super().__init__()
        self.decoders = nn.ModuleDict({task: head(CHANNELS[task]) for task in tasks})
        self.encoder = Encoder()

    def decode(self, features, task, size):
        output = self.decoders[task](features).float()
        return functional.interpolate(output, size, mode="bilinear", align_corners=True)

    def forward(self, image):
        features = self.encoder(image)
        return {task: self.decode(features, task, image.shape[-2:]) for task in self.decoders}
