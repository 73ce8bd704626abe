# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The parts of ``torch_models`` that several networks share: blocks, attention, augmented shortcuts."""

import torch
from torch import Tensor, nn
from torch.nn import functional

MODES = {
    "base": (0, False),
    "linear": (1, False),
    "circulant": (1, True),
    "linear2": (2, False),
    "circulant2": (2, True),
}


class CirculantLinear(nn.Module):
    """y = x W^T + bias, W gathered from b*d generators."""

    def __init__(self, dim: int, blocks: int = 4) -> None:
        """Build for ``dim`` = d channels and ``blocks`` = b circulant blocks a side."""
        super().__init__()
        n = dim // blocks
        self.weight_list = nn.Parameter(torch.empty(blocks * dim).uniform_(-(dim**-0.5), dim**-0.5))
        self.bias = nn.Parameter(torch.empty(dim).uniform_(-(dim**-0.5), dim**-0.5))
        block = torch.arange(blocks * blocks).reshape(blocks, 1, blocks, 1) * n
        shift = (torch.arange(n)[:, None] - torch.arange(n)) % n
        self.register_buffer("index_matrix", (block + shift[:, None, :]).reshape(dim, dim), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return (..., d) of ``x`` (..., d)."""
        return functional.linear(x, self.weight_list[self.index_matrix], self.bias)


class Paths(nn.Module):
    """The augmented paths of one location, under the names of the released code."""

    def __init__(self, block: nn.Module, stem: str, dim: int, mode: str) -> None:
        """Register the projections in ``block`` as ``stem`` and ``stem``2."""
        super().__init__()
        count, circulant = MODES[mode]
        layers = [CirculantLinear(dim) if circulant else nn.Linear(dim, dim) for _ in range(count)]
        for i, layer in enumerate(layers):
            block.add_module(stem + ("" if i == 0 else str(i + 1)), layer if count == 1 else nn.Sequential(layer))
        self.__dict__["layers"] = layers  # registered in the block, not here
        self.scale = 0.75 if count == 2 else 1.0

    def forward(self, x: Tensor, z: Tensor, y: Tensor) -> Tensor:
        """Return the shortcut's sum of input ``x``, normed input ``z`` and branch ``y``."""
        total = x + y
        for layer in self.layers:
            total = total + (functional.gelu(layer(z)) if len(self.layers) == 2 else layer(z))
        return total * self.scale if self.scale != 1.0 else total


class Attention(nn.Module):
    """Multi-head self-attention as DeiT writes it."""

    def __init__(self, dim: int, heads: int, qkv_bias: bool = True) -> None:
        """Build for ``dim`` channels."""
        super().__init__()
        self.heads = heads
        self.qkv, self.proj = nn.Linear(dim, 3 * dim, bias=qkv_bias), nn.Linear(dim, dim)

    def forward(self, z: Tensor) -> Tensor:
        """Return (B, N, C) of ``z`` (B, N, C)."""
        batch, tokens, dim = z.shape
        q, k, v = self.qkv(z).reshape(batch, tokens, 3, self.heads, dim // self.heads).permute(2, 0, 3, 1, 4)
        weights = (q @ k.transpose(-2, -1) * (dim // self.heads) ** -0.5).softmax(-1)
        return self.proj((weights @ v).transpose(1, 2).reshape(batch, tokens, dim))


class Mlp(nn.Module):
    """fc2(GELU(fc1(z)))."""

    def __init__(self, dim: int, hidden: int) -> None:
        """Build for ``dim`` channels."""
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(dim, hidden), nn.Linear(hidden, dim)

    def forward(self, z: Tensor) -> Tensor:
        """Return (B, N, C) of ``z`` (B, N, C)."""
        return self.fc2(functional.gelu(self.fc1(z)))


class Block(nn.Module):
    """A pre-norm block with the shortcuts of one mode."""

    def __init__(self, dim: int, attention: nn.Module, hidden: int, mode: str, eps: float) -> None:
        """Build round an ``attention`` of ``dim`` channels; ``eps`` is that of the norms."""
        super().__init__()
        self.norm1, self.attn = nn.LayerNorm(dim, eps), attention
        self.norm2, self.mlp = nn.LayerNorm(dim, eps), Mlp(dim, hidden)
        self.past_attn, self.past_mlp = Paths(self, "augs_attn", dim, mode), Paths(self, "augs", dim, mode)

    def attend(self, z: Tensor) -> Tensor:
        """Return the attended tokens (B, N, C) of ``z`` (B, N, C)."""
        return self.attn(z)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, N, C) of ``x`` (B, N, C)."""
        z = self.norm1(x)
        x = self.past_attn(x, z, self.attend(z))
        z = self.norm2(x)
        return self.past_mlp(x, z, self.mlp(z))


class PatchEmbedding(nn.Module):
    """LayerNorm(patches W), the patches side by side."""

    def __init__(self, channels: int, dim: int, patch: int, eps: float = 1e-5) -> None:
        """Build for patches of ``patch`` pixels or tokens a side."""
        super().__init__()
        self.proj, self.norm = nn.Conv2d(channels, dim, patch, patch), nn.LayerNorm(dim, eps)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, N, C) of ``x`` (B, channels, H, W)."""
        return self.norm(self.proj(x).flatten(2).transpose(1, 2))


def token_table(*shape: int) -> nn.Parameter:
    """Return learned tokens or positions of a shape, as they begin."""
    return nn.Parameter(torch.randn(shape) * 0.02)
