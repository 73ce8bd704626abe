# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Multi-head self-attention."""

import math

from mindspore import Tensor, nn, ops

from src.layers.initial import dense


class Attention(nn.Cell):
    """softmax(Q K^T / sqrt d) V over h heads of d = C / h channels (Aug-ViT, Eq. 1-2)."""

    def __init__(self, dim: int, num_heads: int, qkv_bias: bool = True) -> None:
        """Build for ``dim`` = C channels, which ``num_heads`` = h must divide."""
        super().__init__()
        self.num_heads = num_heads
        self.head_dim = dim // num_heads
        self.scale = 1.0 / math.sqrt(self.head_dim)
        self.qkv = dense(dim, 3 * dim, has_bias=qkv_bias)
        self.proj = dense(dim, dim)

    def construct(self, z: Tensor) -> Tensor:
        """Return the attended tokens (B, N, C) of ``z`` (B, N, C)."""
        _, tokens, dim = z.shape
        qkv = self.qkv(z).reshape(-1, tokens, 3 * self.num_heads, self.head_dim).transpose(0, 2, 1, 3)  # (B, 3h, N, d)
        q, k, v = ops.split(qkv, self.num_heads, 1)  # indexing would copy 30 times slower on a CPU
        weights = ops.softmax(ops.matmul(q * self.scale, k.transpose(0, 1, 3, 2)), -1)  # (B, h, N, N)
        y = ops.matmul(weights, v).transpose(0, 2, 1, 3).reshape(-1, tokens, dim)  # (B, N, C)
        return self.proj(y)
