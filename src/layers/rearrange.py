# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Tokens in another order, some of them several times, some left out: by a table that is known when it is built.

Windows, patches of tokens and overlapping neighbourhoods are all this, with a table of ``src/ops/windows.py`` each.
"""

import mindspore as ms
import numpy as np
from mindspore import Tensor, nn, ops

from src.ops.native.library import kernel
from src.ops.windows import PADDING, places_of


class Rearrange(nn.Cell):
    """Row i of the result is token ``index[i]``.

    It writes its own gradient, which is a sum over the places of each token: MindSpore's scatters.
    """

    def __init__(self, index: np.ndarray, count: int) -> None:
        """Build for ``count`` = N tokens; ``index`` (M,) has numbers in [0, N), or ``PADDING`` for zeros."""
        super().__init__()
        self.forward = GatherSum(index[:, None], count)
        self.backward = GatherSum(places_of(index, count), len(index))

    def construct(self, tokens: Tensor) -> Tensor:
        """Return (B, M, C) of ``tokens`` (B, N, C)."""
        return self.forward(tokens)

    def bprop(self, tokens: Tensor, out: Tensor, dout: Tensor) -> tuple[Tensor]:
        """Return the gradient to ``tokens``; the name and the arguments are MindSpore's."""
        return (self.backward(dout),)


class GatherSum(nn.Cell):
    """Row i of the result is the sum of the tokens that row i of a table names."""

    def __init__(self, table: np.ndarray, count: int) -> None:
        """Build for ``count`` = N tokens and a ``table`` (M, m) of numbers in [0, N), or ``PADDING``."""
        super().__init__()
        self.places = table
        self.rows, self.terms = table.shape
        self.padded = bool((table == PADDING).any())
        self.table = Tensor(np.where(table == PADDING, count, table).reshape(-1), ms.int32)  # (M * m,)

    def construct(self, tokens: Tensor) -> Tensor:
        """Return (B, M, C) of ``tokens`` (B, N, C)."""
        if self.padded:
            zeros = ops.zeros((tokens.shape[0], 1, tokens.shape[2]), tokens.dtype)
            tokens = ops.cat((tokens, zeros), 1)
        gathered = ops.gather(tokens, self.table, 1)
        if self.terms == 1:
            return gathered
        return gathered.reshape(-1, self.rows, self.terms, tokens.shape[2]).sum(2)  # (B, M, m, C), then (B, M, C)


class NativeGatherSum(nn.Cell):
    """``GatherSum`` as one native kernel."""

    def __init__(self, portable: GatherSum) -> None:
        """Build for the place of ``portable``."""
        super().__init__()
        # a kernel takes float32 alone, in which whole numbers are exact below 2**24
        self.table = Tensor(portable.places, ms.float32)
        self.gather = kernel("rearrange", lambda x, table: [x[0], table[0], x[2]], lambda x, table: x)

    def construct(self, tokens: Tensor) -> Tensor:
        """Return (B, M, C) of ``tokens`` (B, N, C), float32."""
        return self.gather(tokens, self.table)
