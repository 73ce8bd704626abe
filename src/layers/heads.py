# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The heads of attention: from tokens side by side to heads each on its own, and back."""

from collections.abc import Sequence

import mindspore as ms
from mindspore import Tensor, nn, ops

from src.layers.dense import add_bias, bias_or_zeros
from src.ops.native.library import kernel


class SplitHeads(nn.Cell):
    """The P parts of a product, such as queries, keys and values, by heads, with their biases and scaled."""

    def __init__(self, num_heads: int, scales: Sequence[float]) -> None:
        """Build for ``num_heads`` = h heads and a scale for each of the P parts."""
        super().__init__()
        self.num_heads = num_heads
        self.scales = tuple(scales)

    def construct(self, product: Tensor, bias: Tensor | None) -> tuple[Tensor, ...]:
        """Return the parts, each (B, h, N, d), of ``product`` (B, N, P * h * d) and ``bias`` (P * h * d,)."""
        _, tokens, channels = product.shape
        count = len(self.scales) * self.num_heads
        heads = add_bias(product, bias).reshape(-1, tokens, count, channels // count)  # (B, N, P * h, d)
        heads = heads.transpose(0, 2, 1, 3)  # (B, P * h, N, d)
        parts = ops.split(heads, self.num_heads, 1)  # indexing would copy 30 times slower on a CPU
        return tuple([parts[i] * self.scales[i] for i in range(len(self.scales))])


class MergeHeads(nn.Cell):
    """The heads of a token side by side."""

    def __init__(self, num_heads: int) -> None:
        """Build for ``num_heads`` = h heads."""
        super().__init__()
        self.num_heads = num_heads

    def construct(self, heads: Tensor) -> Tensor:
        """Return (B, N, h * d) of ``heads`` (B, h, N, d)."""
        _, count, tokens, channels = heads.shape
        return heads.transpose(0, 2, 1, 3).reshape(-1, tokens, count * channels)  # (B, N, h, d), then (B, N, h * d)


class NativeSplitHeads(nn.Cell):
    """``SplitHeads`` as one native kernel each way: one pass instead of four."""

    def __init__(self, portable: SplitHeads) -> None:
        """Build for the place of ``portable``."""
        super().__init__()
        self.split = NativeSplit(portable.num_heads, portable.scales)

    def construct(self, product: Tensor, bias: Tensor | None) -> tuple[Tensor, ...]:
        """Return the parts, each (B, h, N, d), of ``product`` (B, N, P * h * d) and ``bias`` (P * h * d,), float32."""
        return self.split(product, bias_or_zeros(bias, product.shape[-1]))


class NativeSplit(nn.Cell):
    """The kernel of ``NativeSplitHeads`` and its gradient."""

    def __init__(self, num_heads: int, scales: Sequence[float]) -> None:
        """Build for ``num_heads`` = h heads and a scale for each part."""
        super().__init__()

        # The shape of the outputs has to be a function of those of the inputs, because PYNATIVE mode keeps it for
        # other operators of the same name: the scales have a column a head.
        def heads(product: list[int], bias: list[int], scales: list[int]) -> tuple[list[int], ...]:
            count, num_heads = scales
            return ([product[0], num_heads, product[1], product[2] // (count * num_heads)],) * count

        def tokens_and_bias(*shapes: list[int]) -> tuple[list[int], ...]:
            part, channels = shapes[0], shapes[-1][0] * shapes[0][1] * shapes[0][3]
            return [part[0], part[2], channels], [channels]

        count = len(scales)
        self.scales = Tensor([[scale] * num_heads for scale in scales], ms.float32)
        self.split = kernel("split_heads", heads, lambda product, *_: (product,) * count)
        self.merge = kernel("split_heads_gradient", tokens_and_bias, lambda part, *_: (part, part))

    def construct(self, product: Tensor, bias: Tensor) -> tuple[Tensor, ...]:
        """Return the parts, each (B, h, N, d), of ``product`` (B, N, P * h * d) and ``bias`` (P * h * d,), float32."""
        return _parts(self.split(product, bias, self.scales))

    def bprop(
        self, product: Tensor, bias: Tensor, out: tuple[Tensor, ...], dout: tuple[Tensor, ...]
    ) -> tuple[Tensor, Tensor]:
        """Return the gradients to ``product`` and ``bias``; the name and the arguments are MindSpore's."""
        return self.merge(*_parts(dout), self.scales)


def _parts(result: Tensor | tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """Return the outputs of an operator; PYNATIVE mode does not wrap a single one."""
    return result if isinstance(result, tuple) else (result,)


class NativeMergeHeads(nn.Cell):
    """``MergeHeads`` as one native kernel each way."""

    def __init__(self, portable: MergeHeads) -> None:
        """Build for the place of ``portable``."""
        super().__init__()

        def split(tokens: list[int], ones: list[int]) -> list[int]:
            return [tokens[0], ones[0], tokens[1], tokens[2] // ones[0]]

        self.merge = kernel("merge_heads", lambda heads: [heads[0], heads[2], heads[1] * heads[3]], lambda x: x)
        # tells the kernel how many heads there are, by its shape
        self.ones = Tensor([1.0] * portable.num_heads, ms.float32)
        self.split = kernel("merge_heads_gradient", split, lambda tokens, ones: tokens)

    def construct(self, heads: Tensor) -> Tensor:
        """Return (B, N, h * d) of ``heads`` (B, h, N, d), float32."""
        return self.merge(heads)

    def bprop(self, heads: Tensor, out: Tensor, dout: Tensor) -> tuple[Tensor]:
        """Return the gradient to ``heads``; the name and the arguments are MindSpore's."""
        return (self.split(dout, self.ones),)
