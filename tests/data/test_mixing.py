# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Mixup and cutmix: against timm's, and the distribution of what is drawn."""

import numpy as np
import pytest

from src.config import DataConfig
from src.data.mixing import Mix, Mixer, cut_box, mix_bytes, mix_floats


@pytest.mark.parametrize("number", range(4))
def test_pictures_and_targets_are_timms(number, timm, script):
    cases, arrays = timm
    case = cases["mixtures"][number]
    height, width = arrays["mix/pictures"].shape[2:]
    mix = cut_box(case["own"], height, width, script(*case["centre"])) if case["centre"] else Mix(case["own"])
    bytes_ = mix_bytes(arrays["mix/pictures"].transpose(0, 2, 3, 1), mix)
    assert bytes_.dtype == np.uint8
    assert np.array_equal(bytes_.transpose(0, 3, 1, 2), arrays[f"mix/{number}/pictures"])
    floats = mix_floats(arrays["mix/floats"], mix)
    assert floats.dtype == np.float32
    np.testing.assert_allclose(floats, arrays[f"mix/{number}/floats"], rtol=0, atol=5e-7)
    targets = Mixer(DataConfig(mixup=0.8), 5, 0.1).targets(arrays["mix/labels"], mix)
    assert targets.dtype == np.float32
    np.testing.assert_allclose(targets, arrays[f"mix/{number}/targets"], rtol=0, atol=1e-7)


def test_targets_are_smoothed():
    targets = Mixer(DataConfig(), 4, 0.2).targets(np.array([2, 0]), Mix())
    np.testing.assert_allclose(targets, [[0.05, 0.05, 0.85, 0.05], [0.85, 0.05, 0.05, 0.05]], rtol=0, atol=1e-7)
    assert targets.dtype == np.float32


def test_what_goes_in_stays_as_it_was(timm):
    pictures = timm[1]["mix/pictures"].transpose(0, 2, 3, 1)
    before = pictures.copy()
    for mix in (Mix(), Mix(0.3), Mix(0.5, (1, 4, 0, 3))):
        mix_bytes(pictures, mix)
        mix_floats(pictures.astype(np.float32), mix)
    assert np.array_equal(pictures, before)


def draws(count=4000, **data):
    mixer = Mixer(DataConfig(**data), 10, 0.1)
    return [mixer.draw(32, 24, np.random.default_rng(seed)) for seed in range(count)]


def test_half_the_batches_are_cut_and_half_blended():
    mixes = draws(mixup=0.8, cutmix=1.0)
    boxed = [mix for mix in mixes if mix.box is not None]
    blended = [mix.own for mix in mixes if mix.box is None]
    assert abs(len(boxed) / len(mixes) - 0.5) < 0.035
    # Beta(0.8, 0.8): mean 1/2, variance 1 / (4 (2 alpha + 1))
    assert abs(np.mean(blended) - 0.5) < 0.025
    assert abs(np.var(blended) - 1 / (4 * 2.6)) < 0.01
    for mix in boxed:
        top, bottom, left, right = mix.box
        assert 0 <= top <= bottom <= 32
        assert 0 <= left <= right <= 24
        assert mix.own == pytest.approx(1 - (bottom - top) * (right - left) / (32 * 24))


@pytest.mark.parametrize(
    ("data", "boxed", "blended"),
    [
        ({}, 0, 0),
        ({"mixup": 0.8}, 0, 1),
        ({"cutmix": 1.0}, 1, 0),
        ({"mixup": 0.8, "cutmix": 1.0, "mix_switch": 0.2}, 0.2, 0.8),
        ({"mixup": 0.8, "cutmix": 1.0, "mix_prob": 0.4}, 0.2, 0.2),
        ({"mixup": 0.8, "cutmix": 1.0, "mix_prob": 0.0}, 0, 0),
    ],
)
def test_what_is_off_is_never_drawn(data, boxed, blended):
    mixes = draws(2000, **data)
    assert abs(np.mean([mix.box is not None for mix in mixes]) - boxed) < 0.04
    assert abs(np.mean([mix.box is None and mix.own < 1 for mix in mixes]) - blended) < 0.04
