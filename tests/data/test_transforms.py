# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Transforms: the crops of evaluation and of training pixel by pixel, their statistics, and the normalisation."""

import math

import numpy as np
import pytest
from PIL import Image

from src.config import DataConfig
from src.data.transforms import TrainTransform, eval_picture, normalise, random_crop_box
from src.preprocessing import Preprocessing

RESAMPLING = {
    "bicubic": Image.Resampling.BICUBIC,
    "bilinear": Image.Resampling.BILINEAR,
    "nearest": Image.Resampling.NEAREST,
}


def picture(width, height):
    pixels = np.random.default_rng(width * 1000 + height).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def torchvision(image, resize, size, interpolation):
    """Return torchvision's Resize(resize) and CenterCrop(size), in its own arithmetic."""
    width, height = image.size
    short, long = (width, height) if width <= height else (height, width)
    new_short, new_long = resize, int(resize * long / short)
    new = (new_short, new_long) if width <= height else (new_long, new_short)
    image = image.resize(new, RESAMPLING[interpolation])
    top, left = round((new[1] - size) / 2.0), round((new[0] - size) / 2.0)
    return np.asarray(image)[top : top + size, left : left + size]


@pytest.mark.parametrize("interpolation", RESAMPLING)
@pytest.mark.parametrize(
    ("width", "height"), [(33, 50), (50, 33), (41, 41), (17, 90), (91, 16), (25, 24), (24, 31), (36, 24), (100, 7)]
)
@pytest.mark.parametrize(("resize", "size"), [(24, 16), (24, 17), (25, 24), (24, 24)])
def test_evaluation_is_torchvisions_resize_and_centre_crop(resize, size, width, height, interpolation):
    preprocessing = Preprocessing(size=size, resize=resize, interpolation=interpolation)
    image = picture(width, height)
    result = eval_picture(image, preprocessing)
    assert result.dtype == np.uint8
    assert np.array_equal(result, torchvision(image, resize, size, interpolation))


@pytest.mark.parametrize(("width", "left"), [(16, 0), (17, 0), (18, 1), (19, 2), (20, 2), (21, 2), (22, 3), (23, 4)])
def test_half_pixels_are_rounded_to_even(width, left):
    image = picture(width, 16)
    crop = eval_picture(image, Preprocessing(size=16, resize=16))
    assert np.array_equal(crop, np.asarray(image)[:, left : left + 16])


def boxes(count, size=(1000, 1000), scale=(0.1, 0.3), ratio=(3 / 4, 4 / 3)):
    rng = np.random.default_rng(3)
    return np.array([random_crop_box(size, scale, ratio, rng) for _ in range(count)], np.float64).T


def test_area_and_logarithm_of_the_ratio_are_uniform():
    # of a picture this large every draw fits, so that the distributions are those of the draws
    _, _, width, height = boxes(4000)
    area, log_ratio = width * height / 1e6, np.log(width / height) / math.log(4 / 3)
    for values, low, high in ((area, 0.1, 0.3), (log_ratio, -1.0, 1.0)):
        slack = 0.01 * (high - low)
        assert low - slack < values.min() < low + slack
        assert high - slack < values.max() < high + slack
        shares = np.histogram(values, 10, (low, high))[0] / len(values)
        assert np.abs(shares - 0.1).max() < 0.02  # four deviations


def test_places_are_uniform_and_inside():
    left, top, width, height = boxes(4000)
    for start, length in ((left, width), (top, height)):
        assert start.min() >= 0
        assert (start + length).max() <= 1000
        shares = np.histogram(start / (1000 - length), 10, (0, 1))[0] / len(start)
        assert np.abs(shares - 0.1).max() < 0.02


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (50, 1), (7, 5), (33, 64)])
def test_boxes_lie_inside_pictures_of_any_size(size):
    left, top, width, height = boxes(300, size, (0.08, 1.0))
    assert min(left.min(), top.min()) >= 0
    assert min(width.min(), height.min()) >= 1
    assert (left + width).max() <= size[0]
    assert (top + height).max() <= size[1]


