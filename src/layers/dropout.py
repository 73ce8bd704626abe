# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Dropout (Srivastava et al., 2014) whose masks are functions of a seed that each picture has.

The seeds are made on the host, from the seed, the epoch and the picture's position in the epoch's global order; a mask
is a hash of the seed, the number of the layer and the place of the element. So the same picture has the same masks in
any batch, on any rank, in GRAPH and PYNATIVE mode, after a resume, and when a block is computed again on the way back;
operators that draw inside the graph guarantee none of that.
"""

from collections.abc import Sequence

import numpy as np
from mindspore import Tensor, nn, ops

from src.draws import Stream, generator

_SPREAD = -0x61C88647  # 2**32 over the golden ratio, odd: sends neighbours far apart, modulo 2**32
# shifts and odd factors of Wellons' lowbias32; as int32
_ROUNDS = ((16, 0x7FEB352D), (15, -0x7B935975), (16, 0x7FEB352D))
_LAST = (15, 0x7FEB352D)


class Dropout(nn.Cell):
    """x * mask / (1 - rate), with a mask that is 0 with probability ``rate`` and 1 else, for each element on its own.

    Of an element in row n and column c of a picture, the hash is that of (seed, layer, n) xor that of c, mixed once
    more (tabulation hashing: Zobrist, 1970; a multiply and xorshift finaliser). It takes six passes over the tokens,
    all of them int32 operations that wrap around, which every device has.
    """

    def __init__(self, rate: float) -> None:
        """Build for a ``rate`` in (0, 1), with the number 0; ``number_dropouts`` gives those of a network their own."""
        super().__init__()
        self.offset = 0
        self.scale = 1.0 / (1.0 - rate)
        self.threshold = min(round(rate * 2**32), 2**32 - 1) - 2**31  # of all int32, the share ``rate`` lies below it

    def number(self, layer: int) -> None:
        """Take a number from 0, in which the dropouts of one network differ."""
        self.offset = (layer * _SPREAD + 2**31) % 2**32 - 2**31

    def construct(self, x: Tensor, seeds: Tensor | None = None) -> Tensor:
        """Return ``x`` (B, N, C) with elements dropped by ``seeds`` (B,) int32; ``x`` itself without (evaluation)."""
        if seeds is None:
            return x
        kept = self.hashes(ops.stop_gradient(seeds), x.shape[1], x.shape[2]) >= self.threshold
        return x * (kept.astype(x.dtype) * self.scale)

    def hashes(self, seeds: Tensor, tokens: int, channels: int) -> Tensor:
        """Return uniform int32 numbers (B, tokens, channels) of ``seeds`` (B,)."""
        own = _mix(seeds + self.offset).reshape(-1, 1, 1)  # (B, 1, 1)
        rows = _mix(own + _rows(tokens))  # (B, N, 1)
        return _shift_and_multiply(ops.bitwise_xor(rows, _columns(channels)), *_LAST)


class KeepAll(nn.Cell):
    """Dropout of rate 0: the tokens as they are."""

    def construct(self, x: Tensor, seeds: Tensor | None = None) -> Tensor:
        """Return ``x`` itself."""
        return x


def dropout(rate: float) -> nn.Cell:
    """Return the dropout of a ``rate`` in [0, 1)."""
    return Dropout(rate) if rate else KeepAll()


def number_dropouts(network: nn.Cell) -> None:
    """Give each dropout of a network a number of its own, in the order in which its Cells stand."""
    drops = [cell for _, cell in network.cells_and_names() if isinstance(cell, Dropout)]
    for number, cell in enumerate(drops):
        cell.number(number)


def dropout_seeds(seed: int, epoch: int, positions: Sequence[int]) -> np.ndarray:
    """Return the seeds of a batch's dropout masks, int32 (B,).

    Args:
        seed: of the run.
        epoch: from 0.
        positions: of the B pictures in the epoch's global order.
    """
    draws = [generator(Stream.DROPOUT, seed, epoch, int(p)).integers(-(2**31), 2**31) for p in positions]
    return np.array(draws, np.int32)


@ops.constexpr  # a constant of the graph: as operations they were a third of the compile time of a step with dropout
def _rows(tokens: int) -> Tensor:
    """Return the numbers of rows, spread: int32 (1, N, 1)."""
    return Tensor(_spread(tokens).reshape(1, -1, 1))


@ops.constexpr
def _columns(channels: int) -> Tensor:
    """Return the hashes of the numbers of columns, int32 (C,): ``_mix`` on the host."""
    x = _spread(channels)
    for shift, factor in _ROUNDS:
        x = (x ^ (x >> shift)) * np.int32(factor)
    return Tensor(x)


def _spread(count: int) -> np.ndarray:
    return np.arange(count, dtype=np.int32) * np.int32(_SPREAD)  # wraps around


def _mix(x: Tensor) -> Tensor:
    """Return a hash of each int32 number; for small tensors: it takes nine passes."""
    for shift, factor in _ROUNDS:
        x = _shift_and_multiply(x, shift, factor)
    return x


def _shift_and_multiply(x: Tensor, shift: int, factor: int) -> Tensor:
    """Return (x xor x >> shift) * factor modulo 2**32; the shift repeats the sign, as int32 shifts do."""
    return ops.bitwise_xor(x, ops.bitwise_right_shift(x, shift)) * factor
