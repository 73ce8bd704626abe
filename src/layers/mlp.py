# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The feed-forward branch of a transformer block."""

from mindspore import Tensor, nn

from src.layers.activation import biased_gelu
from src.layers.dense import Dense
from src.layers.dropout import dropout
from src.layers.kernels import Kernels


class Mlp(nn.Cell):
    """fc2(GELU(fc1(z))) (Aug-ViT, Eq. 3), with dropout behind the GELU and behind fc2."""

    def __init__(
        self, dim: int, hidden_dim: int, kernels: Kernels = "auto", drop_rate: float = 0.0, drop_layer: int = 0
    ) -> None:
        """Build for ``dim`` = C channels and ``hidden_dim`` hidden units.

        Its dropouts have the numbers ``drop_layer`` and the one after it.
        """
        super().__init__()
        self.fc1 = Dense(dim, hidden_dim)
        self.act = biased_gelu(kernels)
        self.hidden_drop = dropout(drop_rate, drop_layer)
        self.fc2 = Dense(hidden_dim, dim, kernels=kernels)
        self.drop = dropout(drop_rate, drop_layer + 1)

    def construct(self, z: Tensor, keys: Tensor | None = None) -> Tensor:
        """Return (B, N, C) of ``z`` (B, N, C); ``keys`` (B,) are those of ``Dropout``."""
        hidden = self.hidden_drop(self.act(self.fc1.product(z), self.fc1.bias), keys)
        return self.drop(self.fc2(hidden), keys)