@pytest.mark.parametrize(
    ("size", "scale", "ratio", "box"),
    [
        ((10, 1000), (0.08, 1.0), (3 / 4, 4 / 3), (0, 493, 10, 13)),
        ((1000, 10), (0.08, 1.0), (3 / 4, 4 / 3), (493, 0, 13, 10)),
        ((40, 40), (1.0, 1.0), (1 / 2, 2 / 3), (6, 0, 27, 40)),
    ],
)
def test_where_no_draw_fits_the_largest_centre_crop_is_taken(size, scale, ratio, box):
    assert random_crop_box(size, scale, ratio, np.random.default_rng(0)) == box


def test_the_whole_picture_can_be_the_crop():
    rng = np.random.default_rng(0)
    assert random_crop_box((20, 20), (1.0, 1.0), (1.0, 1.0), rng) == (0, 0, 20, 20)


@pytest.mark.parametrize("interpolation", RESAMPLING)
def test_training_crops_then_resizes_what_the_generator_draws(interpolation):
    image, data = picture(40, 30), DataConfig(interpolation=interpolation, flip=0.0)
    for seed in range(20):
        left, top, width, height = random_crop_box(
            image.size, data.crop_scale, data.crop_ratio, np.random.default_rng(seed)
        )
        cut = Image.fromarray(np.asarray(image)[top : top + height, left : left + width])
        expected = np.asarray(cut.resize((12, 12), RESAMPLING[interpolation]))
        result = TrainTransform(data, Preprocessing(size=12))(image, np.random.default_rng(seed))
        assert result.dtype == np.uint8
        assert np.array_equal(result, expected)


def test_same_generator_same_crop_another_generator_another():
    image, transform = picture(40, 30), TrainTransform(DataConfig(), Preprocessing(size=8))
    crops = [transform(image, np.random.default_rng(seed)).tobytes() for seed in (0, 0, 1, 2)]
    assert crops[0] == crops[1]
    assert len(set(crops)) == 3


def test_flips_are_never_always_or_as_often_as_asked():
    image = picture(40, 30)
    flipped = 0
    for seed in range(400):
        never, always, sometimes = (
            TrainTransform(DataConfig(flip=flip), Preprocessing(size=6))(image, np.random.default_rng(seed))
            for flip in (0.0, 1.0, 0.25)
        )
        assert np.array_equal(always, never[:, ::-1])
        flipped += np.array_equal(sometimes, always)
        assert np.array_equal(sometimes, always) or np.array_equal(sometimes, never)
    assert abs(flipped / 400 - 0.25) < 4 * math.sqrt(0.25 * 0.75 / 400)


def test_a_random_interpolation_is_bicubic_or_bilinear_half_and_half():
    image, size = picture(40, 30), Preprocessing(size=6)
    chosen = []
    for seed in range(200):
        drawn, *fixed = (
            TrainTransform(DataConfig(interpolation=name), size)(image, np.random.default_rng(seed))
            for name in ("random", "bilinear", "bicubic")
        )
        same = [np.array_equal(drawn, one) for one in fixed]
        assert any(same)
        chosen.append(same[1])
    assert 70 < sum(chosen) < 130  # four deviations


def test_a_policy_goes_before_colour_jitter():
    image, size = picture(40, 30), Preprocessing(size=12)
    plain, both, policy, jitter = (
        [TrainTransform(DataConfig(**data), size)(image, np.random.default_rng(seed)) for seed in range(8)]
        for data in (
            {},
            {"auto_augment": "rand-m9", "color_jitter": 0.4},
            {"auto_augment": "rand-m9"},
            {"color_jitter": 0.4},
        )
    )
    assert np.array_equal(both, policy)
    assert all(not np.array_equal(one, other) for one, other in zip(plain, jitter, strict=True))
    assert not np.array_equal(policy, jitter)


@pytest.mark.parametrize("fields", [{}, {"mean": (0.5, 0.4, 0.3), "std": (0.1, 0.5, 1.0)}])
def test_normalise_is_its_formula(fields, rng):
    preprocessing = Preprocessing(**fields)
    pictures = rng.integers(0, 256, (2, 5, 4, 3), dtype=np.uint8)
    pictures[0, 0] = 0
    pictures[1, 4] = 255
    result = normalise(pictures, preprocessing)
    wide = (pictures / 255.0 - np.array(preprocessing.mean)) / np.array(preprocessing.std)
    assert result.dtype == np.float32
    assert result.shape == (2, 3, 5, 4)
    assert result.flags.c_contiguous
    assert np.abs(result - wide.transpose(0, 3, 1, 2)).max() < 2e-6
