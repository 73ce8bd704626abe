# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Evaluation: every picture exactly once."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from src.data.loader import EvalLoader
from src.data.pictures import Batch
from src.distributed import Ranks
from src.engine.metrics import Accuracy, accuracy
from src.errors import UserError
from src.logs import Progress
from src.models.inference import Logits


@dataclass(frozen=True)
class Evaluation:
    """The result of one pass over a split."""

    accuracy: Accuracy
    images_per_second: float  # reading and transforming included; the first batch, which compiles, left out

    def report(self, model: str, data: str) -> dict[str, Any]:
        """Return the result as a table for JSON, with what was evaluated on what."""
        return {
            "model": model,
            "data": data,
            "top1": self.accuracy.top1_percent,
            "top5": self.accuracy.top5_percent,
            "pictures": self.accuracy.count,
            "images_per_second": round(self.images_per_second, 2),
        }


def evaluate(
    logits: Logits, loader: EvalLoader, ranks: Ranks, between: Callable[[], None] = lambda: None
) -> Evaluation:
    """Return the accuracy of a classifier on all pictures of a loader, those of the other ranks included.

    The counts are added up over the ranks after each batch, so that no rank runs ahead of another by more than that.

    Args:
        logits: the classifier.
        loader: this rank's share of the pictures.
        ranks: that evaluate together.
        between: is called after each batch, and may raise to stop.

    Raises:
        UserError: a picture that can't be read, on all ranks alike.
        RuntimeError: the batches held another number of pictures than the loader says.
    """
    total = Accuracy()
    progress = Progress("evaluating", loader.count)
    started, first = time.monotonic(), 0
    batches = iter(loader)
    for _ in range(loader.steps):
        batch = read_next(batches, ranks)
        counts = accuracy(logits(batch.images), batch.labels) if batch else Accuracy()
        counts = Accuracy(*(int(count) for count in ranks.total([counts.top1, counts.top5, counts.count])))
        total += counts
        if not first:
            started, first = time.monotonic(), total.count
        progress.advance(counts.count, "images", f"top-1 {total.top1_percent:.2f} %")
        between()
    progress.close()
    if total.count != loader.count or next(batches, None):
        raise RuntimeError(f"evaluated {total.count} pictures of {loader.count}")
    # one batch alone has no steady rate to report
    seconds = time.monotonic() - started
    return Evaluation(total, (total.count - first) / seconds if total.count > first else 0.0)


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
