# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Accuracy as counts, which add up over batches and ranks; a ratio is taken once, at the end."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Accuracy:
    """How many of how many pictures were right."""

    top1: int = 0  # the right class has the largest logit
    top5: int = 0  # it is among the five largest (or all, where there are fewer classes)
    count: int = 0  # pictures seen

    def __add__(self, other: "Accuracy") -> "Accuracy":
        """Return the counts of both."""
        return Accuracy(self.top1 + other.top1, self.top5 + other.top5, self.count + other.count)

    @property
    def top1_percent(self) -> float:
        """Top-1 accuracy in percent."""
        return 100.0 * self.top1 / max(1, self.count)

    @property
    def top5_percent(self) -> float:
        """Top-5 accuracy in percent."""
        return 100.0 * self.top5 / max(1, self.count)


def accuracy(logits: np.ndarray, labels: np.ndarray) -> Accuracy:
    """Return the counts of a batch: ``logits`` (B, K), ``labels`` (B,).

    A class counts as among the five largest when fewer than five logits exceed its own. A row with a NaN is wrong.
    """
    own = np.take_along_axis(logits, labels[:, None].astype(np.int64), axis=1)  # (B, 1)
    above = (logits > own).sum(axis=1)
    above[~np.isfinite(logits).all(axis=1)] = logits.shape[1]
    return Accuracy(int((above < 1).sum()), int((above < min(5, logits.shape[1])).sum()), len(labels))
