"""The squeeze-and-excitation ResNets of facebookresearch/astmt, fblib/networks/deeplab_multi_task/, rebuilt.

Normalisation, squeeze-and-excitation and 1x1 adapters have weights for each task from the first block on, so each task
needs a pass of its own; only the stem is shared. Output stride 16; strides lie on the first 1x1 convolution.
"""

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import nn

TASKS = {"edge": 1, "semseg": 21, "human_parts": 7, "normals": 3, "sal": 1}


class Chain(nn.Sequential):
    """Layers that all get the task."""

    def forward(self, x, task):
        for layer in self:
            x = layer(x, task)
        return x


def pick(module: nn.Module, task: str) -> nn.Module:
    """The task's own module where there is one for each."""
    return module[task] if isinstance(module, nn.ModuleDict) else module


def for_each(tasks: Sequence[str] | None, make) -> nn.Module:
    return make() if tasks is None else nn.ModuleDict({task: make() for task in tasks})


class Squeeze(nn.Module):
    def __init__(self, channels: int, tasks: Sequence[str] | None, reduction: int):
        super().__init__()
        self.fc = for_each(tasks, lambda: nn.Sequential(
            nn.Linear(channels, channels // reduction), nn.ReLU(), nn.Linear(channels // reduction, channels),
            nn.Sigmoid()))

    def forward(self, x, task):
        return x * pick(self.fc, task)(F.adaptive_avg_pool2d(x, 1).flatten(1))[:, :, None, None]


class Projection(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int, tasks: Sequence[str] | None):
        super().__init__()
        self.process = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
        self.norm = for_each(tasks, lambda: nn.BatchNorm2d(outputs))

    def forward(self, x, task):
        return pick(self.norm, task)(self.process(x))


class Block(nn.Module):
    """Bottleneck with an adapter beside its 3x3 convolution."""

    def __init__(self, inputs: int, outputs: int, stride: int, dilation: int, options: "Options", is_first: bool):
        super().__init__()
        middle = outputs // 4
        self.conv1 = nn.Conv2d(inputs, middle, 1, stride, bias=False)
        self.conv2 = nn.Conv2d(middle, middle, 3, 1, dilation, dilation, bias=False)
        self.conv3 = nn.Conv2d(middle, outputs, 1, bias=False)
        self.adapt = options.adapter(middle, middle)
        norms = options.encoder_norms
        self.bn1 = for_each(norms, lambda: nn.BatchNorm2d(middle))
        self.bn2 = for_each(norms, lambda: nn.BatchNorm2d(middle))
        self.bn3 = for_each(norms, lambda: nn.BatchNorm2d(outputs))
        self.se = Squeeze(outputs, options.encoder_squeezes, options.reduction)
        self.downsample = Projection(inputs, outputs, stride, norms) if is_first else None

    def forward(self, x, task):
        branch = F.relu(pick(self.bn1, task)(self.conv1(x)))
        adapted = self.conv2(branch) if self.adapt is None else self.adapt[task](branch) + self.conv2(branch)
        branch = F.relu(pick(self.bn2, task)(adapted))
        branch = self.se(pick(self.bn3, task)(self.conv3(branch)), task)
        return F.relu(branch + (x if self.downsample is None else self.downsample(x, task)))


class Layer(nn.Module):
    """The decoder's layer: convolution with an adapter beside it, normalisation, ReLU, squeeze-and-excitation."""

    def __init__(self, inputs: int, outputs: int, options: "Options", dilation: int = 0, reduction: int | None = None,
                 is_pooled: bool = False):
        super().__init__()
        convolution = (nn.Conv2d(inputs, outputs, 3, padding=dilation, dilation=dilation, bias=False) if dilation
                       else nn.Conv2d(inputs, outputs, 1, bias=False))
        self.process = nn.Sequential(*([nn.AdaptiveAvgPool2d(1)] if is_pooled else []), convolution)
        squeezed = options.tasks if options.squeezes_decoder else None
        self.se = Squeeze(outputs, squeezed, reduction or options.reduction) if squeezed else None
        self.adapt = None if is_pooled else options.adapter(inputs, outputs)
        self.norm = for_each(squeezed, lambda: nn.BatchNorm2d(outputs))

    def forward(self, x, task):
        y = self.process(x)
        if self.adapt is not None:
            y = y + self.adapt[task](x)
        y = F.relu(pick(self.norm, task)(y))
        return y if self.se is None else self.se(y, task)


class Options:
    """Which parts have weights for each task: `--trNorm`, `--seenc`, `--sedec`, `--adapt` of the training script."""

    def __init__(self, tasks: Sequence[str], norms: bool, squeezes_encoder: bool, squeezes_decoder: bool, adapts: bool,
                 reduction: int):
        self.tasks = list(tasks)
        self.encoder_norms = self.tasks if norms else None
        self.encoder_squeezes = self.tasks if squeezes_encoder else None
        self.squeezes_decoder = squeezes_decoder
        self.adapts = adapts
        self.reduction = reduction

    def adapter(self, inputs: int, outputs: int) -> nn.Module | None:
        return for_each(self.tasks, lambda: nn.Conv2d(inputs, outputs, 1, bias=False)) if self.adapts else None


class Pyramid(nn.Module):
    def __init__(self, inputs: int, width: int, options: Options):
        super().__init__()
        self.conv2d_list = nn.ModuleList([
            *(Layer(inputs, width, options, dilation) for dilation in (0, 6, 12, 18)),
            Layer(inputs, width, options, is_pooled=True)])
        self.conv2d_final = Layer(5 * width, width, options)

    def forward(self, x, task):
        features = [layer(x, task) for layer in self.conv2d_list]
        features[-1] = features[-1].expand_as(features[0])
        return self.conv2d_final(torch.cat(features, dim=1), task)


class Decoder(nn.Module):
    def __init__(self, classes: Mapping[str, int], low: int, high: int, width: int, low_width: int, options: Options):
        super().__init__()
        self.layer5 = Pyramid(high, width, options)
        self.low_level_reduce = Layer(low, low_width, options, reduction=4)
        self.conv_concat = Layer(width + low_width, width, options, dilation=1)
        self.conv_process = Layer(width, width, options, dilation=1)
        self.conv_predict = nn.ModuleDict({task: nn.Conv2d(width, n, 1) for task, n in classes.items()})

    def forward(self, low, x, task):
        low = self.low_level_reduce(low, task)
        x = F.interpolate(self.layer5(x, task), low.shape[2:], mode="bilinear", align_corners=False)
        x = self.conv_concat(torch.cat((x, low), dim=1), task)
        return self.conv_predict[task](self.conv_process(x, task))


class Discriminator(nn.Module):
    """Tells tasks apart by their gradients while training; its weights stay in the checkpoint."""

    def __init__(self, width: int, tasks: int):
        super().__init__()
        self.model = nn.Sequential(nn.Conv2d(width, width, 1, bias=False), nn.ReLU(), nn.Conv2d(width, tasks, 1))


class ASTMT(nn.Module):
    def __init__(self, classes: Mapping[str, int] = TASKS, depths: Sequence[int] = (2, 2, 2, 2), base: int = 64,
                 width: int = 64, low_width: int = 12, norms: bool = True, squeezes_encoder: bool = True,
                 squeezes_decoder: bool = True, adapts: bool = True, reduction: int = 16):
        super().__init__()
        options = Options(list(classes), norms, squeezes_encoder, squeezes_decoder, adapts, reduction)
        self.tasks = list(classes)
        self.conv1 = nn.Conv2d(3, base, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(base)
        channels = base
        for stage, (depth, stride, dilation) in enumerate(zip(depths, (1, 2, 2, 1), (1, 1, 1, 2))):
            outputs = 4 * base << stage
            setattr(self, f"layer{stage + 1}", Chain(
                Block(channels, outputs, stride, dilation, options, is_first=True),
                *(Block(outputs, outputs, 1, dilation, options, is_first=False) for _ in range(depth - 1))))
            channels = outputs
        self.decoder = Decoder(classes, 4 * base, channels, width, low_width, options)
        self.discriminator = Discriminator(width, len(classes))

    def forward(self, image, task):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(image))), 3, 2, 1)
        low = self.layer1(x, task)
        x = self.layer4(self.layer3(self.layer2(low, task), task), task)
        return F.interpolate(self.decoder(low, x, task), image.shape[2:], mode="bilinear", align_corners=False)
