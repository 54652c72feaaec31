"""Face attributes on ResNet trunks: heads of Linear layers under any names."""

from case import Case
from definitions.faces import BareFaces, Faces, HydraNet, fairface, hydranet_checkpoint, mlp, resnet

from torch import nn


def backbone(divisor: int, hidden: int) -> nn.Module:
    """`backbone.*` with `age_head.{0,3}` and so on: years, one logit and five classes."""
    trunk, features = resnet(18, divisor)
    outputs = {"age_head": 1, "gender_head": 1, "race_head": 5}
    return Faces("backbone", trunk, {name: mlp(features, hidden, n, dropout=True) for name, n in outputs.items()})


def sequential(divisor: int, hidden: int) -> nn.Module:
    """Sequential(*list(resnet.children())[:-1]): numbers instead of names. Heads of one, two and three layers."""
    trunk, features = resnet(34, divisor)
    heads = {
        "smile": mlp(features, 2), "emotion": mlp(features, hidden, 8), "age": mlp(features, hidden, hidden // 2, 9)}
    return Faces("encoder", nn.Sequential(*list(trunk.children())[:-1]), heads, "heads")


def bare(divisor: int) -> nn.Module:
    """Keys without a prefix, and a head of one Linear layer each."""
    trunk, features = resnet(101, divisor)
    return BareFaces(trunk, {"glasses": nn.Linear(features, 2), "hair": nn.Linear(features, 6)})


def utkface(divisor: int, hidden: int) -> nn.Module:
    trunk, features = resnet(50, divisor)
    outputs = {"age": 7, "gender": 2, "ethnicity": 5}
    return Faces("encoder", trunk, {task: mlp(features, hidden, n) for task, n in outputs.items()}, "heads")


def forward(module, image):
    return module(image)


def hydranet_outputs(module, image):
    return dict(zip(HydraNet.TASKS, module(image)))


def fairface_outputs(races: int):
    def outputs(module, image):
        packed = module(image)
        return {"race": packed[:, :races], "gender": packed[:, 7:9], "age": packed[:, 9:18]}

    return outputs


PICTURE = (1, 3, 224, 224)
CASES = [
    Case("faces-resnet18-backbone", "faces-resnet", "torchvision", lambda: backbone(1, 128), lambda: backbone(16, 8),
         PICTURE, (2, 3, 64, 64), forward),
    Case("faces-resnet34-sequential", "faces-resnet", "torchvision", lambda: sequential(1, 256),
         lambda: sequential(20, 12), PICTURE, (1, 3, 64, 64), forward),
    Case("faces-resnet101-bare", "faces-resnet", "torchvision", lambda: bare(1), lambda: bare(32), PICTURE,
         (1, 3, 64, 64), forward),
    Case("utkface-resnet50", "utkface-resnet50", "rebuilt", lambda: utkface(1, 512), lambda: utkface(32, 16), PICTURE,
         (1, 3, 64, 64), forward),
    Case("utkface-hydranet", "utkface-hydranet", "rebuilt", HydraNet, lambda: HydraNet(32), (1, 3, 32, 32),
         (2, 3, 32, 32), hydranet_outputs, hydranet_checkpoint),
    Case("fairface-resnet34", "fairface-resnet34", "torchvision", fairface, lambda: fairface(20), PICTURE,
         (1, 3, 64, 64), fairface_outputs(7)),
    Case("fairface-resnet34-race4", "fairface-resnet34", "torchvision", fairface, lambda: fairface(20), PICTURE,
         (1, 3, 64, 64), fairface_outputs(4), parameters={"races": 4}, has_fixture=False),
]
