# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The feed-forward branch of a transformer block."""

from mindspore import Tensor, nn

from src.layers.activation import biased_gelu
from src.layers.dense import Dense
from src.layers.kernels import Kernels


class Mlp(nn.Cell):
    """fc2(GELU(fc1(z))) (Aug-ViT, Eq. 3)."""

    def __init__(self, dim: int, hidden_dim: int, kernels: Kernels = "auto") -> None:
        """Build for ``dim`` = C channels and ``hidden_dim`` hidden units."""
        super().__init__()
        self.fc1 = Dense(dim, hidden_dim)
        self.act = biased_gelu(kernels)
        self.fc2 = Dense(hidden_dim, dim)

    def construct(self, z: Tensor) -> Tensor:
        """Return (B, N, C) of ``z`` (B, N, C)."""
        return self.fc2(self.act(self.fc1.product(z), self.fc1.bias))
