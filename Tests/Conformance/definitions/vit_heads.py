"""torchvision's Vision Transformer, and what Sohanuzzaman3301/UTKFace_Multitask_ViT puts on it."""

import torch
from torch import nn
from torchvision.models import VisionTransformer

from definitions.trunk_heads import stirred


def trunk(size: int, patch: int, layers: int, heads: int, width: int, classes: int) -> nn.Module:
    """Without `classes` it gives the class token's row."""
    module = VisionTransformer(size, patch, layers, heads, width, 4 * width, num_classes=classes or 1)
    if not classes:
        module.heads = nn.Identity()
    return stirred(module)


class UTKFaceViT(nn.Module):
    """backbone.*; {age,gender,race}_head.{0,3}: age in years, a logit that is positive for female, five races."""

    def __init__(self, backbone: nn.Module, width: int, hidden: tuple[int, int, int] = (128, 64, 128)) -> None:
        super().__init__()
        self.backbone = backbone
        self.age_head, self.gender_head, self.race_head = (
            nn.Sequential(nn.Linear(width, middle), nn.GELU(), nn.Dropout(0.1), nn.Linear(middle, outputs))
            for middle, outputs in zip(hidden, (1, 1, 5)))

    def forward(self, image: torch.Tensor) -> dict[str, torch.Tensor]:
        row = self.backbone(image)
        return {"age": self.age_head(row), "gender": self.gender_head(row), "race": self.race_head(row)}
