"""ResNet trunks with torchvision's keys, of any width and depth.

Facts: He et al. 2016; torchvision's stride on the 3x3 convolution; Yu et al. 2017 for the dilated form as LibMTL, mtan,
auto-lambda and Vandenhende build it: layer3 and layer4 keep their input's size, the convolution that would have had a stride
of 2 takes half the stage's dilation, all other 3x3 convolutions the whole.
"""

import torch
from torch import nn

#: Blocks in each stage, and whether they are bottlenecks.
DEPTHS = {18: ((2, 2, 2, 2), False), 34: ((3, 4, 6, 3), False), 50: ((3, 4, 6, 3), True), 101: ((3, 4, 23, 3), True)}


def convolution(inputs: int, outputs: int, kernel: int, stride: int = 1, dilation: int = 1, groups: int = 1) -> nn.Conv2d:
    padding = dilation if kernel == 3 else 0
    return nn.Conv2d(inputs, outputs, kernel, stride, padding, dilation, groups, bias=False)


class BasicBlock(nn.Module):
    expansion = 1

    def __init__(self, inputs: int, width: int, stride: int = 1, dilations: tuple[int, int] = (1, 1), groups: int = 1):
        super().__init__()
        self.conv1 = convolution(inputs, width, 3, stride, dilations[0])
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = convolution(width, width, 3, 1, dilations[1])
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = torch.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return torch.relu(y + (x if self.downsample is None else self.downsample(x)))


class Bottleneck(nn.Module):
    expansion = 4

    def __init__(self, inputs: int, width: int, stride: int = 1, dilations: tuple[int, int] = (1, 1), groups: int = 1):
        super().__init__()
        self.conv1 = convolution(inputs, width, 1)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = convolution(width, width, 3, stride, dilations[0], groups)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = convolution(width, 4 * width, 1)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.downsample = None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = torch.relu(self.bn1(self.conv1(x)))
        y = torch.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return torch.relu(y + (x if self.downsample is None else self.downsample(x)))


def projected(block: type, inputs: int, width: int, stride: int = 1, dilations: tuple[int, int] = (1, 1)) -> nn.Module:
    """A block whose shortcut is a 1x1 convolution and a normalisation."""
    part = block(inputs, width, stride, dilations)
    outputs = width * block.expansion
    part.downsample = nn.Sequential(convolution(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs))
    return part


class ResNet(nn.Module):
    """The trunk without pool and classifier. `blocks` and `is_bottleneck` as in DEPTHS; `width` is 64 where published."""

    def __init__(self, blocks: tuple[int, ...], is_bottleneck: bool, width: int = 64, is_dilated: bool = False):
        super().__init__()
        self.block = Bottleneck if is_bottleneck else BasicBlock
        self.conv1 = nn.Conv2d(3, width, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        self.widths = [width * 2**stage * self.block.expansion for stage in range(4)]
        inputs = width
        for stage, count in enumerate(blocks):
            setattr(self, f"layer{stage + 1}", self.stage(stage, count, inputs, width * 2**stage, is_dilated))
            inputs = self.widths[stage]
        self.feature_dim = inputs

    def stage(self, stage: int, count: int, inputs: int, width: int, is_dilated: bool) -> nn.Sequential:
        dilation = 2 ** (stage - 1) if is_dilated and stage > 1 else 1
        stride = 1 if stage == 0 or dilation > 1 else 2
        first = (dilation // 2 or 1, dilation)
        if stage == 0 and inputs == self.widths[0]:
            layers = [self.block(inputs, width)]
        else:
            layers = [projected(self.block, inputs, width, stride, first)]
        layers += [self.block(self.widths[stage], width, 1, (dilation, dilation)) for _ in range(count - 1)]
        return nn.Sequential(*layers)

    def stem(self) -> nn.Sequential:
        return nn.Sequential(self.conv1, self.bn1, self.relu, self.maxpool)

    def stages(self) -> list[nn.Sequential]:
        return [self.layer1, self.layer2, self.layer3, self.layer4]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        for stage in self.stages():
            x = stage(x)
        return x


def resnet(depth: int, width: int = 64, is_dilated: bool = False) -> ResNet:
    return ResNet(*DEPTHS[depth], width, is_dilated)
