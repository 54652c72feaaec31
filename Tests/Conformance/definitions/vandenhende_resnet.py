"""The networks on dilated ResNets of SimonVandenhende/Multi-Task-Learning-PyTorch, models/, rebuilt: baselines, MTAN,
cross-stitch and NDDR-CNN. Outputs are resized to the image (bilinear, align_corners off) in their forward.
"""

from collections.abc import Callable, Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import nn

STAGES = ("layer1", "layer2", "layer3", "layer4")


def projection(inputs: int, outputs: int, stride: int) -> nn.Sequential | None:
    if stride == 1 and inputs == outputs:
        return None
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))


def damped(norm: nn.BatchNorm2d) -> nn.BatchNorm2d:
    """The end of one of many branches that are summed: trained-like weights are to stay small there."""
    norm.scale_as_trained = 0.3
    return norm


class Residual(nn.Module):
    """A block whose branch ends without activation, plus its input, projected where sizes differ."""

    def forward(self, x):
        shortcut = x if self.downsample is None else self.downsample(x)
        return F.relu(self.branch(x) + shortcut)


class BasicBlock(Residual):
    def __init__(self, inputs: int, outputs: int, stride: int = 1, dilations: tuple[int, int] = (1, 1)):
        super().__init__()
        first, second = dilations
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, first, first, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, second, second, bias=False)
        self.bn2 = damped(nn.BatchNorm2d(outputs))
        self.downsample = projection(inputs, outputs, stride)

    def branch(self, x):
        return self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))


