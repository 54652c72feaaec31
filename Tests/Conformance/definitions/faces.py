"""Face attributes: a torchvision ResNet with a small head of Linear layers for each task, under the keys people use.

Facts: HydraNetModified of bashar-elnashef/multi_task_classification_utkfaces (model/model.py, base/base_trainer.py);
FairFace's packed `fc` of dchen236/FairFace (predict.py); the ResNet-50 with two-layer heads of arXiv 2409.16651, whose
key names and hidden width are not public.
"""

import sys
import types
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import PurePosixPath

import torch
import torchvision
from torch import nn

from definitions.thinning import thinned

RESNETS = {
    18: torchvision.models.resnet18, 34: torchvision.models.resnet34, 50: torchvision.models.resnet50,
    101: torchvision.models.resnet101,
}


def resnet(depth: int, divisor: int = 1) -> tuple[nn.Module, int]:
    """A trunk whose `fc` passes through, and its number of features."""
    trunk = thinned(RESNETS[depth](), divisor)
    features = trunk.fc.in_features
    trunk.fc = nn.Identity()
    return trunk, features


def mlp(*widths: int, dropout: bool = False) -> nn.Sequential:
    """Linear layers with ReLU between them: keys 0, 2, ...; with dropout 0, 3, ..."""
    layers: list[nn.Module] = []
    for place, (inputs, outputs) in enumerate(zip(widths, widths[1:])):
        if place > 0:
            layers += [nn.ReLU(), nn.Dropout()] if dropout else [nn.ReLU()]
        layers.append(nn.Linear(inputs, outputs))
    return nn.Sequential(*layers)


class Faces(nn.Module):
    """A trunk under the attribute `trunk_name`; heads as attributes of their own or in the ModuleDict `container`."""

    def __init__(self, trunk_name: str, trunk: nn.Module, heads: Mapping[str, nn.Module], container: str | None = None):
        super().__init__()
        self.trunk_name, self.container, self.tasks = trunk_name, container, list(heads)
        setattr(self, trunk_name, trunk)
        if container:
            setattr(self, container, nn.ModuleDict(heads))
        else:
            for name, head in heads.items():
                setattr(self, name, head)

    def forward(self, image: torch.Tensor) -> dict[str, torch.Tensor]:
        features = torch.flatten(getattr(self, self.trunk_name)(image), 1)
        heads = getattr(self, self.container) if self.container else self._modules
        return {task: heads[task](features) for task in self.tasks}


class BareFaces(nn.Module):
    """Heads beside conv1 ... layer4 themselves, as in a subclass of ResNet: keys without any prefix."""

    def __init__(self, trunk: nn.Module, heads: Mapping[str, nn.Module]):
        super().__init__()
        self.trunk_parts, self.tasks = list(trunk._modules), list(heads)
        for name, part in (trunk._modules | dict(heads)).items():
            setattr(self, name, part)

    def forward(self, image: torch.Tensor) -> dict[str, torch.Tensor]:
        features = image
        for name in self.trunk_parts:
            features = torch.flatten(features, 1) if name == "fc" else self._modules[name](features)
        return {task: self._modules[task](features) for task in self.tasks}


class HydraNet(nn.Module):
    """Heads that are children of the trunk: net.fc1 is age, fc2 gender, fc3 race, each `linear`, ReLU, `final`."""

    TASKS = {"age": 8, "gender": 1, "race": 5}

    def __init__(self, divisor: int = 1):
        super().__init__()
        self.net, features = resnet(50, divisor)
        for place, outputs in enumerate(self.TASKS.values(), start=1):
            layers = OrderedDict(
                linear=nn.Linear(features, features), relu1=nn.ReLU(), final=nn.Linear(features, outputs))
            setattr(self.net, f"fc{place}", nn.Sequential(layers))

    def forward(self, image: torch.Tensor) -> list[torch.Tensor]:
        features = self.net(image)
        return [self.net._modules[f"fc{place}"](features) for place in (1, 2, 3)]


class ConfigParser:
    """Stands for the trainer's class of that name, which it saves beside the weights."""

    def __init__(self) -> None:
        self._config = OrderedDict(name="HydraNet-Modified", n_gpu=1, arch={"type": "HydraNetModified", "args": {}})
        self.resume = None
        self._save_dir = PurePosixPath("saved/models")
        self.log_levels = {0: 30, 1: 20, 2: 10}


def hydranet_checkpoint(module: nn.Module) -> dict:
    """{arch, epoch, state_dict, optimizer, monitor_best, config}, the config an object of the trainer's own module."""
    trainer_module = types.ModuleType("parse_config")
    trainer_module.ConfigParser = ConfigParser
    ConfigParser.__module__ = "parse_config"
    sys.modules["parse_config"] = trainer_module
    optimizer = torch.optim.Adam(module.parameters(), lr=0.001, amsgrad=True)
    return {
        "arch": "HydraNetModified", "epoch": 12, "state_dict": module.state_dict(),
        "optimizer": optimizer.state_dict(), "monitor_best": 2.5, "config": ConfigParser(),
    }


def fairface(divisor: int = 1) -> nn.Module:
    """ResNet-34 whose one Linear holds race (7), gender (2) and age (9)."""
    trunk, features = resnet(34, divisor)
    trunk.fc = nn.Linear(features, 18)
    return trunk
