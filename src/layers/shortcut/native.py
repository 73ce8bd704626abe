# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The sum of a circulant shortcut as one native kernel each way."""

from typing import Any

import mindspore as ms
from mindspore import Tensor, nn

from src.layers.dense import bias_or_zeros
from src.layers.shortcut.circulant import CirculantSum
from src.ops.native.library import kernel


class NativeCirculantSum(nn.Cell):
    """``CirculantSum`` in the Fourier domain, on groups of tokens that stay in the cache from first to last."""

    def __init__(self, portable: CirculantSum) -> None:
        """Build for the place of ``portable``."""
        super().__init__()
        self.sum = NativeSum(portable.scale, portable.activated)
        self.paths = portable.paths

    def construct(self, x: Tensor, y: Tensor, z: Tensor, generators: Tensor, bias: Tensor | None) -> Tensor:
        """Return (B, N, C) of ``x``, ``y``, ``z`` (B, N, C), ``generators`` (T, b, b, n) and ``bias`` (T * C,)."""
        return self.sum(x, y, z, generators, bias_or_zeros(bias, self.paths * z.shape[-1]))


class NativeSum(nn.Cell):
    """The kernel of ``NativeCirculantSum`` and its gradient."""

    def __init__(self, scale: float, activated: bool) -> None:
        """Build for a ``scale`` of the whole sum; ``activated`` paths go through the exact GELU."""
        super().__init__()
        self.scale = Tensor([scale], ms.float32)
        name = "gelu_shortcut" if activated else "linear_shortcut"
        self.forward = kernel(name, lambda x, *_: x, lambda x, *_: x)
        self.backward = kernel(f"{name}_gradient", _gradients, _gradients)

    def construct(self, x: Tensor, y: Tensor, z: Tensor, generators: Tensor, bias: Tensor) -> Tensor:
        """Return (B, N, C) of ``x``, ``y``, ``z`` (B, N, C), ``generators`` (T, b, b, n) and ``bias`` (T * C,)."""
        return self.forward(x, y, z, generators, bias, self.scale)

    def bprop(
        self, x: Tensor, y: Tensor, z: Tensor, generators: Tensor, bias: Tensor, out: Tensor, dout: Tensor
    ) -> tuple[Tensor, ...]:
        """Return the gradients to the five inputs; the name and the arguments are MindSpore's."""
        dsum, dz, dgenerators, dbias = self.backward(z, generators, bias, self.scale, dout)
        return dsum, dsum, dz, dgenerators, dbias


def native_sum(portable: CirculantSum) -> nn.Cell:
    """Return the native form of a sum; ``portable`` itself where another implementation is asked for by name."""
    return NativeCirculantSum(portable) if portable.implementation in ("auto", "native") else portable


def _gradients(z: Any, generators: Any, bias: Any, scale: Any, dout: Any) -> tuple[Any, ...]:
    return z, z, generators, bias
