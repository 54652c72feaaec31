"""Random changes to a batch of pictures, so that the network does not lean on what a camera or a room decides."""

import math

import torch
from torch.nn import functional


def spread(images, low, high):
    """One random number per picture, shaped to multiply a batch."""
    return torch.empty(images.shape[0], 1, 1, 1, device=images.device).uniform_(low, high)


def mirror_some(images, lefts):
    """Mirrors half of the pictures; a mirrored left hand is a right hand."""
    chosen = torch.rand(images.shape[0], device=images.device) < 0.5
    images = torch.where(chosen[:, None, None, None], images.flip(3), images)
    return images, torch.where(chosen, 1 - lefts, lefts)


def move(images, shift=0.12, degrees=10.0, scale=0.12):
    """Shifts (as a share of half the picture), turns and scales."""
    angle = spread(images, -math.radians(degrees), math.radians(degrees)).flatten()
    size = spread(images, 1 - scale, 1 + scale).flatten()
    across, down = (spread(images, -shift, shift).flatten() for _ in range(2))
    cosine, sine = size * angle.cos(), size * angle.sin()
    matrices = torch.stack([cosine, -sine, across, sine, cosine, down], dim=1).view(-1, 2, 3)
    grid = functional.affine_grid(matrices, list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, padding_mode="border", align_corners=False)


def relight(images):
    """Gamma, contrast, brightness, a little blur and noise, on pixels 0 to 1."""
    images = images.clamp(0, 1) ** spread(images, 0.7, 1.4)
    mean = images.mean(dim=(2, 3), keepdim=True)
    images = (images - mean) * spread(images, 0.6, 1.3) + mean + spread(images, -0.12, 0.12)
    blurred = functional.avg_pool2d(functional.pad(images, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    images = torch.lerp(images, blurred, spread(images, -0.5, 1).clamp(min=0))
    return (images + torch.randn_like(images) * spread(images, 0, 0.03)).clamp(0, 1)


def augment(pictures, lefts):
    """Bytes (batch, height, width) to network input, with the labels of the mirrored pictures changed."""
    images = pictures.unsqueeze(1).float() / 255
    images, lefts = mirror_some(images, lefts)
    return (relight(move(images)) - 0.5) / 0.5, lefts
