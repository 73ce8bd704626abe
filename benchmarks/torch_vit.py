# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The Vision Transformer with augmented shortcuts in plain PyTorch: our own reading, with the official names."""

import torch
from torch import Tensor, nn

from benchmarks.torch_layers import Attention, Block, token_table


class VisionTransformer(nn.Module):
    """Patches, class token, positions, blocks, head."""

    def __init__(
        self, image_size: int, patch: int, dim: int, depth: int, heads: int, classes: int, mode: str = "base"
    ) -> None:
        """Build with random weights."""
        super().__init__()
        self.patch_embed = nn.Module()
        self.patch_embed.proj = nn.Conv2d(3, dim, patch, patch)
        self.cls_token = token_table(1, 1, dim)
        self.pos_embed = token_table(1, 1 + (image_size // patch) ** 2, dim)
        self.blocks = nn.Sequential(*[Block(dim, Attention(dim, heads), 4 * dim, mode, 1e-6) for _ in range(depth)])
        self.norm, self.head = nn.LayerNorm(dim, 1e-6), nn.Linear(dim, classes)

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits (B, K) of ``images`` (B, 3, H, W)."""
        patches = self.patch_embed.proj(images).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls_token.expand(images.shape[0], -1, -1), patches], 1) + self.pos_embed
        return self.head(self.norm(self.blocks(x))[:, 0])
