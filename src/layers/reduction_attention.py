# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Attention to a coarser grid (PVT: Wang et al., 2021)."""

import math

from mindspore import Tensor, nn, ops

from src.layers.dense import Dense
from src.layers.dropout import dropout
from src.layers.heads import merge_heads, split_heads
from src.layers.kernels import Kernels
from src.layers.norm import layer_norm
from src.layers.patch_merge import PatchProjection
from src.layers.softmax import softmax
from src.ops.windows import Grid

_NORM_EPS = 1e-5  # of the reduced tokens, PyTorch's default


class ReductionAttention(nn.Cell):
    """softmax(Q K^T / sqrt d) V, with keys and values of patches instead of tokens (PVT, Eq. 1-3)."""

    def __init__(
        self,
        dim: int,
        num_heads: int,
        grid: Grid,
        reduction: int,
        qkv_bias: bool = True,
        kernels: Kernels = "auto",
        drop_rate: float = 0.0,
        drop_layer: int = 0,
    ) -> None:
        """Build for ``dim`` = C channels of ``grid``; ``reduction`` = R is the side of a patch, 1 for none."""
        super().__init__()
        self.q = Dense(dim, dim, has_bias=qkv_bias)
        self.reduce = PatchReduction(dim, grid, reduction, kernels) if reduction > 1 else nn.Identity()
        self.kv = Dense(dim, 2 * dim, has_bias=qkv_bias)
        self.split_queries = split_heads(num_heads, (1.0 / math.sqrt(dim // num_heads),), kernels)
        self.split_pairs = split_heads(num_heads, (1.0, 1.0), kernels)
        self.product = ops.BatchMatMul(transpose_b=True)
        self.attend = ops.BatchMatMul()
        self.softmax = softmax(kernels)
        self.merge_heads = merge_heads(num_heads, kernels)
        self.proj = Dense(dim, dim, kernels=kernels)
        self.drop = dropout(drop_rate, drop_layer)

    def construct(self, z: Tensor, keys: Tensor | None = None) -> Tensor:
        """Return the attended tokens (B, N, C) of ``z`` (B, N, C); ``keys`` (B,) are those of ``Dropout``."""
        reduced = self.reduce(z)  # (B, N / R**2, C)
        (q,) = self.split_queries(self.q.product(z), self.q.bias)  # (B, h, N, d), over sqrt d
        k, v = self.split_pairs(self.kv.product(reduced), self.kv.bias)
        weights = self.softmax(self.product(q, k))  # (B, h, N, N / R**2)
        return self.drop(self.proj(self.merge_heads(self.attend(weights, v))), keys)


class PatchReduction(nn.Cell):
    """LayerNorm(patches W), as coarse as the keys are."""

    def __init__(self, dim: int, grid: Grid, reduction: int, kernels: Kernels = "auto") -> None:
        """Build for ``dim`` = C channels of ``grid`` and patches of ``reduction`` = R tokens a side."""
        super().__init__()
        self.patches = PatchProjection(grid, reduction, dim, dim, kernels)
        self.norm = layer_norm(dim, _NORM_EPS, kernels)

    def construct(self, z: Tensor) -> Tensor:
        """Return (B, N / R**2, C) of ``z`` (B, N, C)."""
        return self.norm(self.patches(z))
