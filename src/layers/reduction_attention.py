# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Attention to a coarser grid (PVT: Wang et al., 2021)."""

from mindspore import Tensor, nn

from src.layers.attention import DotProductAttention, head_scale
from src.layers.dense import Dense, DenseProduct
from src.layers.dropout import dropout
from src.layers.heads import SplitHeads
from src.layers.norm import LayerNorm
from src.layers.patch_merge import PatchProjection
from src.ops.windows import Grid

_NORM_EPS = 1e-5  # of the reduced tokens, PyTorch's default


class ReductionAttention(nn.Cell):
    """softmax(Q K^T / sqrt d) V, with keys and values of patches instead of tokens (PVT, Eq. 1-3)."""

    def __init__(
        self, dim: int, num_heads: int, grid: Grid, reduction: int, qkv_bias: bool = True, drop_rate: float = 0.0
    ) -> None:
        """Build for ``dim`` = C channels of ``grid``; ``reduction`` = R is the side of a patch, 1 for none."""
        super().__init__()
        self.q = DenseProduct(dim, dim, has_bias=qkv_bias)
        self.reduce = PatchReduction(dim, grid, reduction) if reduction > 1 else nn.Identity()
        self.kv = DenseProduct(dim, 2 * dim, has_bias=qkv_bias)
        self.split_queries = SplitHeads(num_heads, (head_scale(dim, num_heads),))
        self.split_pairs = SplitHeads(num_heads, (1.0, 1.0))
        self.attend = DotProductAttention(num_heads)
        self.proj = Dense(dim, dim)
        self.drop = dropout(drop_rate)

    def construct(self, z: Tensor, seeds: Tensor | None = None) -> Tensor:
        """Return the attended tokens (B, N, C) of ``z`` (B, N, C); ``seeds`` (B,) are those of ``Dropout``."""
        q, k, v = self.heads(z)
        return self.drop(self.proj(self.attend(q, k, v)), seeds)

    def weights(self, z: Tensor) -> Tensor:
        """Return softmax(Q K^T / sqrt d) (B, h, N, N / R**2) of ``z`` (B, N, C)."""
        q, k, _ = self.heads(z)
        return self.attend.weights(q, k)

    def heads(self, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return queries (B, h, N, d), over sqrt d, keys and values (B, h, N / R**2, d) of ``z`` (B, N, C)."""
        reduced = self.reduce(z)  # (B, N / R**2, C)
        (q,) = self.split_queries(self.q(z), self.q.bias)
        k, v = self.split_pairs(self.kv(reduced), self.kv.bias)
        return q, k, v


class PatchReduction(nn.Cell):
    """LayerNorm(patches W), as coarse as the keys are."""

    def __init__(self, dim: int, grid: Grid, reduction: int) -> None:
        """Build for ``dim`` = C channels of ``grid`` and patches of ``reduction`` = R tokens a side."""
        super().__init__()
        self.patches = PatchProjection(grid, reduction, dim, dim)
        self.norm = LayerNorm(dim, _NORM_EPS)

    def construct(self, z: Tensor) -> Tensor:
        """Return (B, N / R**2, C) of ``z`` (B, N, C)."""
        return self.norm(self.patches(z))
