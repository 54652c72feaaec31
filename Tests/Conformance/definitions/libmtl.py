"""LibMTL's architectures for any encoder width (median-research-group/LibMTL at 43368048; 1.1.5 on PyPI has all but LTB).

A network holds `decoders`, a ModuleDict by task name, and what its architecture adds. Every forward returns the decoders'
raw outputs by task name; resizing is the trainers' own.
"""

import math
from collections.abc import Callable, Mapping

import torch
from torch import nn

from definitions.attention import attend, masks, shared_block
from definitions.residual import ResNet

Trunk = Callable[[], nn.Module]


class LibMTLNetwork(nn.Module):
    def __init__(self, decoders: Mapping[str, nn.Module]):
        super().__init__()
        self.decoders = nn.ModuleDict(decoders)
        self.tasks = list(decoders)

    def decode(self, features: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        return {task: self.decoders[task](features[task]) for task in self.tasks}


class HardSharing(LibMTLNetwork):
    def __init__(self, trunk: Trunk, decoders: Mapping[str, nn.Module]):
        super().__init__(decoders)
        self.encoder = trunk()

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        features = self.encoder(x)
        return self.decode({task: features for task in self.tasks})


class _AttentionTrunk(nn.Module):
    def __init__(self, trunk: ResNet, task_count: int):
        super().__init__()
        self.task_count = task_count
        self.shared_conv = trunk.stem()
        stages = trunk.stages()
        self.shared_layer = nn.ModuleDict(
            {str(index): nn.ModuleList([stage[:-1], stage[-1]]) for index, stage in enumerate(stages)})
        self.encoder_att = nn.ModuleDict({str(stage): masks(trunk, stage, task_count) for stage in range(4)})
        self.encoder_block_att = nn.ModuleList(shared_block(trunk, stage) for stage in range(3))

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        x = self.shared_conv(x)
        bodies, tails = zip(*self.shared_layer.values())
        attention = list(self.encoder_att.values())
        return [attend(bodies, tails, attention, self.encoder_block_att, x, task) for task in range(self.task_count)]


class MTAN(LibMTLNetwork):
    """The encoder is a ResNet, or holds one as `resnet_network`, as the Office example's does."""

    def __init__(self, trunk: Trunk, decoders: Mapping[str, nn.Module]):
        super().__init__(decoders)
        self.encoder = trunk()
        if hasattr(self.encoder, "resnet_network"):
            self.encoder.resnet_network = _AttentionTrunk(self.encoder.resnet_network, len(self.tasks))
        else:
            self.encoder = _AttentionTrunk(self.encoder, len(self.tasks))

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        if hasattr(self.encoder, "resnet_network"):
            maps = self.encoder.resnet_network(x)
            features = [self.encoder.hidden(attended) for attended in maps]
        else:
            features = self.encoder(x)
        return self.decode(dict(zip(self.tasks, features)))


class _ParallelTrunks(nn.Module):
    """A trunk for each task, whose stages see mixtures of all tasks' features."""

    def __init__(self, trunks: list[ResNet], tasks: list[str]):
        super().__init__()
        self.resnet_conv = nn.ModuleDict({task: trunk.stem() for task, trunk in zip(tasks, trunks)})
        stages = [trunk.stages() for trunk in trunks]
        self.resnet_layer = nn.ModuleDict(
            {str(stage): nn.ModuleList(own[stage] for own in stages) for stage in range(4)})

    def mixture(self, stage: int, task: int, features: list[torch.Tensor]) -> torch.Tensor:
        raise NotImplementedError

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        features = [stem(x) for stem in self.resnet_conv.values()]
        for stage in range(4):
            inputs = [self.mixture(stage, task, features) for task in range(len(features))]
            features = [layer(own) for layer, own in zip(self.resnet_layer[str(stage)], inputs)]
        return features


class _CrossStitchTrunks(_ParallelTrunks):
    def __init__(self, trunks: list[ResNet], tasks: list[str], is_square: bool):
        super().__init__(trunks, tasks)
        shape = (4, len(tasks), len(tasks)) if is_square else (4, len(tasks))
        self.cross_unit = nn.Parameter(torch.rand(shape) * 0.5 + 0.1)

    def mixture(self, stage: int, task: int, features: list[torch.Tensor]) -> torch.Tensor:
        if stage == 0:
            return features[task]
        unit = self.cross_unit[stage - 1]
        row = unit[task] if unit.dim() == 2 else unit
        return sum(weight * feature for weight, feature in zip(row, features))


class CrossStitch(LibMTLNetwork):
    """1.1.5 has one weight for each source (4 x T), later commits one for each pair of tasks (4 x T x T)."""

    def __init__(self, trunk: Trunk, decoders: Mapping[str, nn.Module], is_square: bool = True):
        super().__init__(decoders)
        self.encoder = _CrossStitchTrunks([trunk() for _ in decoders], self.tasks, is_square)

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        return self.decode(dict(zip(self.tasks, self.encoder(x))))


class _BranchingTrunks(_ParallelTrunks):
    def __init__(self, trunks: list[ResNet], tasks: list[str]):
        super().__init__(trunks, tasks)
        self.alpha = nn.Parameter(torch.rand(6, len(tasks), len(tasks)))

    def mixture(self, stage: int, task: int, features: list[torch.Tensor]) -> torch.Tensor:
        return features[int(self.alpha[stage + 1, task].argmax())]


class LearningToBranch(LibMTLNetwork):
    """LibMTL samples branches from `alpha` in every forward; here the likeliest is taken."""

    def __init__(self, trunk: Trunk, decoders: Mapping[str, nn.Module]):
        super().__init__(decoders)
        self.encoder = _BranchingTrunks([trunk() for _ in decoders], self.tasks)

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        return self.decode(dict(zip(self.tasks, self.encoder(x))))


def gate(input_size: int, experts: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(input_size, experts), nn.Softmax(dim=-1))


def mix(weights: torch.Tensor, experts: list[torch.Tensor]) -> torch.Tensor:
    return torch.einsum("ij...,ji->j...", torch.stack(experts), weights)


class GatedExperts(LibMTLNetwork):
    """MMoE, and with `specific` experts for each task CGC. Gates see the flattened image."""

    def __init__(self, trunk: Trunk, decoders: Mapping[str, nn.Module], image: tuple[int, ...], shared: int, specific: int = 0):
        super().__init__(decoders)
        self.experts_shared = nn.ModuleList(trunk() for _ in range(shared))
        if specific > 0:
            self.experts_specific = nn.ModuleDict(
                {task: nn.ModuleList(trunk() for _ in range(specific)) for task in self.tasks})
        self.gate_specific = nn.ModuleDict({task: gate(math.prod(image), shared + specific) for task in self.tasks})

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        shared = [expert(x) for expert in self.experts_shared]
        features = {}
        for task in self.tasks:
            own = [expert(x) for expert in self.experts_specific[task]] if hasattr(self, "experts_specific") else []
            features[task] = mix(self.gate_specific[task](x.flatten(1)), shared + own)
        return self.decode(features)


class _ProgressiveTrunks(nn.Module):
    def __init__(self, trunk: Trunk, tasks: list[str], image: tuple[int, ...], shared: int, specific: int):
        super().__init__()
        self.tasks = tasks
        common = [self.parts(trunk()) for _ in range(shared)]
        own = {task: [self.parts(trunk()) for _ in range(specific)] for task in tasks}
        levels = range(5)
        self.specific_layer = nn.ModuleDict({
            str(level): nn.ModuleDict({task: nn.ModuleList(parts[level] for parts in own[task]) for task in tasks})
            for level in levels})
        self.shared_layer = nn.ModuleDict(
            {str(level): nn.ModuleList(parts[level] for parts in common) for level in levels})
        sizes, x = [], torch.zeros(1, *image)
        with torch.no_grad():
            for part in common[0]:
                sizes.append(x.numel())
                x = part.eval()(x)
        self.gate_specific = nn.ModuleDict(
            {task: nn.ModuleList(gate(size, shared + specific) for size in sizes) for task in tasks})

    @staticmethod
    def parts(trunk: ResNet) -> list[nn.Module]:
        return [trunk.stem(), *trunk.stages()]

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        features = {}
        for task in self.tasks:
            value = x
            for level, level_gate in enumerate(self.gate_specific[task]):
                experts = [*self.shared_layer[str(level)], *self.specific_layer[str(level)][task]]
                value = mix(level_gate(value.flatten(1)), [expert(value) for expert in experts])
            features[task] = value
        return features


class ProgressiveExtraction(LibMTLNetwork):
    def __init__(self, trunk: Trunk, decoders: Mapping[str, nn.Module], image: tuple[int, ...], shared: int, specific: int):
        super().__init__(decoders)
        self.encoder = _ProgressiveTrunks(trunk, self.tasks, image, shared, specific)

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        return self.decode(self.encoder(x))


class DSelectK(LibMTLNetwork):
    """Each of `chosen` selectors names an expert by smooth-stepped bits, most significant first."""

    def __init__(self, trunk: Trunk, decoders: Mapping[str, nn.Module], image: tuple[int, ...], shared: int, chosen: int):
        super().__init__(decoders)
        self.chosen, self.bits = chosen, math.ceil(math.log2(shared))
        self.experts_shared = nn.ModuleList(trunk() for _ in range(shared))
        size = math.prod(image)
        self._z_logits = nn.ModuleDict({task: nn.Linear(size, chosen * self.bits) for task in self.tasks})
        self._w_logits = nn.ModuleDict({task: nn.Linear(size, chosen) for task in self.tasks})
        codes = [[index >> bit & 1 for bit in reversed(range(self.bits))] for index in range(shared)]
        self.codes = torch.tensor(codes, dtype=torch.bool)

    def weights(self, task: str, row: torch.Tensor) -> torch.Tensor:
        logits = self._z_logits[task](row).reshape(-1, self.chosen, 1, self.bits).clamp(-0.5, 0.5)
        steps = -2 * logits**3 + 1.5 * logits + 0.5
        likely = torch.where(self.codes, steps, 1 - steps).prod(3)
        return torch.einsum("ij,ijk->ik", self._w_logits[task](row).softmax(1), likely)

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        experts = [expert(x) for expert in self.experts_shared]
        row = x.flatten(1)
        return self.decode({task: mix(self.weights(task, row), experts) for task in self.tasks})


class OfficeEncoder(nn.Module):
    """The Office example's encoder: ResNet-18, pooled, and a hidden layer."""

    def __init__(self, trunk: ResNet, hidden: int = 512):
        super().__init__()
        self.resnet_network = trunk
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.hidden_layer = nn.Sequential(
            nn.Linear(trunk.feature_dim, hidden), nn.BatchNorm1d(hidden), nn.ReLU(), nn.Dropout(0.5))

    def hidden(self, features: torch.Tensor) -> torch.Tensor:
        return self.hidden_layer(torch.flatten(self.avgpool(features), 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.hidden(self.resnet_network(x))
