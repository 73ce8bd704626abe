# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Stochastic depth: factors that depend on (seed, epoch, position) alone, and their statistics."""

import numpy as np
import pytest
from mindspore import Tensor

from src.layers.drop_path import drop_path, drop_path_factors

RATES = (0.0, 0.1, 0.5, 0.9)


def test_factors_do_not_depend_on_how_pictures_are_batched():
    whole = drop_path_factors(RATES, 42, 3, range(32))
    assert whole.shape == (4, 32)
    assert whole.dtype == np.float32
    order = np.random.default_rng(0).permutation(32)
    parts = np.concatenate([drop_path_factors(RATES, 42, 3, part) for part in np.split(order, [5, 6, 20])], axis=1)
    assert np.array_equal(parts, whole[:, order])


def test_seed_epoch_and_position_each_change_the_factors():
    def factors(seed, epoch, first):
        return drop_path_factors([0.5] * 4, seed, epoch, range(first, first + 16)).tobytes()

    assert len({factors(1, 1, 0), factors(2, 1, 0), factors(1, 2, 0), factors(2, 2, 0), factors(1, 1, 16)}) == 5
    assert factors(1, 1, 0) == factors(1, 1, 0)


def test_a_factor_is_zero_or_makes_up_for_what_is_dropped():
    factors = drop_path_factors(RATES, 0, 0, range(200))
    for rate, own in zip(RATES[1:], factors[1:], strict=True):
        assert np.array_equal(np.unique(own), np.array([0, 1 / (1 - rate)], np.float32))


def test_rate_zero_keeps_everything():
    assert np.array_equal(drop_path_factors([0.0, 0.0], 5, 7, range(500)), np.ones((2, 500), np.float32))


def test_factors_have_mean_one_and_branches_are_dropped_independently():
    count = 4000
    factors = drop_path_factors(RATES, 9, 1, range(count))
    for rate, own in zip(RATES, factors, strict=True):
        assert abs(own.mean() - 1) <= 4 * np.sqrt(rate / (1 - rate) / count)
    branches = np.corrcoef(factors[1:])
    assert np.abs(branches - np.eye(3)).max() < 4 / np.sqrt(count)
    neighbours = np.corrcoef(factors[2, :-1], factors[2, 1:])[0, 1]
    assert abs(neighbours) < 4 / np.sqrt(count)


@pytest.mark.parametrize("factors", [[0.0, 2.0, 1.25], [1.0, 1.0, 1.0]])
def test_drop_path_multiplies_each_picture_by_its_factors(factors, rng):
    y = rng.standard_normal((3, 4, 5)).astype(np.float32)
    factors = np.array(factors, np.float32)
    assert np.array_equal(drop_path(Tensor(y), Tensor(factors)).asnumpy(), y * factors[:, None, None])


def test_without_factors_the_branch_is_handed_on():
    y = Tensor(np.ones((1, 2, 3), np.float32))
    assert drop_path(y, None) is y
