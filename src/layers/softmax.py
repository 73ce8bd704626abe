# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Softmax over the last axis, alone and of logits that a bias is added to."""

from mindspore import Tensor, nn, ops

from src.ops.native.library import kernel


class NativeSoftmax(nn.Cell):
    """Softmax as one native kernel each way; MindSpore's gradient is four, and takes twenty times as long."""

    def __init__(self, portable: nn.Softmax) -> None:
        """Build for the place of ``portable``, which works along the last axis."""
        super().__init__()
        self.softmax = kernel("softmax", lambda x: x, lambda x: x)
        self.gradient = kernel("softmax_gradient", lambda y, dout: y, lambda y, dout: y)

    def construct(self, x: Tensor) -> Tensor:
        """Return exp(x) / sum(exp(x)) over the last axis, any shape, float32."""
        return self.softmax(x)

    def bprop(self, x: Tensor, out: Tensor, dout: Tensor) -> tuple[Tensor]:
        """Return the gradient to ``x``; the name and the arguments are MindSpore's."""
        return (self.gradient(out, dout),)


class BiasedSoftmax(nn.Cell):
    """softmax(x + bias) over the last axis, where the bias repeats along the first."""

    def construct(self, x: Tensor, bias: Tensor) -> Tensor:
        """Return (B * W, h, N, M) of ``x`` (B * W, h, N, M) and ``bias`` (W, h, N, M)."""
        windows, heads, rows, columns = bias.shape
        logits = x.reshape(-1, windows, heads, rows, columns) + bias  # (B, W, h, N, M)
        return ops.softmax(logits, -1).reshape(x.shape)  # (B * W, h, N, M)


class NativeBiasedSoftmax(nn.Cell):
    """``BiasedSoftmax`` as one native kernel each way."""

    def __init__(self, portable: BiasedSoftmax) -> None:
        """Build for the place of ``portable``."""
        super().__init__()
        self.softmax = kernel("biased_softmax", lambda x, bias: x, lambda x, bias: x)
        self.gradient = kernel("biased_softmax_gradient", lambda y, dout, bias: (y, bias), lambda y, *_: (y, y))

    def construct(self, x: Tensor, bias: Tensor) -> Tensor:
        """Return (B * W, h, N, M) of ``x`` (B * W, h, N, M) and ``bias`` (W, h, N, M), float32."""
        return self.softmax(x, bias)

    def bprop(self, x: Tensor, bias: Tensor, out: Tensor, dout: Tensor) -> tuple[Tensor, Tensor]:
        """Return the gradients to ``x`` and ``bias``; the name and the arguments are MindSpore's."""
        return self.gradient(out, dout, bias)
