# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The feed-forward branch of a transformer block."""

from mindspore import Tensor, nn

from src.layers.activation import BiasedGELU
from src.layers.dense import Dense, DenseProduct
from src.layers.dropout import dropout


class Mlp(nn.Cell):
    """fc2(GELU(fc1(z))) (Aug-ViT, Eq. 3), with dropout behind the GELU and behind fc2."""

    def __init__(self, dim: int, hidden_dim: int, drop_rate: float = 0.0) -> None:
        """Build for ``dim`` = C channels and ``hidden_dim`` hidden units."""
        super().__init__()
        self.fc1 = DenseProduct(dim, hidden_dim)
        self.act = BiasedGELU()
        self.hidden_drop = dropout(drop_rate)
        self.fc2 = Dense(hidden_dim, dim)
        self.drop = dropout(drop_rate)

    def construct(self, z: Tensor, seeds: Tensor | None = None) -> Tensor:
        """Return (B, N, C) of ``z`` (B, N, C); ``seeds`` (B,) are those of ``Dropout``."""
        hidden = self.hidden_drop(self.act(self.fc1(z), self.fc1.bias), seeds)
        return self.drop(self.fc2(hidden), seeds)
