"""CenterNet on ResNet trunks: three transposed convolutions and conv-ReLU-conv heads at a quarter of the size.

Facts: xingyizhou/CenterNet, src/lib/models/networks/msra_resnet.py (layers and keys), src/lib/models/model.py (the
container), src/lib/opts.py (heads). The multitask form follows the abstract of arXiv 2108.05060, whose code is not
public: the same heads on one trunk, and a segmentation head whose map is upsampled four times.
"""

from collections.abc import Mapping

import torch
from torch import nn

from definitions.faces import RESNETS
from definitions.thinning import thinned

DETECTION = {"hm": 80, "wh": 2, "reg": 2}
POSE = {"hm": 1, "wh": 2, "hps": 34, "reg": 2, "hm_hp": 17, "hp_offset": 2}


class CenterNet(nn.Module):
    def __init__(self, depth: int, heads: Mapping[str, int], divisor: int = 1):
        super().__init__()
        trunk = thinned(RESNETS[depth](), divisor)
        for name in ("conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3", "layer4"):
            setattr(self, name, trunk._modules[name])
        channels, width, head_width = trunk.fc.in_features, 256 // divisor, 64 // divisor
        layers: list[nn.Module] = []
        for _ in range(3):
            layers += [
                nn.ConvTranspose2d(channels, width, 4, stride=2, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
            channels = width
        self.deconv_layers = nn.Sequential(*layers)
        self.heads = heads
        for name in sorted(heads):
            setattr(self, name, nn.Sequential(
                nn.Conv2d(width, head_width, 3, padding=1), nn.ReLU(), nn.Conv2d(head_width, heads[name], 1)))

    def forward(self, image: torch.Tensor) -> list[dict[str, torch.Tensor]]:
        value = self.maxpool(self.relu(self.bn1(self.conv1(image))))
        value = self.deconv_layers(self.layer4(self.layer3(self.layer2(self.layer1(value)))))
        maps = {name: self._modules[name](value) for name in self.heads}
        if "seg" in maps:
            maps["seg"] = nn.functional.interpolate(maps["seg"], scale_factor=4, mode="bilinear", align_corners=False)
        return [maps]


def trainer_checkpoint(module: nn.Module) -> dict:
    """As save_model writes it during training."""
    optimizer = torch.optim.Adam(module.parameters(), 1.25e-4)
    return {"epoch": 140, "state_dict": module.state_dict(), "optimizer": optimizer.state_dict()}


def parallel_checkpoint(module: nn.Module) -> dict:
    """The same of a model that was wrapped for several processors: every key begins with `module.`"""
    return {"epoch": 140, "state_dict": nn.DataParallel(module).state_dict()}
