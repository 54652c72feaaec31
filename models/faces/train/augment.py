"""Random changes to a batch of pictures; none of the tasks minds them."""

import math

import torch
from torch.nn import functional


def spread(images, low, high, channels=1):
    """Random numbers for each picture, shaped to multiply a batch."""
    return torch.empty(len(images), channels, 1, 1, device=images.device).uniform_(low, high)


def move(images, shift=0.08, degrees=8.0, scale=0.1):
    """Mirrors half of the pictures, shifts (as a share of half the picture), turns and scales."""
    angle = spread(images, -math.radians(degrees), math.radians(degrees)).flatten()
    size = spread(images, 1 - scale, 1 + scale).flatten()
    side = spread(images, -1, 1).flatten().sign()
    across, down = (spread(images, -shift, shift).flatten() for _ in range(2))
    cosine, sine = size * angle.cos(), size * angle.sin()
    matrices = torch.stack([side * cosine, -sine, across, side * sine, cosine, down], dim=1).view(-1, 2, 3)
    grid = functional.affine_grid(matrices, list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, padding_mode="border", align_corners=False)


def augment(images):
    """Of 0..1, moved and in another light."""
    return (move(images) * spread(images, 0.8, 1.2) * spread(images, 0.92, 1.08, channels=3)).clamp(0, 1)
