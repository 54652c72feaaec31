"""The losses of LibMTL's NYUv2 example, with the relative depth error besides, and ways to weigh them."""

import torch
from torch import nn
from torch.nn import functional

from network import CHANNELS, head


def segmentation_loss(scores, labels):
    return functional.cross_entropy(scores, labels, ignore_index=-1)


def depth_loss(depth, truth):
    """Mean absolute error and mean relative error where the depth is known; LibMTL has the first alone."""
    is_known = truth != 0
    weights = is_known * (1 + 1 / truth.clamp(min=0.1))
    return ((depth - truth).abs() * weights).sum() / is_known.sum().clamp(min=1)


def normal_loss(normals, truth):
    """1 less the cosine of the angle, where the normal is known."""
    is_known = truth.abs().sum(1) != 0
    cosine = (functional.normalize(normals, dim=1) * truth).sum(1)
    return 1 - (cosine * is_known).sum() / is_known.sum().clamp(min=1)


LOSSES = {"segmentation": segmentation_loss, "depth": depth_loss, "normal": normal_loss}


def equal(losses):
    return sum(losses.values())


def random_weights(losses):
    """RLW (Lin et al. 2022): other weights for every step, which add up to the number of tasks."""
    weights = torch.softmax(torch.randn(len(losses)), 0) * len(losses)
    return sum(weight * loss for weight, loss in zip(weights, losses.values()))


class DummyGradientNorm(nn.Module):
    """DGR (arXiv 2409.16651): features are good for heads that nobody trained if their losses have small gradients.

    Each task gets a head of the real one's form with random weights, which are never updated nor saved. The norm of
    the gradient of its loss with respect to these weights is the penalty. There is no public code; this follows the
    paper's description, with one dummy head for each task where the paper takes several.
    """

    def __init__(self, tasks, share=0.1):
        super().__init__()
        self.heads = nn.ModuleDict({task: head(CHANNELS[task]) for task in tasks})
        self.share = share

    def forward(self, features, truths, size):
        penalty = 0
        for task, dummy in self.heads.items():
            output = functional.interpolate(dummy(features[task]).float(), size, mode="bilinear", align_corners=True)
            loss = LOSSES[task](output, truths[task])
            gradients = torch.autograd.grad(loss, list(dummy.parameters()), create_graph=True)
            penalty = penalty + torch.sqrt(sum((gradient**2).sum() for gradient in gradients) + 1e-12)
        return self.share * penalty
