"""LibMTL's MTAN and hard parameter sharing for NYUv2, with a dilated ResNet-18 of narrower stages than published.

The key names are LibMTL's (`encoder.*`, `decoders.<task>.*`), so `mtl-infer` reads a checkpoint as `libmtl-mtan-nyuv2`
or `libmtl-hps-nyuv2`.
"""

import re

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


class Bottleneck(nn.Module):
    """ResNet's bottleneck, whose middle layers are a quarter as wide as its output."""

    def __init__(self, inputs, outputs):
        super().__init__()
        middle = outputs // 4
        self.conv1 = convolution(inputs, middle, 1)
        self.bn1 = nn.BatchNorm2d(middle)
        self.conv2 = convolution(middle, middle, 3)
        self.bn2 = nn.BatchNorm2d(middle)
        self.conv3 = convolution(middle, outputs, 1)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.downsample = nn.Sequential(convolution(inputs, outputs, 1), nn.BatchNorm2d(outputs))

    def forward(self, features):
        kept = self.downsample(features)
        features = functional.relu(self.bn1(self.conv1(features)))
        features = functional.relu(self.bn2(self.conv2(features)))
        return functional.relu(self.bn3(self.conv3(features)) + kept)


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


def mask(inputs, outputs):
    """What a task attends to. It begins nearly open, so that a trunk trained without masks loses nothing by them."""
    middle = outputs // 2
    layers = nn.Sequential(
        nn.Conv2d(inputs, middle, 1),
        nn.BatchNorm2d(middle),
        nn.ReLU(),
        nn.Conv2d(middle, outputs, 1),
        nn.BatchNorm2d(outputs),
        nn.Sigmoid(),
    )
    nn.init.constant_(layers[4].bias, 2.0)
    return layers


class AttentionEncoder(nn.Module):
    """MTAN (Liu et al. 2019): each task has a mask for the last block of every stage of the trunk.

    LibMTL's modules and keys. The blocks between the stages, which the tasks share, are the bottlenecks that LibMTL has
    on a ResNet-50; the basic blocks that it has on a ResNet-18 would cost nearly as much as trunk and heads together.
    """

    def __init__(self, tasks):
        super().__init__()
        trunk = Encoder()
        stages = (trunk.layer1, trunk.layer2, trunk.layer3, trunk.layer4)
        self.shared_conv = nn.Sequential(trunk.conv1, trunk.bn1, nn.ReLU(), nn.MaxPool2d(3, 2, 1))
        self.shared_layer = nn.ModuleList(nn.ModuleList([stage[:-1], stage[-1]]) for stage in stages)
        self.encoder_att = nn.ModuleList(
            nn.ModuleList(mask(width if number == 0 else 2 * width, width) for _ in tasks)
            for number, width in enumerate(STAGE_WIDTHS)
        )
        self.encoder_block_att = nn.ModuleList(map(Bottleneck, STAGE_WIDTHS[:-1], STAGE_WIDTHS[1:]))

    def forward(self, image):
        features = self.shared_conv(image)
        attended = [None] * len(self.encoder_att[0])
        for number, (first, last) in enumerate(self.shared_layer):
            seen = first(features)
            features = last(seen)
            for task, before in enumerate(attended):
                inputs = seen if before is None else torch.cat([seen, before], 1)
                attended[task] = self.encoder_att[number][task](inputs) * features
                if number < 3:
                    attended[task] = self.encoder_block_att[number](attended[task])
                if number == 0:
                    attended[task] = functional.max_pool2d(attended[task], 2)
        return attended


class RunningNorm(nn.BatchNorm2d):
    """Normalises by running statistics in training, too: a step has too few pictures for statistics of their means."""

    def forward(self, features):
        if self.training:
            with torch.no_grad():
                super().forward(features)
        return functional.batch_norm(
            features, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps
        )


class Pooling(nn.Sequential):
    """The mean over the whole map, spread over it again."""

    def __init__(self, inputs, outputs):
        super().__init__(nn.AdaptiveAvgPool2d(1), convolution(inputs, outputs, 1), RunningNorm(outputs), nn.ReLU())

    def forward(self, features):
        return super().forward(features).expand(-1, -1, *features.shape[-2:])


class Pyramid(nn.Module):
    """Atrous spatial pyramid pooling."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.convs = nn.ModuleList(
            [layer(inputs, outputs, 1), *(layer(inputs, outputs, 3, rate) for rate in RATES), Pooling(inputs, outputs)]
        )
        self.project = layer(len(self.convs) * outputs, outputs, 1)

    def forward(self, features):
        return self.project(torch.cat([branch(features) for branch in self.convs], 1))


def head(outputs):
    """The places of the layers in the Sequential are part of the checkpoint's keys."""
    return nn.Sequential(
        Pyramid(STAGE_WIDTHS[-1], HEAD_WIDTH), *layer(HEAD_WIDTH, HEAD_WIDTH, 3), nn.Conv2d(HEAD_WIDTH, outputs, 1)
    )


class Rooms(nn.Module):
    """Takes (batch, 3, height, width) in 0..1 and returns each task's map in the size of the picture."""

    def __init__(self, tasks=tuple(CHANNELS), architecture="mtan"):
        super().__init__()
        self.decoders = nn.ModuleDict({task: head(CHANNELS[task]) for task in tasks})
        self.encoder = Encoder() if architecture == "hps" else AttentionEncoder(self.decoders)

    def features(self, image):
        """What each task's decoder sees."""
        features = self.encoder(image)
        return dict(zip(self.decoders, features if isinstance(features, list) else [features] * len(self.decoders)))

    def decode(self, features, task, size):
        output = self.decoders[task](features).float()
        return functional.interpolate(output, size, mode="bilinear", align_corners=True)

    def forward(self, image):
        features = self.features(image)
        return {task: self.decode(features[task], task, image.shape[-2:]) for task in self.decoders}


def attention_keys(state):
    """The weights of hard parameter sharing under the names that they have in MTAN."""
    names = {"conv1": "shared_conv.0", "bn1": "shared_conv.1"}
    for stage in range(4):
        names |= {f"layer{stage + 1}.0": f"shared_layer.{stage}.0.0", f"layer{stage + 1}.1": f"shared_layer.{stage}.1"}
    pattern = r"^encoder\.(conv1|bn1|layer\d\.\d)"
    return {re.sub(pattern, lambda found: f"encoder.{names[found[1]]}", key): value for key, value in state.items()}
