# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The dense layer of transformers, whose bias another layer may add on its way."""

import mindspore as ms
from mindspore import Tensor, nn, ops
from mindspore.common.initializer import TruncatedNormal

from src.layers.initial import TOKEN_STD
from src.layers.kernels import Kernels, native_kernels
from src.ops.native.library import kernel


class NativeBiasAdd(nn.Cell):
    """x + bias, whose gradient to the bias is one native kernel: ten times as fast as MindSpore's."""

    def __init__(self) -> None:
        """Build where ``native_kernels`` says so."""
        super().__init__()
        self.sums = kernel("column_sums", lambda dout: dout[-1:], lambda dout: dout)

    def construct(self, x: Tensor, bias: Tensor) -> Tensor:
        """Return ``x`` (M, C) + ``bias`` (C,), float32."""
        return ops.bias_add(x, bias)

    def bprop(self, x: Tensor, bias: Tensor, out: Tensor, dout: Tensor) -> tuple[Tensor, Tensor]:
        """Return the gradients to ``x`` and ``bias``; the name and the arguments are MindSpore's."""
        return dout, self.sums(dout)


class Dense(nn.Dense):
    """z W^T + bias, with truncated-normal weights of deviation 0.02 and zero biases."""

    def __init__(self, in_channels: int, out_channels: int, has_bias: bool = True, kernels: Kernels = "auto") -> None:
        """Build from ``in_channels`` to ``out_channels``."""
        weight = TruncatedNormal(TOKEN_STD)
        super().__init__(in_channels, out_channels, weight_init=weight, bias_init="zeros", has_bias=has_bias)
        if has_bias and native_kernels(kernels):
            del self.bias_add  # a primitive, by nn.Dense
            self.bias_add = NativeBiasAdd()

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
