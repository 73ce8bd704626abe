# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""What the sides of a comparison work on, whatever computes: subjects, and what of the work is timed."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from benchmarks.turns import timed

RATE, WEIGHT_DECAY = 1e-4, 0.05  # of AdamW in a training step
CLASSES = 1000


@dataclass(frozen=True)
class Subject:
    """What a process works on."""

    model: str  # registered name, or the path of a file
    batch_size: int  # images a pass
    image_size: int  # pixels a side
    settings: tuple[str, ...] = ()  # key=value, of the model

    def batch(self) -> tuple[np.ndarray, np.ndarray]:
        """Return noise for images (B, 3, H, W) and even targets (B, K), float32."""
        shape = (self.batch_size, 3, self.image_size, self.image_size)
        images = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
        return images, np.full((self.batch_size, CLASSES), 1 / CLASSES, np.float32)


@dataclass(frozen=True)
class Work:
    """What is timed."""

    run: Callable[[], object]  # one pass; it waits for its own result
    passes: int = 3  # timed ones in a turn
    parts: int = 1  # like things that one pass does; the time of one of them is what counts

    def turn(self) -> float:
        """Return the seconds of one part, after an untimed pass that finds caches and threads as others left them."""
        self.run()
        return timed(lambda: [self.run() for _ in range(self.passes)])() / (self.passes * self.parts)
