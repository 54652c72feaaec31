"""A ResNet-18 of narrow stages and, for each task, a head of two fully connected layers, as UTKFace's networks have.

`mtl-infer` reads a checkpoint as `faces-resnet`, which takes depth, widths, tasks and classes off the keys and shapes.
"""

import torch
from torch import nn
from torch.nn import functional

from person import AGE_LABELS, EXPRESSION_LABELS, GLASSES_LABELS

# What is drawn, and what UTKFace's file names tell.
DRAWN = {"age": AGE_LABELS, "glasses": GLASSES_LABELS, "expression": EXPRESSION_LABELS}
UTKFACE = {
    "age": AGE_LABELS,
    "gender": ("male", "female"),
    "ethnicity": ("white", "black", "asian", "indian", "other"),
}
LABELS = DRAWN | UTKFACE

STAGE_WIDTHS = (32, 48, 96, 160)
HEAD_WIDTH = 96
# ImageNet's, of red, green and blue.
MEAN = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
DEVIATION = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)


def convolution(inputs, outputs, kernel, stride=1):
    return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)


class Block(nn.Module):
    """ResNet's basic block."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = convolution(inputs, outputs, 3, stride)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = convolution(outputs, outputs, 3)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = None
        if inputs != outputs:
            self.downsample = nn.Sequential(convolution(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs))

    def forward(self, features):
        kept = features if self.downsample is None else self.downsample(features)
        features = functional.relu(self.bn1(self.conv1(features)))
        return functional.relu(self.bn2(self.conv2(features)) + kept)


class Encoder(nn.Module):
    """One row of features for each picture."""

    def __init__(self):
        super().__init__()
        first, second, third, fourth = STAGE_WIDTHS
        self.conv1 = convolution(3, first, 7, 2)
        self.bn1 = nn.BatchNorm2d(first)
        self.layer1 = nn.Sequential(Block(first, first, 1), Block(first, first, 1))
        self.layer2 = nn.Sequential(Block(first, second, 2), Block(second, second, 1))
        self.layer3 = nn.Sequential(Block(second, third, 2), Block(third, third, 1))
        self.layer4 = nn.Sequential(Block(third, fourth, 2), Block(fourth, fourth, 1))

    def forward(self, image):
        features = functional.relu(self.bn1(self.conv1(image)))
        features = functional.max_pool2d(features, 3, 2, 1)
        return self.layer4(self.layer3(self.layer2(self.layer1(features)))).mean((2, 3))


def head(task):
    return nn.Sequential(nn.Linear(STAGE_WIDTHS[-1], HEAD_WIDTH), nn.ReLU(), nn.Linear(HEAD_WIDTH, len(LABELS[task])))


class Faces(nn.Module):
    """Takes (batch, 3, height, width) with ImageNet's mean and deviation and returns each task's scores."""

    def __init__(self, tasks=tuple(DRAWN)):
        super().__init__()
        self.encoder = Encoder()
        self.heads = nn.ModuleDict({task: head(task) for task in tasks})

    def forward(self, image):
        features = self.encoder(image)
        return {task: head(features) for task, head in self.heads.items()}


def normalize(images):
    """From 0..1 to what the network takes."""
    return (images - MEAN.to(images.device)) / DEVIATION.to(images.device)


def load(path):
    """The network of a checkpoint, with the tasks that it has heads for."""
    state = torch.load(path, map_location="cpu", weights_only=True)
    model = Faces([task for task in LABELS if f"heads.{task}.0.weight" in state])
    model.load_state_dict(state)
    return model
