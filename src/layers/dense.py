# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The dense layer of transformers, whose bias another layer may add on its way."""

import mindspore as ms
from mindspore import Tensor, nn, ops
from mindspore.common.initializer import TruncatedNormal

from src.layers.initial import TOKEN_STD


class Dense(nn.Dense):
    """z W^T + bias, with truncated-normal weights of deviation 0.02 and zero biases."""

    def __init__(self, in_channels: int, out_channels: int, has_bias: bool = True) -> None:
        """Build from ``in_channels`` to ``out_channels``."""
        weight = TruncatedNormal(TOKEN_STD)
        super().__init__(in_channels, out_channels, weight_init=weight, bias_init="zeros", has_bias=has_bias)

    def product(self, z: Tensor) -> Tensor:
        """Return z W^T (..., out_channels), for a layer that adds ``self.bias`` while it does its own work."""
        y = self.matmul(z.reshape(-1, z.shape[-1]), self.weight)
        return y.reshape(*z.shape[:-1], y.shape[-1])


def add_bias(x: Tensor, bias: Tensor | None) -> Tensor:
    """Return ``x`` (..., C) + ``bias`` (C,), or ``x`` where there is none."""
    if bias is None:
        return x
    # broadcasting takes more than twice as long on a CPU
    return ops.bias_add(x.reshape(-1, x.shape[-1]), bias).reshape(x.shape)


def bias_or_zeros(bias: Tensor | None, channels: int) -> Tensor:
    """Return ``bias``, or zeros (C,) for a kernel that adds one in any case."""
    return ops.zeros((channels,), ms.float32) if bias is None else bias
