"""Writes Tests/Fixtures/networks/NAME: small models, and what PyTorch answers for them.

    python tools/make_network_fixtures.py [NAME...]

Each folder holds model.json, weights.pt (a state dict), input.npy (a batch of two) and expected_TASK.npy. The networks
are thin; together they use every block, with every field at another value than its default.
"""

import json
import sys
from pathlib import Path

import numpy
import torch
from torch import nn
from torch.nn import functional

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "Tests" / "Fixtures" / "networks"
sys.path.insert(0, str(ROOT / "Tests" / "Conformance"))

from definitions.deeplab import DeepLabHead  # noqa: E402
from definitions.faces import RESNETS  # noqa: E402
from definitions.thinning import thinned  # noqa: E402


class EveryBlock(nn.Module):
    """All blocks, with uneven windows and sides."""

    input_shape = (3, 23, 18)
    card = {
        "input": {"width": 18, "height": 23},
        "network": {
            "encoder": [
                {"block": "conv", "key": "stem.conv", "channels": 6, "kernel": [3, 2], "stride": [2, 1],
                 "padding": [1, 0], "bias": True, "norm": "stem.bn", "norm_epsilon": 1e-3, "activation": "leaky_relu"},
                {"block": "max_pool", "kernel": 3, "stride": 2, "padding": 1, "ceil": True},
                {"block": "batch_norm", "key": "middle", "norm_epsilon": 0.01},
                {"block": "activation", "kind": "tanh"},
                {"block": "average_pool", "kernel": [2, 3], "stride": [1, 2], "padding": [0, 1],
                 "counts_padding": False},
                {"block": "dropout"},
            ],
            "heads": {
                "class": [
                    {"block": "flatten"},
                    {"block": "linear", "key": "class.0", "features": 7, "norm": "class.1", "activation": "sigmoid"},
                    {"block": "dropout"},
                    {"block": "linear", "key": "class.3", "bias": False},
                    {"block": "softmax", "axis": -1},
                ],
                "map": [
                    {"block": "conv", "key": "map.0", "activation": "sigmoid"},
                    {"block": "average_pool", "kernel": 2, "padding": 1, "ceil": True},
                    {"block": "activation", "kind": "leaky_relu"},
                    {"block": "conv", "key": "map.1", "padding": 1, "activation": "tanh"},
                    {"block": "activation", "kind": "sigmoid"},
                ],
                "score": [
                    {"block": "global_average_pool"},
                    {"block": "flatten"},
                    {"block": "linear", "key": "score", "activation": "relu"},
                    {"block": "activation", "kind": "relu"},
                ],
            },
        },
        "tasks": [
            {"name": "class", "kind": "classification", "labels": ["a", "b", "c", "d"], "output": "probabilities"},
            {"name": "map"},
            {"name": "score", "kind": "raw"},
        ],
    }

    def __init__(self):
        super().__init__()
        self.stem = nn.ModuleDict({"conv": nn.Conv2d(3, 6, (3, 2), (2, 1), (1, 0)), "bn": nn.BatchNorm2d(6, eps=1e-3)})
        self.middle = nn.BatchNorm2d(6, eps=0.01)
        self.add_module("class", nn.ModuleDict(
            {"0": nn.Linear(180, 7), "1": nn.BatchNorm1d(7), "3": nn.Linear(7, 4, bias=False)}))
        self.map = nn.ModuleList([nn.Conv2d(6, 5, 1, bias=False), nn.Conv2d(5, 2, 3, padding=1)])
        self.score = nn.Linear(6, 3)

    def forward(self, x):
        x = functional.leaky_relu(self.stem["bn"](self.stem["conv"](x)))
        x = torch.tanh(self.middle(functional.max_pool2d(x, 3, 2, 1, ceil_mode=True)))
        x = functional.avg_pool2d(x, (2, 3), (1, 2), (0, 1), count_include_pad=False)
        head = getattr(self, "class")
        row = torch.sigmoid(head["1"](head["0"](x.flatten(1))))
        picture = functional.avg_pool2d(torch.sigmoid(self.map[0](x)), 2, padding=1, ceil_mode=True)
        picture = torch.sigmoid(torch.tanh(self.map[1](functional.leaky_relu(picture))))
        return {
            "class": torch.softmax(head["3"](row), -1),
            "map": picture,
            "score": torch.relu(self.score(functional.adaptive_avg_pool2d(x, 1).flatten(1))),
        }


