# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Random erasing: its rectangles against timm's, what stands in them, and how often."""

import numpy as np
import pytest

from src.config import DataConfig
from src.data.erasing import Eraser, draw_box


def test_rectangles_are_timms(timm, script):
    for case in timm[0]["erasings"]:
        rng = script(*case["draws"][1:])  # the first decides whether to erase
        assert list(draw_box(17, 23, rng)) == case["box"]
        assert rng.finished()


def erased(mode, seed, probability=1.0):
    image = np.full((3, 17, 23), 5.0, np.float32)
    Eraser(DataConfig(erase_prob=probability, erase_mode=mode))(image, np.random.default_rng(seed))
    return image


@pytest.mark.parametrize(("mode", "values"), [("pixel", None), ("rand", 1), ("const", 1)])
def test_what_stands_in_the_rectangle(mode, values):
    seen = []
    for seed in range(100):
        image = erased(mode, seed)
        changed = (image != 5.0).all(0)
        rows, columns = np.flatnonzero(changed.any(1)), np.flatnonzero(changed.any(0))
        box = image[:, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        assert changed.sum() == box[0].size  # one whole rectangle
        assert 0.01 < changed.mean() < 0.4
        for channel in box:
            assert values is None or len(np.unique(channel)) == values
        seen.append(box.reshape(3, -1))
    numbers = np.concatenate(seen, axis=1)
    if mode == "const":
        assert not numbers.any()
    elif mode == "pixel":
        assert np.abs(numbers.mean(1)).max() < 0.05
        assert np.abs(numbers.std(1) - 1).max() < 0.05
        assert np.abs(np.corrcoef(numbers) - np.eye(3)).max() < 0.05
    else:
        colours = np.array([box[:, 0] for box in seen])
        assert np.abs(colours.mean(0)).max() < 0.4  # four deviations
        assert np.abs(colours.std(0) - 1).max() < 0.3


def test_as_many_pictures_as_asked_for():
    share = np.mean([(erased("const", seed, 0.25) != 5.0).any() for seed in range(2000)])
    assert abs(share - 0.25) < 4 * np.sqrt(0.25 * 0.75 / 2000)


def test_where_no_rectangle_fits_the_picture_stays():
    image = np.ones((3, 1, 1), np.float32)
    Eraser(DataConfig(erase_prob=1.0))(image, np.random.default_rng(0))
    assert image.all()
