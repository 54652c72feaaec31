"""Ways to weigh the tasks' losses."""

import torch
from torch import nn
from torch.nn import functional

from network import head


def task_losses(scores, truths):
    return {task: functional.cross_entropy(scores[task].float(), truths[task]) for task in scores}


def equal(losses):
    return sum(losses.values())


def random_weights(losses):
    """RLW (Lin et al. 2022): other weights for every step, which add up to the number of tasks."""
    weights = torch.softmax(torch.randn(len(losses)), 0) * len(losses)
    return sum(weight * loss for weight, loss in zip(weights, losses.values(), strict=True))


class DummyGradientNorm(nn.Module):
    """DGR (arXiv 2409.16651): features are good for heads that nobody trained if their losses have small gradients.

    Each task gets three heads of the real one's form with random weights, which are never updated nor saved. The norm
    of the gradient of their loss with respect to these weights is the penalty. There is no public code; this follows
    the paper's description.
    """

    def __init__(self, tasks, share=0.1, dummies=3):
        super().__init__()
        self.heads = nn.ModuleDict({task: nn.ModuleList(head(task) for _ in range(dummies)) for task in tasks})
        self.share = share

    def forward(self, features, truths):
        penalties = []
        for task, dummies in self.heads.items():
            for dummy in dummies:
                loss = functional.cross_entropy(dummy(features), truths[task])
                gradients = torch.autograd.grad(loss, list(dummy.parameters()), create_graph=True)
                penalties.append(torch.sqrt(sum((gradient**2).sum() for gradient in gradients) + 1e-12))
        return self.share * sum(penalties) / len(penalties) * len(self.heads)
