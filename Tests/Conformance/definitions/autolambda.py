"""auto-lambda's dense networks (lorenmt/auto-lambda at bdba6365, create_network.py) and mtan's (lorenmt/mtan at c36c30ba,
im2im_pred/model_resnet_mtan), which differ in what follows the heads. Heads are numbered in the order of `tasks`."""

from collections.abc import Mapping

import torch
from torch import nn
from torch.nn import functional

from definitions.attention import attend, masks, shared_block
from definitions.deeplab import DeepLabHead
from definitions.residual import ResNet


class _Dense(nn.Module):
    #: Whether segmentation leaves as log-probabilities, as mtan's does.
    has_log_softmax = False

    def finish(self, outputs: list[torch.Tensor], image: torch.Tensor) -> dict[str, torch.Tensor]:
        finished = {}
        for task, output in zip(self.tasks, outputs):
            output = functional.interpolate(output, size=image.shape[-2:], mode="bilinear", align_corners=True)
            if task == "normal":
                output = output / torch.norm(output, p=2, dim=1, keepdim=True)
            if task == "segmentation" and self.has_log_softmax:
                output = functional.log_softmax(output, dim=1)
            finished[task] = output
        return finished

    def heads(self, trunk: ResNet, tasks: Mapping[str, int], width: int) -> nn.ModuleList:
        self.tasks = list(tasks)
        return nn.ModuleList(DeepLabHead(trunk.feature_dim, classes, width) for classes in tasks.values())


class Split(_Dense):
    def __init__(self, trunk: ResNet, tasks: Mapping[str, int], head_width: int = 256):
        super().__init__()
        self.shared_conv = trunk.stem()
        for index, stage in enumerate(trunk.stages(), start=1):
            setattr(self, f"shared_layer{index}", stage)
        self.decoders = self.heads(trunk, tasks, head_width)

    def forward(self, image: torch.Tensor) -> dict[str, torch.Tensor]:
        x = self.shared_conv(image)
        for index in range(1, 5):
            x = getattr(self, f"shared_layer{index}")(x)
        return self.finish([head(x) for head in self.decoders], image)


class MTAN(_Dense):
    def __init__(self, trunk: ResNet, tasks: Mapping[str, int], head_width: int = 256, has_log_softmax: bool = False):
        super().__init__()
        self.has_log_softmax = has_log_softmax
        self.shared_conv = trunk.stem()
        for index, stage in enumerate(trunk.stages(), start=1):
            setattr(self, f"shared_layer{index}_b", stage[:-1])
            setattr(self, f"shared_layer{index}_t", stage[-1])
        for index in range(4):
            setattr(self, f"encoder_att_{index + 1}", masks(trunk, index, len(tasks)))
        for index in range(3):
            setattr(self, f"encoder_block_att_{index + 1}", shared_block(trunk, index))
        self.decoders = self.heads(trunk, tasks, head_width)

    def part(self, pattern: str, count: int = 4) -> list[nn.Module]:
        return [getattr(self, pattern.format(index)) for index in range(1, count + 1)]

    def forward(self, image: torch.Tensor) -> dict[str, torch.Tensor]:
        x = self.shared_conv(image)
        bodies, tails = self.part("shared_layer{}_b"), self.part("shared_layer{}_t")
        attention, blocks = self.part("encoder_att_{}"), self.part("encoder_block_att_{}", 3)
        features = [attend(bodies, tails, attention, blocks, x, task) for task in range(len(self.tasks))]
        return self.finish([head(own) for head, own in zip(self.decoders, features)], image)
