"""The classes of LibMTL from PyPI, built as its trainer builds them but on the CPU."""

import importlib
import math
import sys
import types
from collections.abc import Callable, Mapping
from typing import Any

import torch
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
    module = getattr(package("architecture"), architecture)(
        list(decoders), encoder, nn.ModuleDict(decoders), rep_grad=False, multi_input=has_own_inputs, device="cpu",
        **options)
    if architecture == "DSelect_k":
        module._binary_codes = binary_codes(options["num_experts"][0])
    return module


def binary_codes(experts: int) -> torch.Tensor:
    """What LibMTL's DSelect-k computes with NumPy 1: the bits of each expert's number. NumPy 2 turns the text "0" into
    True, so that all bits are ones there; the parameter "code_bits" of the recipe is for networks trained so."""
    bits = math.ceil(math.log2(experts))
    codes = [[bool(index >> bit & 1) for bit in reversed(range(bits))] for index in range(experts)]
    return torch.tensor(codes).unsqueeze(0)
