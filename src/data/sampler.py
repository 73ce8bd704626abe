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


def index_at(position: int, count: int, repeats: int, seed: int, epoch: int) -> int:
    """Return which of ``count`` pictures stands at a position of an epoch.

    With ``repeats`` > 1 each picture of the permutation stands at that many positions in a row, and the epoch, as long
    as ever, passes over the first count / repeats of them (repeated augmentation, Hoffer et al., 2020; as in DeiT).
    """
    return int(epoch_order(count, seed, epoch)[position // repeats])


class EpochSampler(ds.Sampler):
    """Yields keys ``epoch * count + position`` of this rank's share of each global batch, epoch after epoch.

    A global batch is ``size * batch_size`` positions in a row, dealt to the ranks in turn, so that the copies of
    repeated augmentation go to different ranks. What is left at the end of an epoch is not used. MindSpore calls
    ``__iter__`` once an epoch, on one copy of the sampler: the counter inside it is what makes epochs differ.
    """

    def __init__(self, count: int, batch_size: int, ranks: Ranks, batches: range, start_epoch: int = 0) -> None:
        """Build for ``count`` pictures, ``batch_size`` a rank, and these of an epoch's global ``batches``."""
        self.count, self.batch_size, self.ranks, self.batches = count, batch_size, ranks, batches
        self.epoch = start_epoch
        super().__init__(len(batches) * batch_size)

    def __iter__(self) -> Iterator[int]:
        """Yield the keys of the next epoch."""
        first = self.epoch * self.count + self.ranks.rank
        self.epoch += 1
        whole = self.batch_size * self.ranks.size
        for batch in self.batches:
            start = first + batch * whole
            yield from range(start, start + whole, self.ranks.size)
