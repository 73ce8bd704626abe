# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Multi-head self-attention, and what all kinds of attention do with queries, keys and values."""

import math

from mindspore import Tensor, nn, ops

from src.layers.dense import Dense, DenseProduct
from src.layers.dropout import dropout
from src.layers.heads import MergeHeads, SplitHeads


class Attention(nn.Cell):
    """softmax(Q K^T / sqrt d) V over h heads of d = C / h channels (Aug-ViT, Eq. 1-2), with dropout behind it."""

    def __init__(self, dim: int, num_heads: int, qkv_bias: bool = True, drop_rate: float = 0.0) -> None:
        """Build for ``dim`` = C channels, which ``num_heads`` = h must divide."""
        super().__init__()
        self.qkv = DenseProduct(dim, 3 * dim, has_bias=qkv_bias)
        self.split_heads = SplitHeads(num_heads, (head_scale(dim, num_heads), 1.0, 1.0))
        self.attend = DotProductAttention(num_heads)
        self.proj = Dense(dim, dim)
        self.drop = dropout(drop_rate)

    def construct(self, z: Tensor, seeds: Tensor | None = None) -> Tensor:
        """Return the attended tokens (B, N, C) of ``z`` (B, N, C); ``seeds`` (B,) are those of ``Dropout``."""
        q, k, v = self.split_heads(self.qkv(z), self.qkv.bias)  # (B, h, N, d), q over sqrt d
        return self.drop(self.proj(self.attend(q, k, v)), seeds)

    def weights(self, z: Tensor) -> Tensor:
        """Return softmax(Q K^T / sqrt d) (B, h, N, N) of ``z`` (B, N, C): how much each token sees of which."""
        q, k, _ = self.split_heads(self.qkv(z), self.qkv.bias)
        return self.attend.weights(q, k)


class DotProductAttention(nn.Cell):
    """softmax(Q K^T) V, with the heads side by side again; the queries come scaled."""

    def __init__(self, num_heads: int) -> None:
        """Build for ``num_heads`` = h heads."""
        super().__init__()
        self.product = ops.BatchMatMul(transpose_b=True)  # a transposed copy of the keys would cost 3 % of DeiT-S
        self.average = ops.BatchMatMul()  # the gradient of ops.matmul copies both operands transposed: 3 % of a step
        self.softmax = nn.Softmax(-1)
        self.merge_heads = MergeHeads(num_heads)

    def construct(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Return (B, N, h * d) of ``q`` (B, h, N, d), ``k`` and ``v`` (B, h, K, d)."""
        return self.merge_heads(self.average(self.weights(q, k), v))

    def weights(self, q: Tensor, k: Tensor) -> Tensor:
        """Return softmax(Q K^T) (B, h, N, K) of ``q`` (B, h, N, d) and ``k`` (B, h, K, d)."""
        return self.softmax(self.product(q, k))


def head_scale(dim: int, num_heads: int) -> float:
    """Return 1 / sqrt(d), by which queries are multiplied, for ``num_heads`` heads of ``dim`` channels together."""
    return 1.0 / math.sqrt(dim // num_heads)
