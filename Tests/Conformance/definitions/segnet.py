"""The SegNets of lorenmt/mtan, im2im_pred/model_segnet_*.py, and of LibMTL, examples/nyu/segnet_mtan.py, rebuilt.

Five levels of an encoder that pools with indices and a decoder that puts values back where they came from. Both count
their levels from the image down, so that the decoder runs its list from the end. Task heads are numbered, not named:
1 segmentation, 2 depth, 3 normals.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn

WIDTHS = (64, 128, 256, 512, 512)
WIDE = (64, 128, 256, 512, 1024)
CLASSES = (13, 1, 3)


def convolutions(*channels: int) -> nn.Sequential:
    """3x3 convolutions from each width to the next, each with batch normalisation and ReLU."""
    layers: list[nn.Module] = []
    for inputs, outputs in zip(channels, channels[1:]):
        layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU()]
    return nn.Sequential(*layers)


def attention(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 1), nn.BatchNorm2d(outputs), nn.ReLU(),
        nn.Conv2d(outputs, outputs, 1), nn.BatchNorm2d(outputs), nn.Sigmoid())


def prediction(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, inputs, 3, padding=1), nn.Conv2d(inputs, outputs, 1))


def unpool(x: torch.Tensor, indices: torch.Tensor) -> torch.Tensor:
    return F.max_unpool2d(x, indices, 2)


def above(widths: Sequence[int], level: int) -> int:
    """The width of the level above, which is the decoder's output; the first level keeps its own."""
    return widths[max(level - 1, 0)]


class Trunk(nn.Module):
    """Encoder and decoder that all tasks share."""

    def __init__(self, widths: Sequence[int] = WIDTHS, deep: bool = False):
        super().__init__()

        def layer(inputs: int, outputs: int) -> nn.Sequential:
            return convolutions(inputs, outputs, outputs) if deep else convolutions(inputs, outputs)

        def second(level: int, width: int) -> nn.Sequential:
            return layer(width, width) if level < 2 else nn.Sequential(layer(width, width), layer(width, width))

        levels = range(len(widths))
        self.encoder_block = nn.ModuleList(layer(w, v) for w, v in zip((3, *widths), widths))
        self.decoder_block = nn.ModuleList(layer(widths[i], above(widths, i)) for i in levels)
        self.conv_block_enc = nn.ModuleList(second(i, widths[i]) for i in levels)
        self.conv_block_dec = nn.ModuleList(second(i, above(widths, i)) for i in levels)

    def trunk(self, x: torch.Tensor) -> tuple[list, list]:
        """For each level of the encoder: after its first and after its last convolution. For each level of the decoder:
        unpooled, and after its last convolution."""
        encoded, pooled = [], []
        for first, rest in zip(self.encoder_block, self.conv_block_enc):
            entry = first(x)
            encoded.append((entry, rest(entry)))
            x, indices = F.max_pool2d(encoded[-1][1], 2, return_indices=True)
            pooled.append(indices)
        decoded = [None] * len(pooled)
        for level in reversed(range(len(pooled))):
            unpooled = unpool(x, pooled[level])
            x = self.conv_block_dec[level](self.decoder_block[level](unpooled))
            decoded[level] = (unpooled, x)
        return encoded, decoded


class Heads(nn.Module):
    """What the three numbered heads answer."""

    def add_heads(self, width: int, classes: Sequence[int]) -> None:
        for number, outputs in enumerate(classes, 1):
            setattr(self, f"pred_task{number}", prediction(width, outputs))
        self.logsigma = nn.Parameter(torch.full((3,), -0.5))

    def predict(self, segmentation, depth, normals) -> tuple[list[torch.Tensor], torch.Tensor]:
        normals = self.pred_task3(normals)
        outputs = [F.log_softmax(self.pred_task1(segmentation), dim=1), self.pred_task2(depth),
                   normals / torch.norm(normals, p=2, dim=1, keepdim=True)]
        return outputs, self.logsigma


