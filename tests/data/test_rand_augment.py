# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""RandAugment: each operation against timm's, the policy strings, and the distribution of what is drawn."""

import math
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from src.data.rand_augment import INCREASING, PLAIN, Drawn, Policy, RandAugment, parse_policy
from src.errors import UserError

RESAMPLING = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
BOTH = tuple(RESAMPLING.values())
# timm's names, by ours
TIMM = {"TranslateX": "TranslateXRel", "TranslateY": "TranslateYRel"}
TWO_KINDS = {"Posterize", "Solarize", "Color", "Contrast", "Brightness", "Sharpness"}


def tables():
    for table, suffix in ((PLAIN, ""), (INCREASING, "Increasing")):
        for operation in table:
            kind = suffix if operation.name in TWO_KINDS else ""
            yield pytest.param(operation, TIMM.get(operation.name, operation.name) + kind, id=operation.name + suffix)


@pytest.mark.parametrize(("operation", "theirs"), list(tables()))
def test_each_operation_is_timms(operation, theirs, timm):
    cases, arrays = timm
    image, augment = Image.fromarray(arrays["picture"]), RandAugment(Policy(), BOTH, tuple(cases["fill"]))
    seen = 0
    for name, expected in arrays.items():
        its, *drawn = name.split("/")
        if its == theirs:
            level, sign, resampling = drawn
            result = augment.apply(image, Drawn(operation, float(level), int(sign), RESAMPLING[resampling]))
            assert np.array_equal(np.asarray(result), expected), name
            seen += 1
    assert seen >= 4


def test_there_are_the_fifteen():
    for table in (PLAIN, INCREASING):
        assert len({operation.name for operation in table}) == len(table) == 15


@pytest.mark.parametrize(
    ("text", "policy"),
    [
        ("rand", Policy()),
        ("rand-m9-mstd0.5-inc1", Policy(magnitude=9, spread=0.5, increasing=True)),
        ("rand-inc1-n3-m7-p1.0", Policy(magnitude=7, layers=3, probability=1.0, increasing=True)),
        ("rand-m15-mmax20-inc0", Policy(magnitude=15, highest=20)),
        ("rand-m9-mstd101", Policy(magnitude=9, spread=math.inf)),
    ],
)
def test_policies_are_spelled_as_in_timm(text, policy):
    assert parse_policy(text) == policy


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("original", "only RandAugment is known here, such as rand-m9-mstd0.5-inc1"),
        ("rand-x9", "'x9' means nothing"),
        ("rand-m", "'m' means nothing"),
        ("rand-m9.5", "'m9.5' means nothing"),
        ("rand-m9--inc1", "'' means nothing"),
        ("rand-p2", "'p2' means nothing"),
        ("rand-n0", "'n0' means nothing"),
        ("rand-inc2", "'inc2' means nothing"),
        ("rand-tweights", "'tweights' means nothing"),
    ],
)
def test_other_policies_are_refused(text, said):
    with pytest.raises(UserError) as refused:
        parse_policy(text)
    assert str(refused.value).startswith(f"data.auto_augment={text}: ")
    assert said in str(refused.value)


def drawn(policy, count=6000):
    augment = RandAugment(policy, BOTH, (128, 128, 128))
    return [augment.draw(np.random.default_rng(seed)) for seed in range(count)]


def test_the_draws_are_uniform():
    pictures = drawn(Policy(magnitude=9, spread=0.5, increasing=True))
    counts = Counter(len(operations) for operations in pictures)
    for number, share in ((0, 0.25), (1, 0.5), (2, 0.25)):
        assert abs(counts[number] / len(pictures) - share) < 0.03
    each = [one for operations in pictures for one in operations]
    names = Counter(one.operation.name for one in each)
    assert len(names) == 15
    assert all(abs(count / len(each) - 1 / 15) < 0.015 for count in names.values())
    assert abs(np.mean([one.sign for one in each])) < 0.06
    assert abs(np.mean([one.resampling == BOTH[1] for one in each]) - 0.5) < 0.03
    levels = np.array([one.level for one in each])
    assert abs(np.median(levels) - 9) < 0.03
    inside = levels[levels < 10]
    assert abs(np.mean(levels < 8.5) - 0.1587) < 0.02  # one deviation below
    assert 0 < len(levels) - len(inside) < 0.05 * len(levels)  # cut at two deviations above


@pytest.mark.parametrize(
    ("text", "low", "high", "mean"),
    [("rand-m9", 9, 9, 9), ("rand-m9-mstd101", 0, 9, 4.5), ("rand-m12", 10, 10, 10), ("rand-m12-mmax15", 12, 12, 12)],
)
def test_levels_without_a_spread_and_uniform_ones(text, low, high, mean):
    levels = [one.level for operations in drawn(parse_policy(text), 2000) for one in operations]
    assert low <= min(levels) <= low + 0.1
    assert high - 0.1 <= max(levels) <= high
    assert abs(np.mean(levels) - mean) < 0.25


def test_no_picture_is_blanked(timm):
    """MindSpore's own RandAugment shows nothing but the fill colour in a quarter of the pictures."""
    image = Image.fromarray(timm[1]["picture"]).resize((64, 64))
    augment = RandAugment(parse_policy("rand-m9-mstd0.5-inc1"), BOTH, (128, 128, 128))
    flat = 0
    for seed in range(1000):
        result = augment(image, np.random.default_rng(seed))
        assert result.size == image.size
        flat += not np.ptp(np.asarray(result), axis=(0, 1)).any()
    assert flat < 10  # posterize at level 10 keeps no bit


def test_the_same_generator_gives_the_same_picture(timm):
    image = Image.fromarray(timm[1]["picture"])
    augment = RandAugment(parse_policy("rand-m9-mstd0.5-inc1-p1"), BOTH, (128, 128, 128))
    results = [augment(image, np.random.default_rng(seed)).tobytes() for seed in (0, 0, 1, 2)]
    assert results[0] == results[1]
    assert len(set(results)) == 3
