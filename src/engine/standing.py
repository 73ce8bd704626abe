# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Where a training stands, and what it had to do without."""

import copy
import math
from dataclasses import dataclass, field

import numpy as np

from src.checkpoint.record import Description, RunState
from src.data.batch import Batch
from src.data.source import Source
from src.distributed import Ranks
from src.engine.metrics.metric import Metric
from src.errors import UserError


@dataclass
class EpochTotals:
    """What adds up over the steps of an epoch."""

    metric: Metric  # of the pictures of this rank, before each step
    steps: int = 0  # taken or passed over
    loss_sum: float = 0.0  # of the steps whose loss was finite
    loss_count: int = 0  # how many those are

    def add(self, loss: float) -> None:
        """Add the loss of a step of all ranks."""
        self.steps += 1
        if math.isfinite(loss):
            self.loss_sum += loss
            self.loss_count += 1

    def figures(self, ranks: Ranks) -> dict[str, float]:
        """Return the mean loss, and the score over all ranks."""
        self.metric.reduce(ranks)
        loss = self.loss_sum / self.loss_count if self.loss_count else math.nan
        return {"loss": loss, f"train_{self.metric.score}": self.metric.figures()[self.metric.score]}


@dataclass
class Standing:
    """Where a run stands: with its tensors, all that decides how it goes on."""

    totals: EpochTotals  # of the epoch under way
    epoch: int = 0  # epochs completed
    step: int = 0  # optimizer steps taken
    best: float = -1.0  # the best score so far
    not_finite: int = 0  # steps that were passed over
    unreadable: set[int] = field(default_factory=set)  # training pictures that others took the place of, by this rank

    @classmethod
    def of(cls, description: Description, metric: type[Metric], pictures_per_step: int, first: bool) -> "Standing":
        """Return where the run of a checkpoint stood; ``first`` says that this is the first of the ranks."""
        state = description.state
        # the counts are those of all ranks, and will be added up again
        counts = metric(state.metric if first else None)
        steps = state.epoch_pictures // pictures_per_step
        totals = EpochTotals(counts, steps, state.loss_sum, state.loss_count)
        best = -1.0 if description.best_score is None else description.best_score
        return cls(totals, description.epoch, description.step, best, state.not_finite, set(state.unreadable))

    def state(self, ranks: Ranks, pictures_per_step: int, digest: str) -> RunState:
        """Return what a record keeps of it, the unreadable pictures being those of all ranks.

        ``digest`` is that of the training pictures.
        """
        counted = copy.deepcopy(self.totals.metric)
        counted.reduce(ranks)
        return RunState(
            ranks=ranks.size,
            epoch_pictures=self.totals.steps * pictures_per_step,
            metric=counted.counts,
            loss_sum=self.totals.loss_sum,
            loss_count=self.totals.loss_count,
            not_finite=self.not_finite,
            unreadable=tuple(sorted(self.unreadable)),
            pictures=digest,
        )


class Unreadable:
    """How many different training pictures a run puts up with that can't be read."""

    def __init__(self, source: Source, limit: int) -> None:
        """Build for the pictures of ``source``; ``limit`` of them may be replaced by others."""
        self._source, self._limit = source, limit

    def add(self, seen: set[int], batch: Batch) -> UserError | None:
        """Add those of a batch to ``seen``, and return what to say where there are too many."""
        seen.update(int(index) for index in np.unique(batch.unreadable) if index >= 0)
        if len(seen) <= self._limit:
            return None
        return UserError(
            f"{self._source.name}: more than data.max_skipped={self._limit} pictures can't be read, "
            f"the last {self._source.picture_name(max(seen))}; tools/check_data.py lists them all"
        )

    def united(self, seen: set[int], ranks: Ranks) -> set[int]:
        """Return what all ranks have seen."""
        flags = np.zeros(len(self._source), np.float32)
        flags[list(seen)] = 1
        return {int(index) for index in np.flatnonzero(ranks.total(flags))}

    def names(self, seen: set[int]) -> list[str]:
        """Return their names, sorted by their place in the data set."""
        return [self._source.picture_name(index) for index in sorted(seen)]
