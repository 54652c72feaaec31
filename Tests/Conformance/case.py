"""One published network as a test: how PyTorch builds it, what its trainer saves, what its own forward returns.

`cases/FAMILY.py` lists the cases of a family in `CASES`. Each case has two sizes of the same topology: `make`, the
published one (the real class where a package on PyPI has it, else rebuilt from published facts in `definitions/`), which
networks.py runs by hand, and `thin`, of few channels, from which tools/make_recipe_fixtures.py writes the fixtures that
the tests run.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn


@dataclasses.dataclass(frozen=True)
class Case:
    """`name` is unique and the fixture's folder; `network` is the recipe that `mtl-infer --network` takes."""

    name: str
    network: str
    #: "LibMTL 1.1.5", "torchvision 0.29", ..., or "rebuilt" from facts that are cited in definitions/.
    origin: str
    make: Callable[[], nn.Module]
    thin: Callable[[], nn.Module]
    #: N x C x H x W.
    shape: tuple[int, ...]
    thin_shape: tuple[int, ...]
    #: The raw outputs of the module's own forward by task name, before anything that the training code does outside of
    #: it: N x C x H x W maps, N x classes rows.
    outputs: Callable[[nn.Module, torch.Tensor], Mapping[str, torch.Tensor]]
    #: What the trainer passes to torch.save.
    checkpoint: Callable[[nn.Module], Any] = lambda module: module.state_dict()
    #: Values of the recipe's parameters that differ from their defaults: written as model.json beside the weights.
    parameters: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    #: The same for the thin form; None takes `parameters`.
    thin_parameters: Mapping[str, Any] | None = None
    #: "tasks" of a model.json, where the network's heads are described there.
    tasks: list | None = None
    #: The share of an output's values that may lie far off: where the first of two nearly equal maxima is sought, as by a
    #: max-pool with indices, rounding decides. PyTorch with its normalisations folded differs from itself as much.
    undecided: float = 0.0
    #: Whether the thin form gets a fixture; a case that differs only in size from another needs none.
    has_fixture: bool = True


def with_statistics(module: nn.Module, seed: int) -> nn.Module:
    """Seeded weights that keep activations near 1, and batch normalisation as after training: every scale, bias, mean
    and variance of its own. Where many branches are summed one behind the other, a norm's `scale_as_trained` keeps the sums
    small, as training does. Values that code assigned on purpose (buffers that are no statistics) stay."""
    generator = torch.Generator().manual_seed(seed)

    def normal(tensor: torch.Tensor, deviation: float, mean: float = 0.0) -> None:
        tensor.copy_(torch.randn(tensor.shape, generator=generator) * deviation + mean)

    def uniform(tensor: torch.Tensor, low: float, high: float) -> None:
        tensor.copy_(torch.rand(tensor.shape, generator=generator) * (high - low) + low)

    norms = (nn.modules.batchnorm._BatchNorm, nn.LayerNorm, nn.GroupNorm)
    with torch.no_grad():
        for part in module.modules():
            if isinstance(part, norms):
                if part.weight is not None:
                    scale = getattr(part, "scale_as_trained", 1.0)
                    uniform(part.weight, 0.6 * scale, 1.2 * scale)
                    normal(part.bias, 0.1)
                if getattr(part, "running_mean", None) is not None:
                    normal(part.running_mean, 0.1)
                    uniform(part.running_var, 0.5, 1.5)
            elif isinstance(part, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)):
                fan_in = part.weight[0].numel()
                if isinstance(part, nn.ConvTranspose2d):
                    fan_in = part.weight.shape[0] * part.weight[0, 0].numel() // (part.stride[0] * part.stride[1])
                normal(part.weight, (1.6 / fan_in) ** 0.5)
                if part.bias is not None:
                    normal(part.bias, 0.1)
    return module.eval()
