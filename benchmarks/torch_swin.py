# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The Swin Transformer in plain PyTorch: our own reading, with the official names."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from benchmarks.torch_layers import Block, PatchEmbedding, token_table

HIDDEN = -100.0  # added to the logits of tokens that don't see each other


class WindowAttention(nn.Module):
    """Attention within windows, with learned biases by relative position."""

    def __init__(self, dim: int, heads: int, window: int) -> None:
        """Build for windows of ``window`` = M tokens a side."""
        super().__init__()
        self.heads, self.area = heads, window * window
        self.qkv, self.proj = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.relative_position_bias_table = token_table((2 * window - 1) ** 2, heads)
        self.register_buffer("relative_position_index", relative_positions(window))

    def forward(self, z: Tensor, mask: Tensor | None) -> Tensor:
        """Return (B * W, M**2, C) of windows ``z`` of that shape, with a ``mask`` (W, M**2, M**2) where one is."""
        count, area, dim = z.shape
        q, k, v = self.qkv(z).reshape(count, area, 3, self.heads, dim // self.heads).permute(2, 0, 3, 1, 4)
        logits = (q * (dim // self.heads) ** -0.5) @ k.transpose(-2, -1)
        bias = self.relative_position_bias_table[self.relative_position_index.flatten()]
        logits = logits + bias.reshape(area, area, self.heads).permute(2, 0, 1)
        if mask is not None:
            logits = (logits.unflatten(0, (-1, len(mask))) + mask[:, None]).flatten(0, 1)
        return self.proj((logits.softmax(-1) @ v).transpose(1, 2).reshape(count, area, dim))


class SwinBlock(Block):
    """A block that attends within windows, shifted or not."""

    def __init__(
        self, dim: int, heads: int, side: int, window: int, shifted: bool, hidden: int, mode: str, eps: float
    ) -> None:
        """Build for ``side`` x ``side`` tokens; windows as large as that don't shift."""
        window = min(window, side)
        super().__init__(dim, WindowAttention(dim, heads, window), hidden, mode, eps)
        self.side, self.window = side, window
        self.shift = window // 2 if shifted and side > window else 0
        self.register_buffer("attn_mask", shift_mask(side, window, self.shift) if self.shift else None)

    def attend(self, z: Tensor) -> Tensor:
        """Return the attended tokens (B, N, C) of ``z`` (B, N, C)."""
        batch, tokens, dim = z.shape
        grid = z.reshape(batch, self.side, self.side, dim)
        if self.shift:
            grid = torch.roll(grid, (-self.shift, -self.shift), (1, 2))
        grid = joined(self.attn(windows(grid, self.window), self.attn_mask), self.side, self.window)
        if self.shift:
            grid = torch.roll(grid, (self.shift, self.shift), (1, 2))
        return grid.reshape(batch, tokens, dim)


class PatchMerging(nn.Module):
    """LayerNorm(2 x 2 tokens) W."""

    def __init__(self, dim: int, side: int, eps: float) -> None:
        """Build for ``side`` x ``side`` tokens of ``dim`` channels."""
        super().__init__()
        self.side = side
        self.norm, self.reduction = nn.LayerNorm(4 * dim, eps), nn.Linear(4 * dim, 2 * dim, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, N / 4, 2 * C) of ``x`` (B, N, C)."""
        grid = x.reshape(len(x), self.side, self.side, -1)
        corners = [grid[:, row::2, column::2] for column in (0, 1) for row in (0, 1)]
        return self.reduction(self.norm(torch.cat(corners, -1).flatten(1, 2)))


class SwinTransformer(nn.Module):
    """Patches, stages of blocks with mergings between them, a head on the mean token."""

    def __init__(
        self,
        image_size: int,
        dim: int,
        depths: Sequence[int],
        heads: Sequence[int],
        window: int = 7,
        patch: int = 4,
        ratio: float = 4,
        classes: int = 1000,
        mode: str = "base",
        eps: float = 1e-5,
    ) -> None:
        """Build with random weights; ``eps`` is that of all norms."""
        super().__init__()
        self.patch_embed = PatchEmbedding(3, dim, patch, eps)
        self.layers = nn.Sequential()
        side = image_size // patch
        for i, depth in enumerate(depths):
            stage = nn.Sequential()
            row = [
                SwinBlock(dim, heads[i], side, window, j % 2 == 1, int(ratio * dim), mode, eps) for j in range(depth)
            ]
            stage.add_module("blocks", nn.Sequential(*row))
            if i < len(depths) - 1:
                stage.add_module("downsample", PatchMerging(dim, side, eps))
                dim, side = 2 * dim, side // 2
            self.layers.append(stage)
        self.norm, self.head = nn.LayerNorm(dim, eps), nn.Linear(dim, classes)

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits (B, K) of ``images`` (B, 3, H, W)."""
        return self.head(self.norm(self.layers(self.patch_embed(images))).mean(1))


def windows(grid: Tensor, size: int) -> Tensor:
    """Return the windows (B * W, M**2, C) of ``size`` = M of a ``grid`` (B, side, side, C)."""
    batch, side, _, dim = grid.shape
    cut = grid.reshape(batch, side // size, size, side // size, size, dim).transpose(2, 3)
    return cut.reshape(-1, size * size, dim)


def joined(cut: Tensor, side: int, size: int) -> Tensor:
    """Return the grid (B, side, side, C) of which ``cut`` are the ``windows``."""
    count, dim = side // size, cut.shape[-1]
    return cut.reshape(-1, count, count, size, size, dim).transpose(2, 3).reshape(-1, side, side, dim)


def relative_positions(window: int) -> Tensor:
    """Return the row of the bias table (M**2, M**2) of each pair of tokens of a window."""
    rows, columns = (axis.flatten() for axis in torch.meshgrid(*[torch.arange(window)] * 2, indexing="ij"))
    down = rows[:, None] - rows + window - 1
    across = columns[:, None] - columns + window - 1
    return down * (2 * window - 1) + across


def shift_mask(side: int, window: int, shift: int) -> Tensor:
    """Return what hides tokens (W, M**2, M**2) that only the roll brought into one window."""
    band = torch.arange(side)
    band = (band >= side - window).long() + (band >= side - shift)  # the last windows are cut where the grid ended
    regions = windows((band[:, None] * 3 + band)[None, :, :, None], window).squeeze(-1)
    return (regions[:, :, None] != regions[:, None]) * HIDDEN
