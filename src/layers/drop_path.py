# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Stochastic depth (Huang et al., 2016): whole branches are dropped for some pictures of a batch.

The factors are made on the host, each a function of the seed, the epoch and the picture's position in the epoch's
global order. So a training that is resumed, or spread over more ranks, drops the same branches of the same pictures,
and ranks do not share factors; operators that draw inside the graph guarantee none of that.
"""

from collections.abc import Sequence

import numpy as np
from mindspore import Tensor

from src.draws import Stream, generator


def drop_path(y: Tensor, factors: Tensor | None) -> Tensor:
    """Return the branch ``y`` (B, N, C) times its ``factors`` (B,), or ``y`` where there are none (evaluation)."""
    return y if factors is None else y * factors.reshape(-1, 1, 1)  # (B, 1, 1)


def drop_path_factors(rates: Sequence[float], seed: int, epoch: int, positions: Sequence[int]) -> np.ndarray:
    """Return the factors of a batch, float32 (L, B): 0 with the branch's rate, else 1 / (1 - rate).

    Args:
        rates: drop probability of each of the L branches, in [0, 1).
        seed: of the run.
        epoch: from 0.
        positions: of the B pictures in the epoch's global order.
    """
    keep = 1.0 - np.asarray(rates)[:, None]  # (L, 1)
    draws = [generator(Stream.DEPTH, seed, epoch, int(p)).random(len(rates)) for p in positions]
    return ((np.stack(draws, axis=1) < keep) / keep).astype(np.float32)
