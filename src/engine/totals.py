# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""What adds up over the steps of an epoch, and what a training had to do without."""

import math
from dataclasses import dataclass, field

import numpy as np

from src.data.pictures import Batch
from src.data.source import Source
from src.distributed import Ranks
from src.engine.metrics import Accuracy
from src.errors import UserError


@dataclass
class EpochTotals:
    """The training metrics of an epoch so far."""

    steps: int = 0  # taken or passed over
    loss_sum: float = 0.0  # of the steps whose loss was finite
    loss_count: int = 0  # how many those are
    accuracy: Accuracy = field(default_factory=Accuracy)  # of the pictures of this rank, before each step

    def add(self, loss: float, accuracy: Accuracy) -> None:
        """Add a step of all ranks, and this rank's guesses in it."""
        self.steps += 1
        self.accuracy += accuracy
        if math.isfinite(loss):
            self.loss_sum += loss
            self.loss_count += 1

    def metrics(self, ranks: Ranks) -> dict[str, float]:
        """Return mean loss and top-1 in percent over all ranks."""
        top1, count = ranks.total([self.accuracy.top1, self.accuracy.count])
        loss = self.loss_sum / self.loss_count if self.loss_count else math.nan
        return {"loss": loss, "train_top1": Accuracy(top1=int(top1), count=int(count)).top1_percent}


class Unreadable:
    """The training pictures that could not be read and that others took the place of."""

    def __init__(self, source: Source, limit: int) -> None:
        """Start with none of ``source``; ``limit`` is how many different ones a run puts up with."""
        self._source, self._limit = source, limit
        self.indices: set[int] = set()  # seen by this rank

    def add(self, batch: Batch) -> UserError | None:
        """Remember those of a batch, and return what to say where there are too many."""
        self.indices.update(int(index) for index in np.unique(batch.unreadable) if index >= 0)
        if len(self.indices) <= self._limit:
            return None
        return UserError(
            f"{self._source.name}: more than data.max_skipped={self._limit} pictures can't be read, "
            f"the last {self._source.picture_name(max(self.indices))}; tools/check_data.py lists them all"
        )

    def unite(self, ranks: Ranks) -> None:
        """Let every rank know what all have seen."""
        seen = np.zeros(len(self._source), np.float32)
        seen[list(self.indices)] = 1
        self.indices = {int(index) for index in np.flatnonzero(ranks.total(seen))}

    def names(self) -> list[str]:
        """Return their names, sorted by their place in the data set."""
        return [self._source.picture_name(index) for index in sorted(self.indices)]
