"""LibMTL's loss for classification, and ways to weigh the tasks."""

import torch
from torch import nn
from torch.nn import functional

from dataset import UNKNOWN


def loss(scores, classes):
    """The log loss over the pictures whose class is known."""
    is_known = classes != UNKNOWN
    sums = functional.cross_entropy(scores.float(), classes, ignore_index=UNKNOWN, reduction="sum")
    return sums / is_known.sum().clamp(min=1)


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

    def __init__(self, heads, share=0.1):
        super().__init__()
        self.heads = nn.ModuleDict(
            {task: nn.Linear(head.in_features, head.out_features) for task, head in heads.items()}
        )
        self.share = share

    def forward(self, features, truths):
        penalty = 0
        for task, dummy in self.heads.items():
            gradients = torch.autograd.grad(
                loss(dummy(features), truths[task]), list(dummy.parameters()), create_graph=True
            )
            penalty = penalty + torch.sqrt(sum((gradient**2).sum() for gradient in gradients) + 1e-12)
        return self.share * penalty