class Bottleneck(Residual):
    def __init__(self, inputs: int, outputs: int, stride: int = 1, dilations: tuple[int, int] = (1, 1)):
        super().__init__()
        middle = outputs // 4
        dilation, _ = dilations
        self.conv1 = nn.Conv2d(inputs, middle, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(middle)
        self.conv2 = nn.Conv2d(middle, middle, 3, stride, dilation, dilation, bias=False)
        self.bn2 = nn.BatchNorm2d(middle)
        self.conv3 = nn.Conv2d(middle, outputs, 1, bias=False)
        self.bn3 = damped(nn.BatchNorm2d(outputs))
        self.downsample = projection(inputs, outputs, stride)

    def branch(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        return self.bn3(self.conv3(F.relu(self.bn2(self.conv2(x)))))


class ResNet(nn.Module):
    """Stride 8: layer3 and layer4 have dilations 2 and 4 instead of strides, but the convolution that would have had
    the stride has half of that."""

    def __init__(self, block: type[Residual], depths: Sequence[int], width: int = 64):
        super().__init__()
        expansion = 4 if block is Bottleneck else 1
        self.conv1 = nn.Conv2d(3, width, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        channels = width
        for stage, depth, stride, dilation in zip(STAGES, depths, (1, 2, 1, 1), (1, 1, 2, 4)):
            outputs = width * expansion << STAGES.index(stage)
            blocks = [block(channels, outputs, stride, (max(dilation // 2, 1), dilation))]
            blocks += [block(outputs, outputs, 1, (dilation, dilation)) for _ in range(depth - 1)]
            setattr(self, stage, nn.Sequential(*blocks))
            channels = outputs
        self.channels = {stage: width * expansion << i for i, stage in enumerate(STAGES)}

    def stem(self, x):
        return F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 3, 2, 1)

    def forward(self, x):
        x = self.stem(x)
        for stage in STAGES:
            x = getattr(self, stage)(x)
        return x


def resnet18(width: int = 64) -> ResNet:
    return ResNet(BasicBlock, (2, 2, 2, 2), width)


def resnet50(width: int = 64) -> ResNet:
    return ResNet(Bottleneck, (3, 4, 6, 3), width)


class Pyramid(nn.Module):
    """Atrous spatial pyramid pooling of rates 12, 24 and 36."""

    def __init__(self, inputs: int, width: int):
        super().__init__()

        def layer(channels: int, rate: int = 0) -> list[nn.Module]:
            convolution = (nn.Conv2d(channels, width, 3, padding=rate, dilation=rate, bias=False) if rate
                           else nn.Conv2d(channels, width, 1, bias=False))
            return [convolution, nn.BatchNorm2d(width), nn.ReLU()]

        branches = [nn.Sequential(*layer(inputs, rate)) for rate in (0, 12, 24, 36)]
        self.convs = nn.ModuleList([*branches, nn.Sequential(nn.AdaptiveAvgPool2d(1), *layer(inputs))])
        self.project = nn.Sequential(*layer(5 * width), nn.Dropout(0.5))

    def forward(self, x):
        features = [branch(x) for branch in self.convs]
        features[-1] = features[-1].expand_as(features[0])
        return self.project(torch.cat(features, dim=1))


def deeplab(inputs: int, classes: int, width: int = 256) -> nn.Sequential:
    return nn.Sequential(
        Pyramid(inputs, width), nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU(),
        nn.Conv2d(width, classes, 1))


def resized(maps: Mapping[str, torch.Tensor], image: torch.Tensor) -> dict[str, torch.Tensor]:
    return {task: F.interpolate(x, image.shape[2:], mode="bilinear", align_corners=False) for task, x in maps.items()}


class Baseline(nn.Module):
    """A backbone and a decoder for each task."""

    def __init__(self, backbone: nn.Module, decoders: Mapping[str, nn.Module]):
        super().__init__()
        self.backbone = backbone
        self.decoders = nn.ModuleDict(decoders)

    def forward(self, x):
        features = self.backbone(x)
        return resized({task: decoder(features) for task, decoder in self.decoders.items()}, x)


class SingleTask(nn.Module):
    """The same for one task, whose name the checkpoint does not have."""

    def __init__(self, backbone: nn.Module, decoder: nn.Module, task: str):
        super().__init__()
        self.backbone = backbone
        self.decoder = decoder
        self.task = task

    def forward(self, x):
        return resized({self.task: self.decoder(self.backbone(x))}, x)


def attention(inputs: int, outputs: int) -> nn.Sequential:
    middle = outputs // 4
    return nn.Sequential(
        nn.Conv2d(inputs, middle, 1), nn.BatchNorm2d(middle), nn.ReLU(),
        nn.Conv2d(middle, outputs, 1), nn.BatchNorm2d(outputs), nn.Sigmoid())


class MTAN(nn.Module):
    """Masks for each task, made before the last block of a stage and applied behind it; the refinement of what is left
    is shared. Only the first stage is followed by pooling, since the others keep their size."""

    def __init__(self, backbone: ResNet, heads: Mapping[str, nn.Module]):
        super().__init__()
        channels = list(backbone.channels.values())
        self.backbone = backbone
        self.heads = nn.ModuleDict(heads)
        for number, width in enumerate(channels, 1):
            inputs = width if number == 1 else 2 * width
            setattr(self, f"attention_{number}", nn.ModuleDict({task: attention(inputs, width) for task in heads}))
        for number, (inputs, outputs) in enumerate(zip(channels, channels[1:]), 1):
            setattr(self, f"refine_{number}", nn.Sequential(Bottleneck(inputs, outputs)))

    def forward(self, image):
        x = self.backbone.stem(image)
        attended = {}
        for number, stage in enumerate(STAGES, 1):
            blocks = getattr(self.backbone, stage)
            before = blocks[:-1](x)
            x = blocks[-1](before)
            for task in self.heads:
                source = torch.cat((before, attended[task]), dim=1) if attended.get(task) is not None else before
                attended[task] = getattr(self, f"attention_{number}")[task](source) * x
                if number < 4:
                    attended[task] = getattr(self, f"refine_{number}")(attended[task])
                if number == 1:
                    attended[task] = F.max_pool2d(attended[task], 2)
        return resized({task: head(attended[task]) for task, head in self.heads.items()}, image)


class Scale(nn.Module):
    """A factor for each channel."""

    def __init__(self, channels: int, value: float):
        super().__init__()
        self.param = nn.Parameter(torch.full((channels,), value))

    def forward(self, x):
        return self.param.view(1, -1, 1, 1) * x


class Stitch(nn.Module):
    """Each task gets its own weighted sum of all tasks' features."""

    def __init__(self, tasks: Sequence[str], channels: int):
        super().__init__()
        self.cross_stitch_unit = nn.ModuleDict({
            to: nn.ModuleDict({source: Scale(channels, 0.8 if to == source else 0.05) for source in tasks})
            for to in tasks})

    def forward(self, features):
        return {to: sum(unit(features[source]) for source, unit in units.items())
                for to, units in self.cross_stitch_unit.items()}


class NDDR(nn.Module):
    """Each task gets its own 1x1 convolution of all tasks' features side by side."""

    def __init__(self, tasks: Sequence[str], channels: int):
        super().__init__()
        self.layer = nn.ModuleDict({
            task: nn.Sequential(nn.Conv2d(len(tasks) * channels, channels, 1, bias=False), nn.BatchNorm2d(channels),
                                nn.ReLU())
            for task in tasks})

    def forward(self, features):
        x = torch.cat([features[task] for task in self.layer], dim=1)
        return {task: layer(x) for task, layer in self.layer.items()}


class Exchanging(nn.Module):
    """A network for each task; units between their stages exchange features."""

    def __init__(self, make_backbone: Callable[[], ResNet], heads: Mapping[str, nn.Module]):
        super().__init__()
        self.backbone = nn.ModuleDict({task: make_backbone() for task in heads})
        self.heads = nn.ModuleDict(heads)
        self.channels = next(iter(self.backbone.values())).channels

    def forward(self, image):
        features = {task: backbone.stem(image) for task, backbone in self.backbone.items()}
        features = self.exchange("conv", features)
        for stage in STAGES:
            features = {task: getattr(self.backbone[task], stage)(x) for task, x in features.items()}
            features = self.exchange(stage, features)
        return resized({task: head(features[task]) for task, head in self.heads.items()}, image)


class CrossStitch(Exchanging):
    def __init__(self, make_backbone: Callable[[], ResNet], heads: Mapping[str, nn.Module]):
        super().__init__(make_backbone, heads)
        self.cross_stitch = nn.ModuleDict({stage: Stitch(list(heads), self.channels[stage]) for stage in STAGES})

    def exchange(self, stage, features):
        return self.cross_stitch[stage](features) if stage in self.cross_stitch else features


class NDDRCNN(Exchanging):
    def __init__(self, make_backbone: Callable[[], ResNet], heads: Mapping[str, nn.Module]):
        super().__init__(make_backbone, heads)
        channels = {"conv": self.channels["layer1"], "layer1_without_conv": self.channels["layer1"], **self.channels}
        stages = ("conv", "layer1_without_conv", *STAGES[1:])
        self.nddr = nn.ModuleDict({stage: NDDR(list(heads), channels[stage]) for stage in stages})

    def exchange(self, stage, features):
        return self.nddr["layer1_without_conv" if stage == "layer1" else stage](features)
