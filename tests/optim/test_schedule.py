# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The learning rate at steps where it can be computed by hand."""

import math

import pytest

from src.config import OptimConfig
from src.optim.schedule import learning_rate

BOUNDS = {"lr": 1.0, "min_lr": 0.1, "warmup_lr": 0.2}
PUBLISHED = OptimConfig(lr=1e-3, min_lr=1e-5, warmup_lr=1e-6, warmup_epochs=5, cooldown_epochs=10, lr_per="epoch")
ROOT = math.sqrt(0.5)  # cos(pi / 4)


# 6 epochs of 5 steps, 2 of them warm-up: from 0.2 in a line towards 1, then 0.1 + 0.45 (1 + cos(pi step / 30))
@pytest.mark.parametrize(
    ("step", "rate"),
    [
        (0, 0.2),
        (1, 0.28),
        (5, 0.6),
        (9, 0.92),
        (10, 0.775),  # cos(pi / 3) = 1 / 2: the cosine is two epochs down when the warm-up ends
        (15, 0.55),
        (20, 0.325),  # cos(2 pi / 3) = -1 / 2
        (25, 0.16028856829700255),  # cos(5 pi / 6) = -0.8660254037844386
        (29, 0.10246514708427702),  # cos(29 pi / 30) = -0.9945218953682733
        (30, 0.1),
        (1000, 0.1),
    ],
)
def test_warm_up_and_cosine(step, rate):
    optim = OptimConfig(**BOUNDS, warmup_epochs=2)
    assert learning_rate(step, steps_per_epoch=5, epochs=6, optim=optim) == pytest.approx(rate, rel=1e-12)


@pytest.mark.parametrize(
    ("epoch", "rate"),
    [
        (0, 1e-6),
        (1, 2.008e-4),  # 1e-6 + 999e-6 / 5
        (4, 8.002e-4),
        (5, 0.000999321619703514),  # 1e-5 + 495e-6 (1 + cos(pi / 60)), cos = 0.9986295347545738
        (75, 1e-5 + 4.95e-4 * (1 + ROOT)),
        (150, 5.05e-4),
        (225, 1e-5 + 4.95e-4 * (1 - ROOT)),
        (299, 1.0027140704546e-5),  # 495e-6 (1 + cos(299 pi / 300)), 1 + cos = 5.4829706e-5
        (300, 1e-5),
        (309, 1e-5),
    ],
)
@pytest.mark.parametrize("step", [0, 625, 1250])
def test_the_published_recipe(epoch, step, rate):
    """310 epochs of 1251 steps, the rate the same for all steps of one."""
    assert learning_rate(epoch * 1251 + step, 1251, 300, PUBLISHED) == pytest.approx(rate, rel=1e-9)


def test_no_warm_up_starts_at_the_peak():
    optim = OptimConfig(**BOUNDS, warmup_epochs=0)
    assert learning_rate(0, 5, 6, optim) == 1.0
    assert learning_rate(15, 5, 6, optim) == pytest.approx(0.55)


@pytest.mark.parametrize(
    ("lr_per", "rates"),
    [
        ("step", [0.2, 0.2 + 0.8 / 2.5, 0.2 + 1.6 / 2.5, 0.1 + 0.45 * (1 + math.cos(math.pi / 10))]),
        ("epoch", [0.2, 0.2, 0.2, 0.2]),
    ],
)
def test_fraction_of_an_epoch_of_warm_up(lr_per, rates):
    """Half an epoch of 5 steps: the third step is at 0.4, the fourth at 0.6; epoch 0 stays at its beginning."""
    optim = OptimConfig(**BOUNDS, warmup_epochs=0.5, lr_per=lr_per)
    assert [learning_rate(step, 5, 6, optim) for step in range(4)] == pytest.approx(rates)
    assert learning_rate(5, 5, 6, optim) == pytest.approx(0.1 + 0.45 * (1 + math.cos(math.pi / 6)))


def test_rate_rises_then_falls():
    optim = OptimConfig(**BOUNDS, warmup_epochs=2.5)
    rates = [learning_rate(step, 7, 9, optim) for step in range(63)]
    end = 18  # 17.5 steps of warm-up
    assert rates[:end] == sorted(rates[:end])
    assert rates[end:] == sorted(rates[end:], reverse=True)
    assert max(rates) == rates[end - 1] < 1.0
    assert len(set(rates)) == 63


def test_cooldown_follows_the_epochs():
    optim = OptimConfig(**BOUNDS, warmup_epochs=0, cooldown_epochs=3)
    assert learning_rate(29, 5, 6, optim) > 0.1
    assert {learning_rate(step, 5, 6, optim) for step in range(30, 45)} == {0.1}
