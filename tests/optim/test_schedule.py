# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The learning rate at steps where it can be computed by hand."""

import pytest

from src.config import OptimConfig
from src.optim.schedule import learning_rate

BOUNDS = {"lr": 1.0, "min_lr": 0.1, "warmup_lr": 0.2}


# 30 steps, 10 of them warm-up: from 0.2 in a line to 1, then 0.1 + 0.45 (1 + cos(pi (step - 10) / 20))
@pytest.mark.parametrize(
    ("step", "rate"),
    [
        (0, 0.2),
        (1, 0.28),
        (5, 0.6),
        (9, 0.92),
        (10, 1.0),
        (15, 0.8681980515339464),  # cos(pi / 4) = 0.7071067811865476
        (20, 0.55),
        (25, 0.23180194846605365),
        (29, 0.10554024673218801),  # cos(19 pi / 20) = -0.9876883405951378
        (30, 0.1),
        (1000, 0.1),
    ],
)
def test_warm_up_and_cosine(step, rate):
    optim = OptimConfig(**BOUNDS, warmup_epochs=2)
    assert learning_rate(step, steps_per_epoch=5, epochs=6, optim=optim) == pytest.approx(rate, rel=1e-12)


@pytest.mark.parametrize("epochs_of_warmup", [0, 0.05])  # a twentieth of 5 steps is none
def test_no_warm_up_starts_at_the_peak(epochs_of_warmup):
    optim = OptimConfig(**BOUNDS, warmup_epochs=epochs_of_warmup)
    assert learning_rate(0, 5, 6, optim) == 1.0
    assert learning_rate(15, 5, 6, optim) == pytest.approx(0.55)


def test_fraction_of_an_epoch_of_warm_up():
    optim = OptimConfig(**BOUNDS, warmup_epochs=0.6)  # 3 steps of 5
    rates = [learning_rate(step, 5, 6, optim) for step in range(4)]
    assert rates == pytest.approx([0.2, 0.2 + 0.8 / 3, 0.2 + 1.6 / 3, 1.0])


def test_rate_rises_then_falls():
    optim = OptimConfig(**BOUNDS, warmup_epochs=2.5)
    rates = [learning_rate(step, 7, 9, optim) for step in range(63)]
    peak = rates.index(1.0)
    assert peak == 18  # 17.5 steps, to the even number
    assert rates[: peak + 1] == sorted(rates[: peak + 1])
    assert rates[peak:] == sorted(rates[peak:], reverse=True)
    assert len(set(rates)) == 63


def test_warm_up_may_fill_all_steps_but_the_cosine_still_ends():
    optim = OptimConfig(**BOUNDS, warmup_epochs=0.9)  # of one epoch of one step: rounds to the whole run
    assert learning_rate(0, 1, 1, optim) == 0.2
    assert learning_rate(1, 1, 1, optim) == 1.0
    assert learning_rate(2, 1, 1, optim) == pytest.approx(0.1)
