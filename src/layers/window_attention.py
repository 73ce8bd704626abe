# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Attention within windows that shift from block to block (Swin: Liu et al., 2021)."""

import mindspore as ms
import numpy as np
from mindspore import Parameter, Tensor, nn, ops

from src.layers.attention import DotProductAttention, head_scale
from src.layers.dense import Dense, DenseProduct
from src.layers.dropout import dropout
from src.layers.heads import SplitHeads
from src.layers.initial import token_parameter
from src.layers.rearrange import Rearrange
from src.layers.softmax import BiasedSoftmax
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
        drop_rate: float = 0.0,
    ) -> None:
        """Build for ``dim`` = C channels of ``grid``.

        ``window`` = M is the side of a window, that of the grid if it is smaller; ``shifted`` moves the windows by half
        of it, where there are several.
        """
        super().__init__()
        self.shifted, self.window = shifted, min(window, *grid)
        self.qkv = DenseProduct(dim, 3 * dim, has_bias=qkv_bias)
        self.bias_table = token_parameter("bias_table", (2 * self.window - 1) ** 2, num_heads)
        self.split_heads = SplitHeads(num_heads, (head_scale(dim, num_heads), 1.0, 1.0))
        self.attend = BiasedDotProductAttention(num_heads)
        self.proj = Dense(dim, dim)
        self.drop = dropout(drop_rate)
        self._make_tables(grid)

    def set_grid(self, grid: Grid, window: int) -> None:
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
        self.to_windows = Rearrange(index, len(index))
        self.from_windows = Rearrange(np.argsort(index), len(index))
        area = size * size
        mask = shift_mask(grid, size, shift) if shift else np.zeros((1, area, area), np.float32)
        self.mask = Tensor(mask[:, None])  # (W, 1, M**2, M**2), or (1, 1, M**2, M**2) for all windows alike
        self.index = Tensor(relative_position_index(size).reshape(-1), ms.int32)  # (M**4,)

    def construct(self, z: Tensor, seeds: Tensor | None = None) -> Tensor:
        """Return the attended tokens (B, N, C) of ``z`` (B, N, C); ``seeds`` (B,) are those of ``Dropout``."""
        q, k, v = self.heads(z)
        attended = self.attend(q, k, v, self.bias() + self.mask).reshape(z.shape)  # (B * W, M**2, C) to (B, N, C)
        return self.drop(self.proj(self.from_windows(attended)), seeds)

    def weights(self, z: Tensor) -> Tensor:
        """Return softmax(Q K^T / sqrt d + B) (B * W, h, M**2, M**2) of ``z`` (B, N, C), window by window."""
        q, k, _ = self.heads(z)
        return self.attend.weights(q, k, self.bias() + self.mask)

    def heads(self, z: Tensor) -> tuple[Tensor, ...]:
        """Return queries, over sqrt d, keys and values (B * W, h, M**2, d) of ``z`` (B, N, C)."""
        windows = self.to_windows(z).reshape(-1, self.mask.shape[-1], z.shape[-1])  # (B * W, M**2, C)
        return self.split_heads(self.qkv(windows), self.qkv.bias)

    def bias(self) -> Tensor:
        """Return what is added to the logits (h, M**2, M**2), by relative position."""
        area = self.mask.shape[-1]
        rows = ops.gather(self.bias_table, self.index, 0)  # (M**4, h)
        return rows.reshape(area, area, -1).transpose(2, 0, 1)  # (M**2, M**2, h), then (h, M**2, M**2)


class BiasedDotProductAttention(DotProductAttention):
    """softmax(Q K^T + bias) V, with the heads side by side again; the queries come scaled."""

    def __init__(self, num_heads: int) -> None:
        """Build for ``num_heads`` = h heads."""
        super().__init__(num_heads)
        self.softmax = BiasedSoftmax()

    def construct(self, q: Tensor, k: Tensor, v: Tensor, bias: Tensor) -> Tensor:
        """Return (B * W, N, h * d) of ``q``, ``k``, ``v`` (B * W, h, N, d) and ``bias`` (W, h, N, N)."""
        return self.merge_heads(self.average(self.weights(q, k, bias), v))

    def weights(self, q: Tensor, k: Tensor, bias: Tensor) -> Tensor:
        """Return softmax(Q K^T + bias) (B * W, h, N, N); arguments as in ``construct``."""
        return self.softmax(self.product(q, k), bias)