class Normalizations(nn.Module):
    """Batch normalisation where no convolution is there to take it up: first, behind a pool, and of a row."""

    input_shape = (1, 6, 7)
    card = {
        "input": {"width": 7, "height": 6, "color": "gray"},
        "network": {
            "encoder": [
                {"block": "batch_norm", "key": "first"},
                {"block": "max_pool", "kernel": 2},
                {"block": "batch_norm", "key": "second"},
                {"block": "flatten"},
            ],
            "heads": {
                "row": [
                    {"block": "linear", "key": "row", "norm": "row_norm", "norm_epsilon": 0.5},
                    {"block": "activation", "kind": "relu"},
                    {"block": "batch_norm", "key": "last"},
                ],
            },
        },
    }

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.BatchNorm2d(1), nn.BatchNorm2d(1)
        self.row, self.row_norm, self.last = nn.Linear(9, 5), nn.BatchNorm1d(5, eps=0.5), nn.BatchNorm1d(5)

    def forward(self, x):
        x = self.second(functional.max_pool2d(self.first(x), 2)).flatten(1)
        return {"row": self.last(torch.relu(self.row_norm(self.row(x))))}


class Grouped(nn.Module):
    """Groups, one channel each and several, with dilation; sizes read off the weights."""

    input_shape = (3, 21, 20)
    card = {
        "input": {"width": 20, "height": 21, "color": "bgr"},
        "network": {
            "encoder": [
                {"block": "conv", "key": "wide", "dilation": [3, 2], "padding": [3, 2], "activation": "relu"},
                {"block": "conv", "key": "grouped", "groups": 4, "dilation": 2, "stride": 2, "activation": "relu"},
                {"block": "conv", "key": "own", "groups": 40, "padding": 1, "norm": "own_norm"},
            ],
            "heads": {"picture": [{"block": "conv", "key": "last", "groups": 2}]},
        },
    }

    def __init__(self):
        super().__init__()
        self.wide = nn.Conv2d(3, 20, 3, padding=(3, 2), dilation=(3, 2))
        self.grouped = nn.Conv2d(20, 40, (3, 2), stride=2, dilation=2, groups=4, bias=False)
        self.own, self.own_norm = nn.Conv2d(40, 40, 3, padding=1, groups=40), nn.BatchNorm2d(40)
        self.last = nn.Conv2d(40, 6, 1, groups=2)

    def forward(self, x):
        x = torch.relu(self.grouped(torch.relu(self.wide(x))))
        return {"picture": self.last(self.own_norm(self.own(x)))}


class Tied(nn.Module):
    """A pooled trunk, a head without blocks, and two heads on the same weights."""

    input_shape = (3, 9, 11)
    card = {
        "input": {"width": 11, "height": 9, "color": "rgb"},
        "network": {
            "encoder": [
                {"block": "conv", "key": "trunk", "stride": 2, "activation": "relu"},
                {"block": "global_average_pool"},
            ],
            "heads": {
                "features": [],
                "left": [{"block": "flatten"}, {"block": "linear", "key": "fc"}],
                "right": [{"block": "flatten"}, {"block": "linear", "key": "fc"}, {"block": "softmax"}],
            },
        },
        "tasks": [{"name": "right", "kind": "classification"}, {"name": "features"}, {"name": "left"}],
    }

    def __init__(self):
        super().__init__()
        self.trunk, self.fc = nn.Conv2d(3, 10, 3, stride=2), nn.Linear(10, 4)

    def forward(self, x):
        features = functional.adaptive_avg_pool2d(torch.relu(self.trunk(x)), 1)
        scores = self.fc(features.flatten(1))
        return {"features": features, "left": scores, "right": torch.softmax(scores, 1)}


