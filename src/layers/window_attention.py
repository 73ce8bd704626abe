# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Attention within windows that shift from block to block (Swin: Liu et al., 2021)."""

import math

import mindspore as ms
import numpy as np
from mindspore import Parameter, Tensor, nn, ops

from src.layers.dense import Dense
from src.layers.dropout import dropout
from src.layers.heads import merge_heads, split_heads
from src.layers.initial import token_parameter
from src.layers.kernels import Kernels
from src.layers.rearrange import Rearrange
from src.layers.softmax import biased_softmax
from src.ops.position import resize_bias_table
from src.ops.windows import Grid, relative_position_index, shift_mask, window_index


class WindowAttention(nn.Cell):
    """softmax(Q K^T / sqrt d + B) V within each window of M x M tokens, B by relative position (Swin, Eq. 4)."""

    def __init__(
        self,
        dim: int,
        num_heads: int,
        grid: Grid,
        window: int,
        shifted: bool,
        qkv_bias: bool = True,
        kernels: Kernels = "auto",
        drop_rate: float = 0.0,
        drop_layer: int = 0,
    ) -> None:
        """Build for ``dim`` = C channels of ``grid``.

        ``window`` = M is the side of a window, that of the grid if it is smaller; ``shifted`` moves the windows by half
        of it, where there are several.
        """
        super().__init__()
        self.shifted, self.kernels, self.window = shifted, kernels, min(window, *grid)
        self.qkv = Dense(dim, 3 * dim, has_bias=qkv_bias)
        self.bias_table = token_parameter("bias_table", (2 * self.window - 1) ** 2, num_heads)
        self.split_heads = split_heads(num_heads, (1.0 / math.sqrt(dim // num_heads), 1.0, 1.0), kernels)
        self.product = ops.BatchMatMul(transpose_b=True)
        self.attend = ops.BatchMatMul()
        self.softmax = biased_softmax(kernels)
        self.merge_heads = merge_heads(num_heads, kernels)
        self.proj = Dense(dim, dim, kernels=kernels)
        self.drop = dropout(drop_rate, drop_layer)
        self._make_tables(grid)

    def resize(self, grid: Grid, window: int) -> None:
        """Take tokens of another grid and windows of another side, to which the bias table is interpolated."""
        window = min(window, *grid)
        if window != self.window:
            table = resize_bias_table(self.bias_table.asnumpy(), self.window, window)
            self.bias_table = Parameter(Tensor(table, ms.float32), name=self.bias_table.name)
        self.window = window
        self._make_tables(grid)

    def _make_tables(self, grid: Grid) -> None:
        """Make what depends on the grid: which token stands in which window, and who sees whom."""
        size = self.window
        shift = size // 2 if self.shifted and min(grid) > size else 0
        index = window_index(grid, size, shift)
        self.to_windows = Rearrange(index, len(index), self.kernels)
        self.from_windows = Rearrange(np.argsort(index), len(index), self.kernels)
        area = size * size
        mask = shift_mask(grid, size, shift) if shift else np.zeros((1, area, area), np.float32)
        self.mask = Tensor(mask[:, None])  # (W, 1, M**2, M**2), or (1, 1, M**2, M**2) for all windows alike
        self.index = Tensor(relative_position_index(size).reshape(-1), ms.int32)

    def construct(self, z: Tensor, keys: Tensor | None = None) -> Tensor:
        """Return the attended tokens (B, N, C) of ``z`` (B, N, C); ``keys`` (B,) are those of ``Dropout``."""
        area = self.mask.shape[-1]
        windows = self.to_windows(z).reshape(-1, area, z.shape[-1])  # (B * W, M**2, C)
        q, k, v = self.split_heads(self.qkv.product(windows), self.qkv.bias)  # (B * W, h, M**2, d), q over sqrt d
        weights = self.softmax(self.product(q, k), self.bias() + self.mask)
        attended = self.merge_heads(self.attend(weights, v)).reshape(z.shape)
        return self.drop(self.proj(self.from_windows(attended)), keys)

    def bias(self) -> Tensor:
        """Return what is added to the logits (h, M**2, M**2), by relative position."""
        area = self.mask.shape[-1]
        return ops.gather(self.bias_table, self.index, 0).reshape(area, area, -1).transpose(2, 0, 1)
