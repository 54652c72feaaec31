"""Swin trunks of three code bases, narrow or as published, and their last map as N x C x H x W."""

import timm
import torch
from torch import nn
from torchvision.models import swin_transformer as torchvision_swin

from definitions.microsoft_swin import MicrosoftSwin
from definitions.trunk_heads import stirred

#: depths, heads and first width of the published sizes.
SIZES = {"tiny": ((2, 2, 6, 2), (3, 6, 12, 24), 96), "small": ((2, 2, 18, 2), (3, 6, 12, 24), 96),
         "base": ((2, 2, 18, 2), (4, 8, 16, 32), 128)}
#: A narrow form of the same topology.
THIN = ((2, 2, 2, 2), (1, 2, 2, 4), 4)


def microsoft(size: tuple, classes: int, image: tuple[int, int] = (224, 224), window: int = 7) -> nn.Module:
    depths, heads, width = size
    return stirred(MicrosoftSwin(width, depths, heads, window, image, classes))


def of_timm(size: tuple, classes: int, image: tuple[int, int] = (224, 224), **options) -> nn.Module:
    depths, heads, width = size
    return stirred(timm.create_model(
        "swin_tiny_patch4_window7_224", img_size=image, embed_dim=width, depths=depths, num_heads=heads,
        num_classes=classes, **options))


def of_torchvision(size: tuple, classes: int) -> nn.Module:
    """Without `classes` it gives pooled features."""
    depths, heads, width = size
    module = torchvision_swin.SwinTransformer(
        [4, 4], width, list(depths), list(heads), [7, 7], num_classes=classes or 1)
    if not classes:
        module.head = nn.Identity()
    return stirred(module)


def microsoft_map(encoder: nn.Module, image: torch.Tensor) -> torch.Tensor:
    return encoder.last_map(image).permute(0, 3, 1, 2)


def timm_map(encoder: nn.Module, image: torch.Tensor) -> torch.Tensor:
    return encoder.forward_features(image).permute(0, 3, 1, 2)


def timm_features_map(encoder: nn.Module, image: torch.Tensor) -> torch.Tensor:
    """Of features_only=True, which has no last normalisation."""
    return encoder(image)[-1].permute(0, 3, 1, 2)


def torchvision_map(encoder: nn.Module, image: torch.Tensor) -> torch.Tensor:
    return encoder.norm(encoder.features(image)).permute(0, 3, 1, 2)
