# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Patches of an image as tokens."""

from mindspore import Tensor, nn

from src.layers.initial import fan_in_uniform
from src.ops.patchify import patchify


class PatchEmbed(nn.Cell):
    """A p x p convolution with stride p, computed as one product.

    The weight is that of the convolution, flattened to (C, in_channels * p * p).
    """

    def __init__(self, patch_size: int, in_channels: int, dim: int) -> None:
        """Build for patches of ``patch_size`` = p pixels a side and ``dim`` = C channels out."""
        super().__init__()
        self.patch_size = patch_size
        fan_in = in_channels * patch_size * patch_size
        self.proj = nn.Dense(fan_in, dim, weight_init=fan_in_uniform(fan_in), bias_init=fan_in_uniform(fan_in))

    def construct(self, images: Tensor) -> Tensor:
        """Return the tokens (B, H/p * W/p, C) of ``images`` (B, in_channels, H, W)."""
        return self.proj(patchify(images, self.patch_size))