class Split(Trunk, Heads):
    """model_segnet_split.py: `--type standard`, `wide` (the last level has twice the channels) or `deep` (every
    convolution is two)."""

    def __init__(self, widths: Sequence[int] = WIDTHS, classes: Sequence[int] = CLASSES, deep: bool = False):
        super().__init__(widths, deep)
        self.add_heads(widths[0], classes)

    def forward(self, x):
        _, decoded = self.trunk(x)
        return self.predict(*[decoded[0][1]] * 3)


class Single(Trunk):
    """model_segnet_single.py: one task, whose name the checkpoint does not have."""

    def __init__(self, task: str, widths: Sequence[int] = WIDTHS, classes: int = 13):
        super().__init__(widths)
        self.task = task
        self.pred_task = prediction(widths[0], {"semantic": classes, "depth": 1, "normal": 3}[task])

    def forward(self, x):
        _, decoded = self.trunk(x)
        prediction = self.pred_task(decoded[0][1])
        if self.task == "semantic":
            return F.log_softmax(prediction, dim=1)
        return prediction / torch.norm(prediction, p=2, dim=1, keepdim=True) if self.task == "normal" else prediction


class Attended(Trunk):
    """The trunk with attention masks for each task; the convolutions behind the masks are shared."""

    def __init__(self, widths: Sequence[int] = WIDTHS):
        super().__init__(widths)
        levels = range(len(widths))
        last = len(widths) - 1
        self.encoder_att = nn.ModuleList(
            nn.ModuleList(attention((2 if i else 1) * widths[i], widths[i]) for i in levels) for _ in range(3))
        self.decoder_att = nn.ModuleList(
            nn.ModuleList(attention(widths[i] + above(widths, i), above(widths, i)) for i in levels)
            for _ in range(3))
        self.encoder_block_att = nn.ModuleList(
            convolutions(widths[i], widths[min(i + 1, last)]) for i in levels)
        self.decoder_block_att = nn.ModuleList(
            convolutions(widths[i], widths[i] if i == last else above(widths, i)) for i in levels)

    def attend(self, task: int, encoded: list, decoded: list) -> torch.Tensor:
        x = None
        for level, (entry, exit) in enumerate(encoded):
            source = entry if x is None else torch.cat((entry, x), dim=1)
            mask = self.encoder_att[task][level](source)
            x = F.max_pool2d(self.encoder_block_att[level](mask * exit), 2)
        for level in reversed(range(len(decoded))):
            unpooled, exit = decoded[level]
            x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True)
            x = self.decoder_block_att[level](x)
            x = self.decoder_att[task][level](torch.cat((unpooled, x), dim=1)) * exit
        return x

    def forward(self, x):
        encoded, decoded = self.trunk(x)
        return [self.attend(task, encoded, decoded) for task in range(3)]


class MTAN(Attended, Heads):
    """model_segnet_mtan.py."""

    def __init__(self, widths: Sequence[int] = WIDTHS, classes: Sequence[int] = CLASSES):
        super().__init__(widths)
        self.add_heads(widths[0], classes)

    def forward(self, x):
        return self.predict(*super().forward(x))


class LibMTLHead(nn.Module):
    def __init__(self, width: int, classes: int):
        super().__init__()
        self.pred_task = prediction(width, classes)

    def forward(self, x):
        return self.pred_task(x)


class LibMTLHardSharing(nn.Module):
    """LibMTL's HPS over the attended trunk, which answers with one map for each task; logits leave as they are."""

    def __init__(self, widths: Sequence[int] = WIDTHS, classes: Sequence[int] = CLASSES):
        super().__init__()
        tasks = ("segmentation", "depth", "normal")
        self.decoders = nn.ModuleDict({task: LibMTLHead(widths[0], n) for task, n in zip(tasks, classes)})
        self.encoder = Attended(widths)

    def forward(self, x):
        return {task: head(features) for (task, head), features in zip(self.decoders.items(), self.encoder(x))}


