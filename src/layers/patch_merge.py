# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Patches of a grid of tokens as one token each, which is how a stage becomes coarser."""

from mindspore import Tensor, nn

from src.layers.initial import fan_in_uniform
from src.layers.rearrange import Rearrange
from src.ops.windows import Grid, window_index


class PatchMerge(nn.Cell):
    """The p * p tokens of each patch side by side."""

    def __init__(self, grid: Grid, size: int, columns_first: bool = False) -> None:
        """Build for a ``grid`` of tokens and patches of ``size`` = p tokens a side.

        With ``columns_first`` the tokens of a patch stand down its columns instead of along its rows.
        """
        super().__init__()
        self.size, self.columns_first = size, columns_first
        self.set_grid(grid)

    def set_grid(self, grid: Grid) -> None:
        """Take tokens of another grid, whose sides p divides."""
        index = window_index(grid, self.size, columns_first=self.columns_first)
        self.rearrange = Rearrange(index, len(index))

    def construct(self, tokens: Tensor) -> Tensor:
        """Return (B, N / p**2, p**2 * C) of ``tokens`` (B, N, C), patches row by row."""
        _, count, channels = tokens.shape
        area = self.size * self.size
        return self.rearrange(tokens).reshape(-1, count // area, area * channels)  # (B, N / p**2, p**2 * C)


class PatchProjection(nn.Cell):
    """A p x p convolution with stride p of a grid of tokens, as one product.

    The weight (C_out, p * p * C_in) holds that of the convolution with the channels innermost.
    """

    def __init__(self, grid: Grid, size: int, in_channels: int, dim: int) -> None:
        """Build for a ``grid`` of tokens, patches of ``size`` = p tokens a side and ``dim`` channels out."""
        super().__init__()
        fan_in = size * size * in_channels
        self.merge = PatchMerge(grid, size)
        self.proj = nn.Dense(fan_in, dim, weight_init=fan_in_uniform(fan_in), bias_init=fan_in_uniform(fan_in))

    def set_grid(self, grid: Grid) -> None:
        """Take tokens of another grid, whose sides p divides."""
        self.merge.set_grid(grid)

    def construct(self, tokens: Tensor) -> Tensor:
        """Return (B, N / p**2, C_out) of ``tokens`` (B, N, C_in)."""
        return self.proj(self.merge(tokens))
