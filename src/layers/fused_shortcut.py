# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The sum of an augmented shortcut as one native kernel each way."""

from typing import Any

import mindspore as ms
from mindspore import Tensor, nn

from src.ops.native.library import kernel


class FusedShortcut(nn.Cell):
    """scale * (x + y + sum_t act(C_t z + bias_t)) with block-circulant C_t (Aug-ViT, Eq. 8, 11 and 14).

    It works in the Fourier domain, on groups of tokens that stay in the cache from first to last. It holds no
    parameters, because a Cell that writes its own gradient can't.
    """

    def __init__(self, scale: float, activated: bool) -> None:
        """Build where ``native_kernels`` says so; act is the exact GELU, or nothing."""
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


def _gradients(z: Any, generators: Any, bias: Any, scale: Any, dout: Any) -> tuple[Any, ...]:
    return z, z, generators, bias
