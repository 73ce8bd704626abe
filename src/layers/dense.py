# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The dense layer of transformers, and its product alone, whose bias another layer adds on its way."""

import mindspore as ms
from mindspore import Tensor, nn, ops
from mindspore.common.initializer import TruncatedNormal

from src.layers.initial import TOKEN_STD
from src.ops.native.library import kernel


class DenseProduct(nn.Dense):
    """z W^T, with truncated-normal weights of deviation 0.02; its bias, zeros, is added by the layer that follows."""

    def __init__(self, in_channels: int, out_channels: int, has_bias: bool = True) -> None:
        """Build from ``in_channels`` to ``out_channels``."""
        weight = TruncatedNormal(TOKEN_STD)
        super().__init__(in_channels, out_channels, weight_init=weight, bias_init="zeros", has_bias=has_bias)

    def construct(self, z: Tensor) -> Tensor:
        """Return z W^T (..., out_channels) of ``z`` (..., in_channels)."""
        y = self.matmul(z.reshape(-1, z.shape[-1]), self.weight)  # (M, out_channels), M the tokens of all pictures
        return y.reshape(*z.shape[:-1], y.shape[-1])  # (..., out_channels)


class Dense(DenseProduct):
    """z W^T + bias."""

    def __init__(self, in_channels: int, out_channels: int, has_bias: bool = True) -> None:
        """Build from ``in_channels`` to ``out_channels``."""
        super().__init__(in_channels, out_channels, has_bias)
        if has_bias:
            del self.bias_add  # a primitive, by nn.Dense
            self.bias_add = BiasAdd()

    def construct(self, z: Tensor) -> Tensor:
        """Return z W^T + bias (..., out_channels) of ``z`` (..., in_channels)."""
        y = self.matmul(z.reshape(-1, z.shape[-1]), self.weight)  # (M, out_channels)
        if self.has_bias:
            y = self.bias_add(y, self.bias)
        return y.reshape(*z.shape[:-1], y.shape[-1])  # (..., out_channels)


class BiasAdd(nn.Cell):
    """x + bias."""

    def construct(self, x: Tensor, bias: Tensor) -> Tensor:
        """Return ``x`` (M, C) + ``bias`` (C,)."""
        return ops.bias_add(x, bias)


class NativeBiasAdd(nn.Cell):
    """x + bias, whose gradient to the bias is one native kernel: ten times as fast as MindSpore's."""

    def __init__(self, portable: BiasAdd) -> None:
        """Build for the place of ``portable``."""
        super().__init__()
        self.sums = kernel("column_sums", lambda dout: dout[-1:], lambda dout: dout)

    def construct(self, x: Tensor, bias: Tensor) -> Tensor:
        """Return ``x`` (M, C) + ``bias`` (C,), float32."""
        return ops.bias_add(x, bias)

    def bprop(self, x: Tensor, bias: Tensor, out: Tensor, dout: Tensor) -> tuple[Tensor, Tensor]:
        """Return the gradients to ``x`` and ``bias``; the name and the arguments are MindSpore's."""
        return dout, self.sums(dout)


def add_bias(x: Tensor, bias: Tensor | None) -> Tensor:
    """Return ``x`` (..., C) + ``bias`` (C,), or ``x`` where there is none."""
    if bias is None:
        return x
    # broadcasting takes more than twice as long on a CPU
    return ops.bias_add(x.reshape(-1, x.shape[-1]), bias).reshape(x.shape)  # (M, C), then (..., C)


def bias_or_zeros(bias: Tensor | None, channels: int) -> Tensor:
    """Return ``bias``, or zeros (C,) for a kernel that adds one in any case."""
    return ops.zeros((channels,), ms.float32) if bias is None else bias
