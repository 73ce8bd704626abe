# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Evaluation: every picture exactly once."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from src.data.loader import Batch
from src.engine.metrics import Accuracy, accuracy
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


def evaluate(logits: Logits, batches: Iterable[Batch], count: int, title: str = "evaluating") -> Evaluation:
    """Return the accuracy of a classifier on ``batches`` that hold ``count`` pictures in all.

    Raises:
        RuntimeError: the batches held another number of pictures.
    """
    total = Accuracy()
    progress = Progress(title, count)
    started, first = time.monotonic(), 0
    for batch in batches:
        total += accuracy(logits(batch.images), batch.labels)
        if not first:
            started, first = time.monotonic(), total.count
        progress.advance(len(batch.labels), "images", f"top-1 {total.top1_percent:.2f} %")
    progress.close()
    if total.count != count:
        raise RuntimeError(f"evaluated {total.count} pictures of {count}")
    # one batch alone has no steady rate to report
    seconds = time.monotonic() - started
    return Evaluation(total, (total.count - first) / seconds if total.count > first else 0.0)
