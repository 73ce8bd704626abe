# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""What is done to a batch: the order of mixing and erasing, and that every draw belongs to its position."""

import numpy as np
import pytest

from src.config import DataConfig
from src.data.batch_transform import BatchTransform
from src.data.transforms import normalise
from src.preprocessing import Preprocessing

SIZE = Preprocessing(size=12, resize=12)
POSITIONS = np.array([40, 41, 7, 3])


@pytest.fixture
def pictures():
    return np.random.default_rng(0).integers(0, 256, (4, 12, 12, 3), dtype=np.uint8)


def transform(pictures, positions=POSITIONS, epoch=2, seed=5, labels=(1, 0, 3, 3), **data):
    return BatchTransform(DataConfig(**data), SIZE, 4, 0.1, seed)(pictures, np.array(labels), epoch, positions)


def test_with_nothing_on_it_is_the_normalisation(pictures):
    images, targets = transform(pictures)
    assert np.array_equal(images, normalise(pictures, SIZE))
    assert images.flags.c_contiguous
    np.testing.assert_allclose(targets[0], [0.025, 0.925, 0.025, 0.025], rtol=0, atol=1e-7)


@pytest.mark.parametrize("order", ["after_mixing", "before_mixing"])
def test_mixing_is_that_of_the_first_position(order, pictures):
    settings = {"mixup": 0.8, "cutmix": 1.0, "erase_order": order}
    images, targets = transform(pictures, **settings)
    again, _ = transform(pictures, np.array([40, 0, 0, 0]), **settings)
    assert np.array_equal(images, again)
    for change in ({"positions": np.array([39, 41, 7, 3])}, {"epoch": 3}, {"seed": 6}):
        assert not np.array_equal(images, transform(pictures, **change, **settings)[0])
    np.testing.assert_allclose(targets.sum(1), 1.0, rtol=0, atol=1e-6)
    assert images.dtype == targets.dtype == np.float32


def test_erasing_is_that_of_each_position(pictures):
    images, _ = transform(pictures, erase_prob=0.7)
    for row in range(4):
        alone, _ = transform(pictures[row : row + 1], POSITIONS[row : row + 1], labels=(0,), erase_prob=0.7)
        assert np.array_equal(alone[0], images[row])
    assert (images != normalise(pictures, SIZE)).any()


def test_a_rectangle_erased_before_mixing_is_blended_and_one_erased_after_is_not(pictures):
    """With one colour in the rectangles: a blended rectangle shows the partner, one of afterwards is flat."""
    settings = {"mixup": 0.8, "erase_prob": 1.0, "erase_mode": "const"}
    after, _ = transform(pictures, erase_order="after_mixing", **settings)
    before, _ = transform(pictures, erase_order="before_mixing", **settings)
    assert all((image == 0).sum() >= 3 * 0.015 * 144 for image in after)
    # a value is 0 before mixing in both partners only where their rectangles overlap
    overlap = (before == 0).all(1).sum((1, 2))
    flat = (after == 0).all(1).sum((1, 2))
    assert (overlap < flat).all()


def test_in_both_orders_mixing_is_the_same_but_for_rounding(pictures):
    bytes_, floats = (
        transform(pictures, mixup=0.8, erase_order=order)[0] for order in ("after_mixing", "before_mixing")
    )
    assert 0 < np.abs(bytes_ - floats).max() < 0.51 / 255 / min(SIZE.std)
