"""Historical documents: font, script, location (a page may have several) and date from one trunk."""

from torch import nn
from torchvision.models import ResNet, resnet50
from torchvision.models.resnet import Bottleneck

from case import Case
from definitions.trunk_heads import DOCUMENT_TASKS, TaskHeads, task_outputs


def without_classifier(module: nn.Module) -> nn.Module:
    module.fc = nn.Identity()
    return module


def thin_resnet() -> nn.Module:
    """torchvision's class keeps its widths to itself, so the layers are replaced by narrow ones of the same names."""
    module = ResNet(Bottleneck, [1, 1, 1, 1])
    module.conv1, module.bn1, module.inplanes = nn.Conv2d(3, 8, 7, 2, 3, bias=False), nn.BatchNorm2d(8), 8
    for index, (planes, blocks) in enumerate(zip((4, 8, 8, 16), (2, 1, 2, 1))):
        setattr(module, f"layer{index + 1}", module._make_layer(Bottleneck, planes, blocks, 2 if index else 1))
    return without_classifier(module)


CASES = [
    Case(
        name="documents-resnet", network="documents-resnet", origin="torchvision 0.28",
        make=lambda: TaskHeads(without_classifier(resnet50()), 2048, DOCUMENT_TASKS),
        thin=lambda: TaskHeads(thin_resnet(), 64, DOCUMENT_TASKS),
        shape=(1, 3, 224, 224), thin_shape=(2, 3, 70, 62), outputs=task_outputs),
]
