"""MTAN's attention over the last block of each ResNet stage (Liu et al. 2019), as LibMTL, mtan and auto-lambda share it."""

import torch
from torch import nn

from definitions.residual import ResNet, projected


def mask(inputs: int, width: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, width, 1), nn.BatchNorm2d(width), nn.ReLU(),
        nn.Conv2d(width, outputs, 1), nn.BatchNorm2d(outputs), nn.Sigmoid())


def masks(trunk: ResNet, stage: int, task_count: int) -> nn.ModuleList:
    outputs = trunk.widths[stage]
    inputs = outputs if stage == 0 else 2 * outputs
    return nn.ModuleList(mask(inputs, outputs // trunk.block.expansion, outputs) for _ in range(task_count))


def shared_block(trunk: ResNet, stage: int) -> nn.Module:
    """What every task's attended map passes on its way from `stage` to the next."""
    return projected(trunk.block, trunk.widths[stage], trunk.widths[stage + 1] // trunk.block.expansion)


def attend(bodies: list, tails: list, stage_masks: list, blocks: list, x: torch.Tensor, task: int) -> torch.Tensor:
    """One task's features. `bodies[stage]` is all but the stage's last block, `tails[stage]` that block."""
    pool = nn.MaxPool2d(2, 2)
    attended = None
    for stage in range(4):
        body = bodies[stage](x)
        x = tails[stage](body)
        if attended is not None and attended.shape[-2:] != body.shape[-2:]:
            attended = pool(attended)
        seen = body if attended is None else torch.cat([body, attended], dim=1)
        attended = stage_masks[stage][task](seen) * x
        if stage < 3:
            attended = blocks[stage](attended)
        if stage == 0:
            attended = pool(attended)
    return attended
