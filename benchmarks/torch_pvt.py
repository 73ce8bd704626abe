# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The Pyramid Vision Transformer, first version, in plain PyTorch: our own reading, with the official names."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from benchmarks.torch_layers import Block, PatchEmbedding, token_table

PATCHES = (4, 2, 2, 2)  # side of the patches of each stage


class ReductionAttention(nn.Module):
    """Attention to a grid of keys and values that a strided convolution makes coarser."""

    def __init__(self, dim: int, heads: int, side: int, reduction: int) -> None:
        """Build for ``side`` x ``side`` tokens of ``dim`` channels, ``reduction`` x ``reduction`` of them a key."""
        super().__init__()
        self.heads, self.side, self.reduction = heads, side, reduction
        self.q, self.kv, self.proj = nn.Linear(dim, dim), nn.Linear(dim, 2 * dim), nn.Linear(dim, dim)
        if reduction > 1:
            self.sr, self.norm = nn.Conv2d(dim, dim, reduction, reduction), nn.LayerNorm(dim)

    def forward(self, z: Tensor) -> Tensor:
        """Return (B, N, C) of ``z`` (B, N, C)."""
        batch, tokens, dim = z.shape
        q = self.q(z).reshape(batch, tokens, self.heads, -1).transpose(1, 2)
        if self.reduction > 1:
            z = z.transpose(1, 2).reshape(batch, dim, self.side, self.side)
            z = self.norm(self.sr(z).flatten(2).transpose(1, 2))
        k, v = self.kv(z).reshape(batch, -1, 2, self.heads, dim // self.heads).permute(2, 0, 3, 1, 4)
        weights = (q @ k.transpose(-2, -1) * (dim // self.heads) ** -0.5).softmax(-1)
        return self.proj((weights @ v).transpose(1, 2).reshape(batch, tokens, dim))


class PyramidTransformer(nn.Module):
    """Stages of patches, positions and blocks; a class token in the last of them."""

    def __init__(
        self,
        image_size: int,
        depths: Sequence[int],
        dims: Sequence[int],
        heads: Sequence[int],
        ratios: Sequence[float],
        reductions: Sequence[int],
        patches: Sequence[int] = PATCHES,
        classes: int = 1000,
        mode: str = "base",
        eps: float = 1e-6,
    ) -> None:
        """Build with random weights; ``eps`` is that of the blocks' norms and of the last one."""
        super().__init__()
        self.sides = []
        channels, side = 3, image_size
        for i, dim in enumerate(dims):
            side //= patches[i]
            self.sides.append(side)
            last = i == len(dims) - 1
            blocks = [
                Block(dim, ReductionAttention(dim, heads[i], side, reductions[i]), int(ratios[i] * dim), mode, eps)
                for _ in range(depths[i])
            ]
            self.add_module(f"patch_embed{i + 1}", PatchEmbedding(channels, dim, patches[i]))
            self.register_parameter(f"pos_embed{i + 1}", token_table(1, side * side + last, dim))
            self.add_module(f"block{i + 1}", nn.Sequential(*blocks))
            channels = dim
        self.cls_token = token_table(1, 1, dims[-1])
        self.norm, self.head = nn.LayerNorm(dims[-1], eps), nn.Linear(dims[-1], classes)

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits (B, K) of ``images`` (B, 3, H, W)."""
        x = images
        for i, side in enumerate(self.sides, 1):
            x = getattr(self, f"patch_embed{i}")(x)
            last = i == len(self.sides)
            if last:
                x = torch.cat([self.cls_token.expand(len(x), -1, -1), x], 1)
            x = getattr(self, f"block{i}")(x + getattr(self, f"pos_embed{i}"))
            if not last:
                x = x.reshape(len(x), side, side, -1).permute(0, 3, 1, 2).contiguous()
        return self.head(self.norm(x)[:, 0])
