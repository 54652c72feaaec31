"""Perceivers of three packages: published classifiers, and the same with linear heads for several tasks.

A user's wrapper replaces the class's own last linear layer by Identity: behind mean and normalisation of the latents in
perceiver-pytorch, on the decoded vector in perceiver-io and transformers.
"""

import re
from collections.abc import Mapping

import torch
from perceiver.model.vision.image_classifier.backend import (
    ClassificationDecoderConfig, ImageClassifier, ImageClassifierConfig, ImageEncoderConfig)
from perceiver_pytorch import Perceiver
from torch import nn
from transformers import PerceiverConfig
from transformers.models.perceiver import modeling_perceiver as hugging_face

from definitions.trunk_heads import TaskHeads, class_output, stirred

LUCIDRAINS = dict(
    num_freq_bands=6, depth=6, max_freq=10.0, num_latents=256, latent_dim=512, self_per_cross_attn=2)
LUCIDRAINS_THIN = dict(
    num_freq_bands=3, depth=3, max_freq=10.0, num_latents=5, latent_dim=12, cross_heads=1, latent_heads=2,
    cross_dim_head=8, latent_dim_head=4, self_per_cross_attn=2)


def lucidrains(tasks: Mapping[str, int] | None, **options) -> nn.Module:
    module = stirred(Perceiver(**options, num_classes=10 if "cross_dim_head" in options else 1000))
    if tasks is None:
        return module
    module.to_logits[2] = nn.Identity()
    return TaskHeads(module, options["latent_dim"], tasks)


def with_early_names(module: nn.Module) -> dict[str, torch.Tensor]:
    """Up to perceiver-pytorch 0.8 a layer was a list: cross attention, its feed-forward part, pairs of latent ones."""
    places = {"cross_attn": "0", "cross_ff": "1", "self_attns": "2"}
    part = re.compile(r"(layers\.\d+\.)(cross_attn|cross_ff|self_attns)\.")
    return {part.sub(lambda found: f"{found[1]}{places[found[2]]}.", key): value
            for key, value in module.state_dict().items()}


def krasserm(
    tasks: Mapping[str, int] | None, encoder: Mapping, decoder: Mapping, latents: int, channels: int
) -> nn.Module:
    module = stirred(ImageClassifier(ImageClassifierConfig(
        ImageEncoderConfig(**encoder), ClassificationDecoderConfig(**decoder), latents, channels)))
    if tasks is None:
        return module
    module.decoder.output_adapter = KeptRow(module.decoder.output_adapter)
    return TaskHeads(module, decoder["num_output_query_channels"], tasks)


class KeptRow(nn.Module):
    """The decoded vector as it is: N x 1 x C to N x C."""

    def __init__(self, adapter: nn.Module) -> None:
        super().__init__()

    def forward(self, decoded: torch.Tensor) -> torch.Tensor:
        return decoded.squeeze(1)


class HuggingFaceRow(nn.Module):
    """perceiver.*: what a user keeps of PerceiverForImageClassification*."""

    def __init__(self, classifier: nn.Module) -> None:
        super().__init__()
        self.perceiver = classifier.perceiver
        self.perceiver.decoder.decoder.final_layer = nn.Identity()

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.perceiver(inputs=image).logits


def hugging_face_published(kind: str, tasks: Mapping[str, int] | None) -> nn.Module:
    """DeepMind's ImageNet models."""
    makers = {
        "learned": (hugging_face.PerceiverForImageClassificationLearned, 512),
        "fourier": (hugging_face.PerceiverForImageClassificationFourier, 261),
        "conv": (hugging_face.PerceiverForImageClassificationConvProcessing, 322)}
    make, width = makers[kind]
    config = PerceiverConfig(
        num_latents=512, d_latents=1024, d_model=width, num_blocks=8, num_self_attends_per_block=6,
        num_self_attention_heads=8, num_cross_attention_heads=1, num_labels=1000, image_size=224)
    module = make(config)
    return module if tasks is None else TaskHeads(HuggingFaceRow(module), config.d_latents, tasks)


def hugging_face_thin(kind: str, tasks: Mapping[str, int] | None) -> nn.Module:
    """The published classes have the widths of their preprocessors built in, so that theirs is replaced."""
    options, width = {
        "learned": (dict(
            prep_type="conv1x1", spatial_downsample=1, out_channels=6, position_encoding_type="trainable",
            project_pos_dim=8, trainable_position_encoding_kwargs=dict(num_channels=6, index_dims=144)), 14),
        "fourier": (dict(
            prep_type="pixels", spatial_downsample=1,
            fourier_position_encoding_kwargs=dict(num_bands=3, max_resolution=(12, 12))), 3 + 14),
        "conv": (dict(
            prep_type="conv", spatial_downsample=4, out_channels=6,
            fourier_position_encoding_kwargs=dict(num_bands=3, max_resolution=(8, 8))), 6 + 14),
    }[kind]
    config = PerceiverConfig(
        num_latents=5, d_latents=16, d_model=width, num_blocks=2, num_self_attends_per_block=2,
        num_self_attention_heads=4, num_cross_attention_heads=1, num_labels=10, image_size=12)
    module = hugging_face.PerceiverForImageClassificationLearned(config)
    module.perceiver = hugging_face.PerceiverModel(
        config, input_preprocessor=hugging_face.PerceiverImagePreprocessor(config, **options),
        decoder=module.perceiver.decoder)
    stirred(module)
    return module if tasks is None else TaskHeads(HuggingFaceRow(module), config.d_latents, tasks)


def hugging_face_class(module: nn.Module, image: torch.Tensor) -> dict[str, torch.Tensor]:
    return {"class": module(pixel_values=image).logits}


def rows_last(module: nn.Module, image: torch.Tensor) -> dict[str, torch.Tensor]:
    """Of packages that take N x H x W x C."""
    image = image.permute(0, 2, 3, 1)
    return module(image) if isinstance(module, TaskHeads) else class_output(module, image)
