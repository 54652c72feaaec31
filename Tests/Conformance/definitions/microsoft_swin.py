"""Swin Transformer with the key names and buffers of microsoft/Swin-Transformer, which has no package.

Facts: arXiv 2103.14030; microsoft/Swin-Transformer models/swin_transformer.py for the names. `attn_mask` is a buffer of
the shifted blocks for the size that the network was made for. Maps of other sizes are padded to whole windows with
zeros behind the normalisation and get masks of their own, as in the dense repositories of the same authors.
"""

import torch
from torch import nn
from torch.nn import functional


def to_windows(image: torch.Tensor, window: int) -> torch.Tensor:
    """N x H x W x C to (N * windows) x (window * window) x C."""
    n, height, width, channels = image.shape
    tiles = image.reshape(n, height // window, window, width // window, window, channels)
    return tiles.transpose(2, 3).reshape(-1, window * window, channels)


def from_windows(windows: torch.Tensor, window: int, height: int, width: int) -> torch.Tensor:
    tiles = windows.reshape(-1, height // window, width // window, window, window, windows.shape[-1])
    return tiles.transpose(2, 3).reshape(-1, height, width, windows.shape[-1])


def shift_mask(height: int, width: int, window: int, shift: int) -> torch.Tensor:
    """windows x tokens x tokens: -100 between tokens that were no neighbours before the map was rolled."""
    def region(size: int) -> torch.Tensor:
        place = torch.arange(size)
        return (place >= size - window).int() + (place >= size - shift).int()

    regions = region(height)[:, None] * 3 + region(width)
    tokens = to_windows(regions[None, :, :, None], window)[..., 0]
    return (tokens[:, None, :] != tokens[:, :, None]).float() * -100.0


class WindowAttention(nn.Module):
    def __init__(self, channels: int, heads: int, window: int) -> None:
        super().__init__()
        self.heads = heads
        self.relative_position_bias_table = nn.Parameter(torch.randn((2 * window - 1) ** 2, heads) * 0.5)
        rows, columns = torch.meshgrid(torch.arange(window), torch.arange(window), indexing="ij")
        places = torch.stack([rows.flatten(), columns.flatten()], -1)
        distance = places[:, None] - places[None] + window - 1
        self.register_buffer("relative_position_index", distance[..., 0] * (2 * window - 1) + distance[..., 1])
        self.qkv = nn.Linear(channels, 3 * channels)
        self.proj = nn.Linear(channels, channels)

    def forward(self, windows: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        batch, tokens, channels = windows.shape
        query, key, value = self.qkv(windows).reshape(batch, tokens, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        scores = query * query.shape[-1] ** -0.5 @ key.transpose(-2, -1)
        scores = scores + self.relative_position_bias_table[self.relative_position_index].permute(2, 0, 1)
        if mask is not None:
            masked = scores.reshape(-1, len(mask), self.heads, tokens, tokens) + mask[:, None]
            scores = masked.reshape(scores.shape)
        return self.proj((scores.softmax(-1) @ value).transpose(1, 2).reshape(batch, tokens, channels))


class Mlp(nn.Module):
    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(channels, width)
        self.fc2 = nn.Linear(width, channels)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        return self.fc2(functional.gelu(self.fc1(tokens)))


class Block(nn.Module):
    def __init__(self, channels: int, heads: int, window: int, shift: int, size: tuple[int, int]) -> None:
        super().__init__()
        self.window, self.shift = min(window, *size), shift
        self.norm1 = nn.LayerNorm(channels)
        self.attn = WindowAttention(channels, heads, self.window)
        self.norm2 = nn.LayerNorm(channels)
        self.mlp = Mlp(channels, 4 * channels)
        self.register_buffer("attn_mask", self.mask(*size))

    def mask(self, height: int, width: int) -> torch.Tensor | None:
        """None where the whole map is one window high or wide: then nothing is shifted either."""
        if self.shift == 0 or min(height, width) <= self.window:
            return None
        whole = [-(-size // self.window) * self.window for size in (height, width)]
        return shift_mask(*whole, self.window, self.shift)

    def attend(self, image: torch.Tensor) -> torch.Tensor:
        height, width = image.shape[1:3]
        mask = self.mask(height, width)
        shift = 0 if mask is None else self.shift
        padded = functional.pad(image, (0, 0, 0, -width % self.window, 0, -height % self.window))
        rolled = torch.roll(padded, (-shift, -shift), (1, 2))
        windows = self.attn(to_windows(rolled, self.window), mask)
        rolled = from_windows(windows, self.window, *padded.shape[1:3])
        return torch.roll(rolled, (shift, shift), (1, 2))[:, :height, :width]

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        image = image + self.attend(self.norm1(image))
        return image + self.mlp(self.norm2(image))


class PatchMerging(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.reduction = nn.Linear(4 * channels, 2 * channels, bias=False)
        self.norm = nn.LayerNorm(4 * channels)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        image = functional.pad(image, (0, 0, 0, image.shape[2] % 2, 0, image.shape[1] % 2))
        quarters = [image[:, row::2, column::2] for column in (0, 1) for row in (0, 1)]
        return self.reduction(self.norm(torch.cat(quarters, -1)))


class Stage(nn.Module):
    def __init__(
        self, channels: int, depth: int, heads: int, window: int, size: tuple[int, int], merges: bool
    ) -> None:
        super().__init__()
        shifts = [window // 2 if index % 2 else 0 for index in range(depth)]
        self.blocks = nn.ModuleList(Block(channels, heads, window, shift, size) for shift in shifts)
        self.downsample = PatchMerging(channels) if merges else None

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        for block in self.blocks:
            image = block(image)
        return image if self.downsample is None else self.downsample(image)


class PatchEmbedding(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, channels, 4, 4)
        self.norm = nn.LayerNorm(channels)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.norm(self.proj(image).permute(0, 2, 3, 1))


class MicrosoftSwin(nn.Module):
    """`size` is height and width of the pictures that it was trained on; without `classes` it gives pooled features."""

    def __init__(
        self, channels: int = 96, depths: tuple[int, ...] = (2, 2, 6, 2), heads: tuple[int, ...] = (3, 6, 12, 24),
        window: int = 7, size: tuple[int, int] = (224, 224), classes: int = 1000,
    ) -> None:
        super().__init__()
        self.patch_embed = PatchEmbedding(channels)
        map_size = (size[0] // 4, size[1] // 4)
        stages = []
        for index, (depth, stage_heads) in enumerate(zip(depths, heads)):
            width = channels << index
            stages.append(Stage(width, depth, stage_heads, window, map_size, index + 1 < len(depths)))
            map_size = (-(-map_size[0] // 2), -(-map_size[1] // 2))
        self.layers = nn.ModuleList(stages)
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, classes) if classes else nn.Identity()

    def last_map(self, image: torch.Tensor) -> torch.Tensor:
        """N x H x W x C"""
        image = self.patch_embed(image)
        for stage in self.layers:
            image = stage(image)
        return self.norm(image)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.head(self.last_map(image).mean((1, 2)))
