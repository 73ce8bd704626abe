# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Accuracy as counts, which add up over batches and ranks; a ratio is taken once, at the end."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from src.data.batch import Batch
from src.distributed import Ranks


class Accuracy:
    """How many of how many pictures were right.

    A picture is right for ``top1`` where its class has the largest logit, for ``top5`` where that is among the five
    largest (or all, where there are fewer classes).
    """

    score: ClassVar[str] = "top1"
    label: ClassVar[str] = "top-1"
    title: ClassVar[str] = "top-1 accuracy, %"

    def __init__(self, counts: Mapping[str, float] | None = None) -> None:
        """Begin with none, or with ``counts`` that were kept."""
        self.counts: dict[str, float] = {"top1": 0, "top5": 0, "pictures": 0, **(counts or {})}

    def add(self, outputs: np.ndarray, batch: Batch) -> None:
        """Count the logits ``outputs`` (B, K) of a batch."""
        top1, top5 = count_right(outputs, batch.labels)
        self.counts["top1"] += top1
        self.counts["top5"] += top5
        self.counts["pictures"] += len(batch.labels)

    def reduce(self, ranks: Ranks) -> None:
        """Add the counts of all ranks together, on each of them; exact below 2**24."""
        totals = ranks.total(list(self.counts.values()))
        self.counts = {name: int(total) for name, total in zip(self.counts, totals, strict=True)}

    def figures(self) -> dict[str, float]:
        """Return ``top1`` and ``top5`` in percent."""
        pictures = max(1, self.counts["pictures"])
        return {name: 100.0 * self.counts[name] / pictures for name in ("top1", "top5")}

    def text(self) -> str:
        """Return the score as a progress line has it."""
        return f"top-1 {self.figures()['top1']:.2f} %"

    def summary(self) -> str:
        """Return both figures as a person reads them."""
        return f"{self.text()}  top-5 {self.figures()['top5']:.2f} %"


def count_right(logits: np.ndarray, labels: np.ndarray) -> tuple[int, int]:
    """Return how many of a batch are right for top-1 and for top-5: ``logits`` (B, K), ``labels`` (B,).

    A class counts as among the five largest when fewer than five logits exceed its own. A row with a NaN is wrong.
    """
    own = np.take_along_axis(logits, labels[:, None].astype(np.int64), axis=1)  # (B, 1)
    above = (logits > own).sum(axis=1)
    above[~np.isfinite(logits).all(axis=1)] = logits.shape[1]
    return int((above < 1).sum()), int((above < min(5, logits.shape[1])).sum())
