# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The learning rate as a pure function of the step."""

import math

from src.config import OptimConfig


def learning_rate(step: int, steps_per_epoch: int, epochs: int, optim: OptimConfig) -> float:
    """Return the rate of a step: a linear warm-up to ``optim.lr``, half a cosine, then ``optim.min_lr``.

    With t in epochs, w epochs of warm-up and T epochs in all:

    t < w: warmup_lr + (lr - warmup_lr) t / w;  t < T: min_lr + (lr - min_lr) (1 + cos(pi t / T)) / 2;  then min_lr

    The cosine runs from t = 0, not from the end of the warm-up: so the recipe of Aug-ViT was published (timm's cosine
    schedule without a warm-up prefix), and the rate falls a little where the warm-up ends.

    Args:
        step: from 0.
        steps_per_epoch: of the run.
        epochs: T, of the run, cooldown not counted.
        optim: bounds, the length of the warm-up, and whether t moves on with the step or with the epoch.
    """
    t = step // steps_per_epoch if optim.lr_per == "epoch" else step / steps_per_epoch
    if t < optim.warmup_epochs:
        return optim.warmup_lr + (optim.lr - optim.warmup_lr) * t / optim.warmup_epochs
    if t < epochs:
        return optim.min_lr + 0.5 * (optim.lr - optim.min_lr) * (1.0 + math.cos(math.pi * t / epochs))
    return optim.min_lr
