# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The order in which an epoch passes over the pictures, the same for every number of ranks and of workers."""

import functools
from collections.abc import Iterator

import mindspore.dataset as ds
import numpy as np

from src.distributed import Ranks
from src.draws import Stream, generator


@functools.lru_cache(maxsize=4)  # readers of two neighbouring epochs work at the same time
def epoch_order(count: int, seed: int, epoch: int) -> np.ndarray:
    """Return the permutation of ``count`` pictures for an epoch (from 0): position -> index."""
    return generator(Stream.ORDER, seed, epoch).permutation(count)


class EpochSampler(ds.Sampler):
    """Yields keys ``epoch * count + position`` of this rank's share of each global batch, epoch after epoch.

    A global batch is ``size * batch_size`` positions in a row; rank r has the r-th part of it. What is left at the end
    of an epoch is not used. MindSpore calls ``__iter__`` once an epoch, on one copy of the sampler: the counter inside
    it is what makes epochs differ.
    """

    def __init__(self, count: int, batch_size: int, ranks: Ranks, start_epoch: int = 0) -> None:
        """Build for ``count`` pictures and ``batch_size`` a rank."""
        self.count, self.batch_size, self.ranks = count, batch_size, ranks
        self.epoch = start_epoch
        self.steps = count // (batch_size * ranks.size)
        super().__init__(self.steps * batch_size)

    def __iter__(self) -> Iterator[int]:
        """Yield the keys of the next epoch."""
        first = self.epoch * self.count + self.ranks.rank * self.batch_size
        self.epoch += 1
        for step in range(self.steps):
            start = first + step * self.batch_size * self.ranks.size
            yield from range(start, start + self.batch_size)
