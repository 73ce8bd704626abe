# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Softmax over the last axis, in the form that is fast on the device."""

from mindspore import Tensor, nn

from src.layers.kernels import Kernels, native_kernels
from src.ops.native.library import kernel


class NativeSoftmax(nn.Cell):
    """Softmax as one native kernel each way; MindSpore's gradient is four, and takes twenty times as long."""

    def __init__(self) -> None:
        """Build where ``native_kernels`` says so."""
        super().__init__()
        self.softmax = kernel("softmax", lambda x: x, lambda x: x)
        self.gradient = kernel("softmax_gradient", lambda y, dout: y, lambda y, dout: y)

    def construct(self, x: Tensor) -> Tensor:
        """Return exp(x) / sum(exp(x)) over the last axis, any shape, float32."""
        return self.softmax(x)

    def bprop(self, x: Tensor, out: Tensor, dout: Tensor) -> tuple[Tensor]:
        """Return the gradient to ``x``; the name and the arguments are MindSpore's."""
        return (self.gradient(out, dout),)


def softmax(kernels: Kernels = "auto") -> nn.Cell:
    """Return the softmax over the last axis."""
    return NativeSoftmax() if native_kernels(kernels) else nn.Softmax(-1)
