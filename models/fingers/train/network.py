"""The two-task network: one encoder, a head for the hand and a head for the number of fingers."""

import torch
from torch import nn

HAND_LABELS = ("right", "left")
COUNT_LABELS = ("0", "1", "2", "3", "4", "5")


def head(widths):
    """Two hidden layers; the places of the linear layers (1, 4, 6) are part of the checkpoint's keys."""
    features, first, second, classes = widths
    return nn.Sequential(
        nn.Dropout(),
        nn.Linear(features, first),
        nn.ReLU(),
        nn.Dropout(),
        nn.Linear(first, second),
        nn.ReLU(),
        nn.Linear(second, classes),
    )


class MTLNet(nn.Module):
    """Takes (batch, 1, 128, 128) in -1..1 and returns the probabilities of both tasks: hand, then count."""

    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 48, 11, stride=3, bias=False),
            nn.BatchNorm2d(48),
            nn.ReLU(),
            nn.Conv2d(48, 96, 5, padding=2, bias=False),
            nn.BatchNorm2d(96),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(96, 192, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(192, 192, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(192, 72, 2, stride=2),
            nn.ReLU(),
        )
        self.decoder1 = head((1800, 360, 48, len(HAND_LABELS)))
        self.decoder2 = head((1800, 540, 96, len(COUNT_LABELS)))

    def logits(self, image):
        """Both heads before the softmax: what the log loss wants."""
        features = torch.flatten(self.encoder(image), 1)
        return self.decoder1(features), self.decoder2(features)

    def forward(self, image):
        return tuple(torch.softmax(scores, dim=1) for scores in self.logits(image))


def to_input(pictures):
    """Bytes (batch, height, width) to the network's input range."""
    return (pictures.unsqueeze(1).float() / 255 - 0.5) / 0.5
