# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""What every metric offers to training and evaluation."""

from typing import ClassVar, Protocol

import numpy as np

from src.data.batch import Batch
from src.distributed import Ranks


class Metric(Protocol):
    """Counts that begin with none and add up over batches and ranks; figures are taken of them at the end."""

    score: ClassVar[str]  # the figure that decides best.ckpt: more is better
    label: ClassVar[str]  # what a person calls it
    title: ClassVar[str]  # of the axis that it is drawn on
    counts: dict[str, float]  # what a checkpoint keeps of it within an epoch

    def add(self, outputs: np.ndarray, batch: Batch) -> None:
        """Count a batch and what the network makes of it."""

    def reduce(self, ranks: Ranks) -> None:
        """Add the counts of all ranks together, on each of them."""

    def figures(self) -> dict[str, float]:
        """Return the figures by name, percent."""

    def text(self) -> str:
        """Return the score as a progress line has it."""

    def summary(self) -> str:
        """Return all figures as a person reads them."""
