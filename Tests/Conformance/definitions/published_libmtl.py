"""The classes of LibMTL from PyPI, built as its trainer builds them but on the CPU."""

import importlib
import sys
import types
from collections.abc import Callable, Mapping
from typing import Any

from torch import nn


def package(name: str) -> Any:
    """A module of LibMTL. Its ResNets ask for a helper that torchvision has moved and that only downloads need."""
    if "torchvision.models.utils" not in sys.modules:
        stand_in = types.ModuleType("torchvision.models.utils")
        stand_in.load_state_dict_from_url = None
        sys.modules["torchvision.models.utils"] = stand_in
    return importlib.import_module(f"LibMTL.{name}")


def trunk(depth: int, is_dilated: bool = True) -> nn.Module:
    models = package("model")
    name = f"resnet{depth}"
    return models.resnet_dilated(name, pretrained=False) if is_dilated else getattr(models, name)(pretrained=False)


def network(
    architecture: str, encoder: Callable[[], nn.Module], decoders: Mapping[str, nn.Module],
    has_own_inputs: bool = False, **options: Any
) -> nn.Module:
    """`has_own_inputs`: every task has its own pictures, so that a forward is of one task."""
    return getattr(package("architecture"), architecture)(
        list(decoders), encoder, nn.ModuleDict(decoders), rep_grad=False, multi_input=has_own_inputs, device="cpu",
        **options)
