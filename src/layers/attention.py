# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Multi-head self-attention."""

import math

from mindspore import Tensor, nn, ops

from src.layers.dense import Dense
from src.layers.dropout import dropout
from src.layers.heads import merge_heads, split_heads
from src.layers.kernels import Kernels
from src.layers.softmax import softmax


class Attention(nn.Cell):
    """softmax(Q K^T / sqrt d) V over h heads of d = C / h channels (Aug-ViT, Eq. 1-2), with dropout behind it."""

    def __init__(
        self,
        dim: int,
        num_heads: int,
        qkv_bias: bool = True,
        kernels: Kernels = "auto",
        drop_rate: float = 0.0,
        drop_layer: int = 0,
    ) -> None:
        """Build for ``dim`` = C channels, which ``num_heads`` = h must divide; ``drop_layer`` numbers its dropout."""
        super().__init__()
        self.qkv = Dense(dim, 3 * dim, has_bias=qkv_bias)
        self.split_heads = split_heads(num_heads, (1.0 / math.sqrt(dim // num_heads), 1.0, 1.0), kernels)
        self.product = ops.BatchMatMul(transpose_b=True)  # a transposed copy of the keys would cost 3 % of DeiT-S
        self.attend = ops.BatchMatMul()  # the gradient of ops.matmul copies both operands transposed: 3 % of a step
        self.softmax = softmax(kernels)
        self.merge_heads = merge_heads(num_heads, kernels)
        self.proj = Dense(dim, dim, kernels=kernels)
        self.drop = dropout(drop_rate, drop_layer)

    def construct(self, z: Tensor, keys: Tensor | None = None) -> Tensor:
        """Return the attended tokens (B, N, C) of ``z`` (B, N, C); ``keys`` (B,) are those of ``Dropout``."""
        q, k, v = self.split_heads(self.qkv.product(z), self.qkv.bias)  # (B, h, N, d), q over sqrt d
        weights = self.softmax(self.product(q, k))  # (B, h, N, N)
        return self.drop(self.proj(self.merge_heads(self.attend(weights, v))), keys)
