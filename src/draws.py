# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Random draws as functions of where they belong: the seed, the epoch and a position in the epoch's global order.

What depends on nothing else is the same after a resume, and for every number of ranks and of reading threads.
"""

from enum import IntEnum

import numpy as np


class Stream(IntEnum):
    """What a draw is for; streams never share their numbers. None is 0, which would vanish at the end of a key."""

    ORDER = 1  # of the pictures in an epoch
    CROP = 2  # and everything else that is done to a picture alone, as long as it is one of 8 bits
    DEPTH = 3  # branches dropped by stochastic depth
    MIX = 4  # pictures of a batch with each other; the position is that of the batch's first picture
    ERASE = 5  # rectangles of a normalised picture
    SUBSTITUTE = 6  # which picture takes the place of one that can't be read
    DROPOUT = 7  # the seed of a picture's dropout masks


def generator(stream: Stream, seed: int, epoch: int, position: int = 0) -> np.random.Generator:
    """Return the generator of one stream at a position (from 0) of an epoch (from 0)."""
    return np.random.default_rng([seed, epoch, position, stream])
