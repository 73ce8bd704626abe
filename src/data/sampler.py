# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The order in which an epoch passes over the pictures, the same for every number of ranks and of workers."""

import functools

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


def rank_positions(batch: int, batch_size: int, ranks: Ranks) -> range:
    """Return the positions of this rank's share of a global batch.

    A global batch is ``size * batch_size`` positions in a row, dealt to the ranks in turn, so that the copies of
    repeated augmentation go to different ranks. What is left at the end of an epoch is not used.
    """
    whole = batch_size * ranks.size
    return range(batch * whole + ranks.rank, (batch + 1) * whole, ranks.size)
