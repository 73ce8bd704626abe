# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The heads of attention: from tokens side by side to heads each on its own, and back."""

import mindspore as ms
from mindspore import Tensor, nn, ops

from src.layers.dense import add_bias, bias_or_zeros
from src.layers.kernels import Kernels, native_kernels
from src.ops.native.library import kernel


class SplitHeads(nn.Cell):
    """Queries, keys and values of every head with their biases, the queries scaled."""

    def __init__(self, num_heads: int, scale: float) -> None:
        """Build for ``num_heads`` = h heads; ``scale`` is that of the queries."""
        super().__init__()
        self.num_heads = num_heads
        self.scale = scale

    def construct(self, qkv: Tensor, bias: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """Return q, k and v, each (B, h, N, d), of ``qkv`` (B, N, 3 * h * d) and ``bias`` (3 * h * d,)."""
        _, tokens, channels = qkv.shape
        heads = (
            add_bias(qkv, bias)
            .reshape(-1, tokens, 3 * self.num_heads, channels // (3 * self.num_heads))
            .transpose(0, 2, 1, 3)
        )
        q, k, v = ops.split(heads, self.num_heads, 1)  # indexing would copy 30 times slower on a CPU
        return q * self.scale, k, v


class MergeHeads(nn.Cell):
    """The heads of a token side by side."""

    def construct(self, heads: Tensor) -> Tensor:
        """Return (B, N, h * d) of ``heads`` (B, h, N, d)."""
        _, count, tokens, channels = heads.shape
        return heads.transpose(0, 2, 1, 3).reshape(-1, tokens, count * channels)


class NativeSplitHeads(nn.Cell):
    """``SplitHeads`` as one native kernel each way: one pass instead of four."""

    def __init__(self, num_heads: int, scale: float) -> None:
        """Build where ``native_kernels`` says so."""
        super().__init__()
        self.split = SplitKernel(num_heads, scale)

    def construct(self, qkv: Tensor, bias: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """Return q, k and v, each (B, h, N, d), of ``qkv`` (B, N, 3 * h * d) and ``bias`` (3 * h * d,), float32."""
        return self.split(qkv, bias_or_zeros(bias, qkv.shape[-1]))


class SplitKernel(nn.Cell):
    """The kernel of ``NativeSplitHeads`` and its gradient."""

    def __init__(self, num_heads: int, scale: float) -> None:
        """Build where ``native_kernels`` says so."""
        super().__init__()

        def heads(qkv: list[int], *_: list[int]) -> tuple[list[int], ...]:
            return ([qkv[0], num_heads, qkv[1], qkv[2] // (3 * num_heads)],) * 3

        def tokens_and_bias(q: list[int], *_: list[int]) -> tuple[list[int], ...]:
            channels = 3 * q[1] * q[3]
            return [q[0], q[2], channels], [channels]

        self.scale = Tensor([scale], ms.float32)
        self.split = kernel("split_heads", heads, lambda qkv, *_: (qkv, qkv, qkv))
        self.merge = kernel("split_heads_gradient", tokens_and_bias, lambda q, *_: (q, q))

    def construct(self, qkv: Tensor, bias: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return q, k and v, each (B, h, N, d), of ``qkv`` (B, N, 3 * h * d) and ``bias`` (3 * h * d,), float32."""
        return self.split(qkv, bias, self.scale)

    def bprop(
        self, qkv: Tensor, bias: Tensor, out: tuple[Tensor, ...], dout: tuple[Tensor, ...]
    ) -> tuple[Tensor, Tensor]:
        """Return the gradients to ``qkv`` and ``bias``; the name and the arguments are MindSpore's."""
        return self.merge(dout[0], dout[1], dout[2], self.scale)


class NativeMergeHeads(nn.Cell):
    """``MergeHeads`` as one native kernel each way."""

    def __init__(self, num_heads: int) -> None:
        """Build for ``num_heads`` = h heads, where ``native_kernels`` says so."""
        super().__init__()

        def heads(tokens: list[int]) -> list[int]:
            return [tokens[0], num_heads, tokens[1], tokens[2] // num_heads]

        self.merge = kernel("merge_heads", lambda heads: [heads[0], heads[2], heads[1] * heads[3]], lambda x: x)
        self.split = kernel("merge_heads_gradient", heads, lambda x: x)

    def construct(self, heads: Tensor) -> Tensor:
        """Return (B, N, h * d) of ``heads`` (B, h, N, d), float32."""
        return self.merge(heads)

    def bprop(self, heads: Tensor, out: Tensor, dout: Tensor) -> tuple[Tensor]:
        """Return the gradient to ``heads``; the name and the arguments are MindSpore's."""
        return (self.split(dout),)


def split_heads(num_heads: int, scale: float, kernels: Kernels = "auto") -> nn.Cell:
    """Return what splits a product into scaled queries, keys and values."""
    return (NativeSplitHeads if native_kernels(kernels) else SplitHeads)(num_heads, scale)


def merge_heads(num_heads: int, kernels: Kernels = "auto") -> nn.Cell:
    """Return what puts the heads of a token side by side."""
    return NativeMergeHeads(num_heads) if native_kernels(kernels) else MergeHeads()