def task_blocks(inputs: Sequence[int], outputs: Sequence[int], middle: Sequence[int]) -> nn.ModuleList:
    """Three lists, one for each task, of two convolutions on the first two levels and three below."""
    return nn.ModuleList(
        nn.ModuleList(
            convolutions(i, m, o) if level < 2 else convolutions(i, m, m, o)
            for level, (i, m, o) in enumerate(zip(inputs, middle, outputs)))
        for _ in range(3))


class CrossStitch(Heads):
    """model_segnet_cross.py: a network for each task, all of them fed the same weighted sum at each level."""

    def __init__(self, widths: Sequence[int] = WIDTHS, classes: Sequence[int] = CLASSES):
        super().__init__()
        up = [above(widths, level) for level in range(len(widths))]
        self.encoder_block_t = task_blocks((3, *widths), widths, widths)
        self.decoder_block_t = task_blocks(widths, up, up)
        self.cs_unit_encoder = nn.Parameter(torch.ones(len(widths) - 1, 3))
        self.cs_unit_decoder = nn.Parameter(torch.ones(len(widths), 3))
        self.add_heads(widths[0], classes)

    def forward(self, x):
        pooled, features = [], None
        for level in range(len(self.encoder_block_t[0])):
            if features is not None:
                x = sum(scale * f for scale, f in zip(self.cs_unit_encoder[level - 1], features))
            tasks = [F.max_pool2d(blocks[level](x), 2, return_indices=True) for blocks in self.encoder_block_t]
            features = [values for values, _ in tasks]
            pooled.append([indices for _, indices in tasks])
        for scales, level in zip(self.cs_unit_decoder, reversed(range(len(pooled)))):
            x = sum(scale * f for scale, f in zip(scales, features))
            features = [
                blocks[level](unpool(x, indices)) for blocks, indices in zip(self.decoder_block_t, pooled[level])]
        return self.predict(*features)


class Dense(Heads):
    """model_segnet_dense.py: each task's network also sees the shared one's features; the last block of the shared
    decoder is never used."""

    def __init__(self, widths: Sequence[int] = WIDTHS, classes: Sequence[int] = CLASSES):
        super().__init__()
        up = [above(widths, level) for level in range(len(widths))]
        self.encoder_block = task_blocks((3, *widths), widths, widths)[0]
        self.decoder_block = task_blocks(widths, (classes[0], *up[1:]), up)[0]
        self.encoder_block_t = task_blocks((3, *(2 * w for w in widths)), widths, widths)
        self.decoder_block_t = task_blocks([2 * w for w in widths], up, (2 * widths[0], *up[1:]))
        self.add_heads(widths[0], classes)

    @staticmethod
    def encode(blocks: nn.ModuleList, x: torch.Tensor, shared: list | None = None) -> tuple[list, list]:
        features, pooled = [], []
        for level, block in enumerate(blocks):
            if shared and level:
                x = torch.cat((x, shared[level - 1]), dim=1)
            x, indices = F.max_pool2d(block(x), 2, return_indices=True)
            features.append(x)
            pooled.append(indices)
        return features, pooled

    @staticmethod
    def decode(blocks: nn.ModuleList, x: torch.Tensor, pooled: list, shared: list | None = None) -> tuple:
        unpooled = [None] * len(pooled)
        for level in reversed(range(len(pooled))):
            x = unpooled[level] = unpool(x, pooled[level])
            x = blocks[level](x if shared is None else torch.cat((x, shared[level]), dim=1))
        return x, unpooled

    def forward(self, x):
        shared, pooled = self.encode(self.encoder_block, x)
        _, unpooled = self.decode(self.decoder_block, shared[-1], pooled)
        outputs = []
        for encoder, decoder in zip(self.encoder_block_t, self.decoder_block_t):
            features, own = self.encode(encoder, x, shared)
            outputs.append(self.decode(decoder, features[-1], own, unpooled)[0])
        return self.predict(*outputs)
