# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The learning rate as a pure function of the step."""

import math

from src.config import OptimConfig


def learning_rate(step: int, steps_per_epoch: int, epochs: int, optim: OptimConfig) -> float:
    """Return the rate of a step: a linear warm-up to ``optim.lr``, then half a cosine down to ``optim.min_lr``.

    Args:
        step: from 0 to epochs * steps_per_epoch - 1; beyond, the rate stays at the end of the cosine.
        steps_per_epoch: of the run.
        epochs: of the run.
        optim: bounds and the length of the warm-up.
    """
    warmup = round(optim.warmup_epochs * steps_per_epoch)
    if step < warmup:
        return optim.warmup_lr + (optim.lr - optim.warmup_lr) * step / warmup
    done = min(1.0, (step - warmup) / max(1, epochs * steps_per_epoch - warmup))
    return optim.min_lr + 0.5 * (optim.lr - optim.min_lr) * (1.0 + math.cos(math.pi * done))
