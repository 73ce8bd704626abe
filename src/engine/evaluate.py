# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Evaluation: every picture exactly once."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from src.data.batch import Batch
from src.data.loader import EvalLoader
from src.distributed import Ranks
from src.engine.metrics.metric import Metric
from src.errors import UserError
from src.logs import Progress
from src.models.inference import Logits


@dataclass(frozen=True)
class Evaluation:
    """The result of one pass over a split."""

    metric: Metric  # of the pictures of all ranks
    pictures: int
    images_per_second: float  # reading and transforming included; the first batch, which compiles, left out

    def report(self, model: str, data: str) -> dict[str, Any]:
        """Return the result as a table for JSON, with what was evaluated on what."""
        return {
            "model": model,
            "data": data,
            **self.metric.figures(),
            "pictures": self.pictures,
            "images_per_second": round(self.images_per_second, 2),
        }


def evaluate(
    logits: Logits, loader: EvalLoader, metric: Metric, ranks: Ranks, between: Callable[[], None] = lambda: None
) -> Evaluation:
    """Return what a metric says of a network on all pictures of a loader, those of the other ranks included.

    The pictures are counted over the ranks after each batch, so that no rank runs ahead of another by more than that;
    the progress line has the figures of this rank alone.

    Args:
        logits: the network.
        loader: this rank's share of the pictures.
        metric: that nothing was added to yet.
        ranks: that evaluate together.
        between: is called after each batch, and may raise to stop.

    Raises:
        UserError: a picture that can't be read, on all ranks alike.
        RuntimeError: the batches held another number of pictures than the loader says.
    """
    progress = Progress("evaluating", loader.count)
    started, done, first = time.monotonic(), 0, 0
    batches = iter(loader)
    for _ in range(loader.steps):
        batch = read_next(batches, ranks)
        if batch:
            metric.add(logits(batch.images), batch)
        count = int(ranks.total([len(batch.labels) if batch else 0])[0])
        done += count
        if not first:
            started, first = time.monotonic(), done
        progress.advance(count, "images", metric.text())
        between()
    progress.close()
    metric.reduce(ranks)
    if done != loader.count or next(batches, None):
        raise RuntimeError(f"evaluated {done} pictures of {loader.count}")
    # one batch alone has no steady rate to report
    seconds = time.monotonic() - started
    return Evaluation(metric, done, (done - first) / seconds if done > first else 0.0)


def read_next(batches: Iterator[Batch], ranks: Ranks) -> Batch | None:
    """Return the next batch; None where this rank has no more, which another one may have.

    Raises:
        AgreedError: a rank can't read a picture; on all of them.
    """
    batch, failure = None, None
    try:
        batch = next(batches, None)
    except UserError as error:
        failure = error
    ranks.agree(failure)
    return batch