class Trunk(nn.Module):
    """A dilated ResNet from torchvision with heads of every kind that stands on one."""

    input_shape = (3, 40, 56)
    card = {
        "input": {"width": 56, "height": 40},
        "network": {
            "encoder": [{"block": "resnet", "key": "backbone", "depth": 18, "dilated": True}],
            "heads": {
                "seg": [
                    {"block": "deeplab", "key": "seg", "rates": [2, 3, 4]},
                    {"block": "resize", "like": "input", "mode": "bilinear_aligned"},
                ],
                "normals": [
                    {"block": "transposed_conv", "key": "normals.0", "stride": 2, "padding": 1, "output_padding": 1,
                     "norm": "normals.1", "activation": "relu"},
                    {"block": "conv", "key": "normals.3"},
                    {"block": "resize", "scale": 2},
                    {"block": "l2_normalize"},
                ],
                "depth": [
                    {"block": "conv", "key": "depth"},
                    {"block": "resize", "size": [9, 11], "mode": "nearest"},
                ],
                "age": [{"block": "global_average_pool"}, {"block": "flatten"},
                        {"block": "mlp", "key": "age", "activation": "gelu"}],
                "left": [{"block": "global_average_pool"}, {"block": "flatten"},
                         {"block": "linear", "key": "packed"}, {"block": "slice", "to": 2}],
                "right": [{"block": "global_average_pool"}, {"block": "flatten"},
                          {"block": "linear", "key": "packed"}, {"block": "slice", "from": 2, "to": 5}],
            },
        },
    }

    def __init__(self):
        super().__init__()
        trunk = thinned(RESNETS[18](), 16)
        trunk.fc = nn.Identity()
        for stage, dilation in ((trunk.layer3, 2), (trunk.layer4, 4)):
            for place, block in enumerate(stage):
                first = dilation // 2 if place == 0 else dilation
                block.conv1.stride, block.conv1.dilation, block.conv1.padding = (1, 1), (first, first), (first, first)
                block.conv2.dilation = block.conv2.padding = (dilation, dilation)
                if block.downsample is not None:
                    block.downsample[0].stride = (1, 1)
        self.backbone = trunk
        self.seg = DeepLabHead(32, 4, 6, (2, 3, 4))
        self.normals = nn.Sequential(
            nn.ConvTranspose2d(32, 6, 3, 2, 1, 1), nn.BatchNorm2d(6), nn.ReLU(), nn.Conv2d(6, 3, 1))
        self.depth = nn.Conv2d(32, 1, 1)
        self.age = nn.Sequential(nn.Linear(32, 8), nn.BatchNorm1d(8), nn.GELU(), nn.Linear(8, 3))
        self.packed = nn.Linear(32, 5)

    def forward(self, x):
        trunk = self.backbone
        maps = trunk.maxpool(trunk.relu(trunk.bn1(trunk.conv1(x))))
        maps = trunk.layer4(trunk.layer3(trunk.layer2(trunk.layer1(maps))))
        row = maps.mean((2, 3))
        packed = self.packed(row)
        return {
            "seg": functional.interpolate(self.seg(maps), size=x.shape[2:], mode="bilinear", align_corners=True),
            "normals": functional.normalize(
                functional.interpolate(self.normals(maps), scale_factor=2, mode="bilinear", align_corners=False)),
            "depth": functional.interpolate(self.depth(maps), size=(9, 11), mode="nearest"),
            "age": self.age(row),
            "left": packed[:, :2],
            "right": packed[:, 2:],
        }


def unsettle(module):
    """Gives normalisations statistics that are not those of a new network."""
    for layer in module.modules():
        if isinstance(layer, (nn.BatchNorm1d, nn.BatchNorm2d)):
            for tensor, low, high in [
                (layer.weight, 0.5, 1.5), (layer.bias, -0.5, 0.5), (layer.running_mean, -0.5, 0.5),
                (layer.running_var, 0.1, 1.5),
            ]:
                nn.init.uniform_(tensor, low, high)


@torch.no_grad()
def write(name, network):
    folder = FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(7)
    module = network().eval()
    unsettle(module)
    card = {"format": 1, "name": name, "weights": "weights.pt"} | network.card
    (folder / "model.json").write_text(json.dumps(card, indent=1) + "\n")
    torch.save(module.state_dict(), folder / "weights.pt")
    batch = torch.randn(2, *network.input_shape)
    numpy.save(folder / "input.npy", batch.numpy())
    for task, output in module(batch).items():
        numpy.save(folder / f"expected_{task}.npy", output.numpy())


if __name__ == "__main__":
    networks = {
        "every_block": EveryBlock, "normalizations": Normalizations, "grouped": Grouped, "tied": Tied, "trunk": Trunk}
    for name in sys.argv[1:] or networks:
        write(name, networks[name])
