"""Two trunks under the same heads: `trunk.*` and `heads.<task>.*`, which `mtl-infer` reads as documents-resnet and
documents-perceiver. Each trunk turns pictures (batch, 3, height, width) into one row of features."""

import math
from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional

STAGE_WIDTHS = (24, 48, 80, 128)

LATENTS, LATENT_WIDTH = 32, 64
LAYERS, SELF_ATTENTIONS = 2, 1
CROSS_HEADS, CROSS_HEAD_WIDTH = 1, 32
LATENT_HEADS, LATENT_HEAD_WIDTH = 4, 16
FREQUENCY_BANDS, LARGEST_FREQUENCY = 8, 32


class Block(nn.Module):
    """ResNet's basic block."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = None
        if inputs != outputs:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, features):
        kept = features if self.downsample is None else self.downsample(features)
        features = functional.relu(self.bn1(self.conv1(features)))
        return functional.relu(self.bn2(self.conv2(features)) + kept)


class ResNet(nn.Module):
    """ResNet-18 with narrower stages than the published one, and torchvision's key names."""

    features = STAGE_WIDTHS[-1]

    def __init__(self):
        super().__init__()
        widths = (STAGE_WIDTHS[0], *STAGE_WIDTHS)
        self.conv1 = nn.Conv2d(3, widths[0], 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(widths[0])
        for stage, (inputs, outputs) in enumerate(pairwise(widths), 1):
            stride = 1 if stage == 1 else 2
            blocks = nn.Sequential(Block(inputs, outputs, stride), Block(outputs, outputs, 1))
            self.add_module(f"layer{stage}", blocks)

    def forward(self, pictures):
        features = functional.relu(self.bn1(self.conv1(pictures)))
        features = functional.max_pool2d(features, 3, 2, 1)
        return self.layer4(self.layer3(self.layer2(self.layer1(features)))).mean((2, 3))


class Attention(nn.Module):
    def __init__(self, width, context_width, heads, head_width):
        super().__init__()
        self.heads = heads
        self.to_q = nn.Linear(width, heads * head_width, bias=False)
        self.to_kv = nn.Linear(context_width, 2 * heads * head_width, bias=False)
        self.to_out = nn.Linear(heads * head_width, width)

    def forward(self, tokens, context):
        parts = (self.to_q(tokens), *self.to_kv(context).chunk(2, -1))
        query, key, value = (part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in parts)
        # Quicker to train on a processor than scaled_dot_product_attention.
        shares = (query * query.shape[-1] ** -0.5 @ key.transpose(-1, -2)).softmax(-1)
        answer = shares @ value
        return self.to_out(answer.transpose(1, 2).flatten(2))


class GatedLayer(nn.Module):
    def __init__(self, width):
        super().__init__()
        # Places 0 and 2 are part of the keys; between them, in the published code, stands the gate.
        self.net = nn.ModuleDict({"0": nn.Linear(width, 8 * width), "2": nn.Linear(4 * width, width)})

    def forward(self, tokens):
        values, gates = self.net["0"](tokens).chunk(2, -1)
        return self.net["2"](values * functional.gelu(gates))


class Residual(nn.Module):
    """Tokens plus what a layer makes of them after normalisation, and of a context where there is one."""

    def __init__(self, layer, width, context_width=None):
        super().__init__()
        self.fn = layer
        self.norm = nn.LayerNorm(width)
        self.norm_context = nn.LayerNorm(context_width) if context_width else None

    def forward(self, tokens, context=None):
        inputs = self.norm(tokens)
        if isinstance(self.fn, GatedLayer):
            return tokens + self.fn(inputs)
        return tokens + self.fn(inputs, inputs if context is None else self.norm_context(context))


class PerceiverLayer(nn.Module):
    """The latents look at the pixels, then at one another."""

    def __init__(self, context_width):
        super().__init__()
        width = LATENT_WIDTH
        cross = Attention(width, context_width, CROSS_HEADS, CROSS_HEAD_WIDTH)
        self.cross_attn = Residual(cross, width, context_width)
        self.cross_ff = Residual(GatedLayer(width), width)
        self.self_attns = nn.ModuleList()
        for _ in range(SELF_ATTENTIONS):
            attention = Attention(width, width, LATENT_HEADS, LATENT_HEAD_WIDTH)
            pair = (Residual(attention, width), Residual(GatedLayer(width), width))
            self.self_attns.append(nn.ModuleList(pair))

    def forward(self, latents, pixels):
        latents = self.cross_ff(self.cross_attn(latents, pixels))
        for attention, layer in self.self_attns:
            latents = layer(attention(latents))
        return latents


def positions(height, width):
    """Sines, cosines and the place itself for each pixel and axis: (height * width, 2 * (2 * bands + 1))."""
    places = torch.meshgrid(torch.linspace(-1, 1, height), torch.linspace(-1, 1, width), indexing="ij")
    places = torch.stack(places, -1)[..., None]
    angles = places * torch.linspace(1, LARGEST_FREQUENCY / 2, FREQUENCY_BANDS) * math.pi
    return torch.cat([angles.sin(), angles.cos(), places], -1).reshape(height * width, -1)


class Perceiver(nn.Module):
    """A small Perceiver with the key names of perceiver-pytorch 0.11."""

    features = LATENT_WIDTH

    def __init__(self):
        super().__init__()
        context_width = 3 + 2 * (2 * FREQUENCY_BANDS + 1)
        self.latents = nn.Parameter(torch.randn(LATENTS, LATENT_WIDTH))
        self.layers = nn.ModuleList(PerceiverLayer(context_width) for _ in range(LAYERS))
        self.to_logits = nn.ModuleDict({"1": nn.LayerNorm(LATENT_WIDTH)})

    def forward(self, pictures):
        pixels = pictures.flatten(2).transpose(1, 2)
        places = positions(*pictures.shape[2:]).to(pixels)
        pixels = torch.cat([pixels, places.expand(len(pixels), -1, -1)], -1)
        latents = self.latents.expand(len(pixels), -1, -1)
        for layer in self.layers:
            latents = layer(latents, pixels)
        return self.to_logits["1"](latents.mean(1))


TRUNKS = {"resnet": ResNet, "perceiver": Perceiver}
# Width and height of the pictures. A Perceiver looks at each pixel several times, which takes long.
SIZES = {"resnet": 64, "perceiver": 32}
# The recipe's parameters that no weight tells.
RECIPES = {
    "resnet": {"recipe": "documents-resnet"},
    "perceiver": {
        "recipe": "documents-perceiver",
        "cross_heads": CROSS_HEADS,
        "latent_heads": LATENT_HEADS,
        "max_freq": LARGEST_FREQUENCY,
    },
}


class Documents(nn.Module):
    """A trunk and a linear head for each task; `classes` says how many each has."""

    def __init__(self, trunk, classes):
        super().__init__()
        self.trunk = TRUNKS[trunk]()
        self.heads = nn.ModuleDict({task: nn.Linear(self.trunk.features, count) for task, count in classes.items()})

    def forward(self, pictures):
        features = self.trunk(pictures)
        return {task: head(features) for task, head in self.heads.items()}
