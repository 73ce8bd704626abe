# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""What a task makes of a place in the pass over a data set: a sample, and a batch of samples."""

from abc import ABC, abstractmethod
from typing import ClassVar, NamedTuple

import numpy as np

from src.data.batch import Batch


class Place(NamedTuple):
    """Where a sample stands."""

    epoch: int
    position: int  # in the epoch's global order


class Recipe(ABC):
    """The two halves of making a batch: each sample on its own, in several threads, then all of them together.

    Both may be called by any thread, and what they return depends on their arguments alone.
    """

    parts: ClassVar[tuple[str, ...]]  # names of the arrays of a sample
    columns: ClassVar[tuple[str, ...]]  # names of the arrays of a batch: image, label, then what the label alone lacks

    @abstractmethod
    def sample(self, place: Place) -> tuple[np.ndarray, ...]:
        """Return what stands at a place, an array for each of ``parts``; raises ``UserError`` if it can't be read."""

    @abstractmethod
    def combine(self, epoch: int, positions: np.ndarray, *samples: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return an array for each of ``columns``.

        Args:
            epoch: that the samples belong to.
            positions: int64 (B,), in that epoch's global order.
            samples: what ``sample`` returned for these places, stacked; (B, ...) for each of ``parts``.
        """

    @abstractmethod
    def batch(self, positions: np.ndarray, *columns: np.ndarray) -> Batch:
        """Return what a step takes of the arrays that ``combine`` returned for these positions."""
