# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The curves of a run: round ticks, and lines where the numbers say."""

import math

import numpy as np
import pytest
from PIL import Image

from src.engine.curves import draw_curves, ticks
from src.engine.metrics.accuracy import Accuracy

RED, BLUE, GREEN = (0xC1, 0x27, 0x2D), (0x0A, 0x5F, 0xA5), (0x2E, 0x8B, 0x57)
SIZE = (1144, 400)
LEFT_PANEL, RIGHT_PANEL = (64, 540), (648, 1124)  # where their axes begin and end, pixels
TOP, BOTTOM = 44, 352


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 100, [0, 20, 40, 60, 80, 100]),
        (0, 6, [0, 1, 2, 3, 4, 5, 6]),
        (0, 7, [0, 2, 4, 6, 8]),
        (1, 300, [0, 50, 100, 150, 200, 250, 300]),
        (0.93, 2.31, [0.5, 1.0, 1.5, 2.0, 2.5]),
        (0.0001, 0.0005, [0.0001, 0.0002, 0.0003, 0.0004, 0.0005]),
        (-3, 3, [-3, -2, -1, 0, 1, 2, 3]),
        (5, 5, [4.4, 4.6, 4.8, 5.0, 5.2, 5.4, 5.6]),
        (0, 0, [-0.6, -0.4, -0.2, 0, 0.2, 0.4, 0.6]),
        (0, 1e6, [0, 2e5, 4e5, 6e5, 8e5, 1e6]),
    ],
)
def test_ticks(low, high, expected):
    assert ticks(low, high) == pytest.approx(expected, abs=1e-12)


def test_ticks_span_the_values_with_few_steps(rng):
    for low, width in zip(rng.normal(0, 100, 300), 10.0 ** rng.uniform(-6, 6, 300), strict=True):
        marks = ticks(low, low + width)
        assert marks[0] <= low + 1e-6 * width
        assert marks[-1] >= low + width * (1 - 1e-6)
        assert 2 <= len(marks) <= 7


def drawn(tmp_path, epochs):
    draw_curves(epochs, tmp_path / "curves.png", Accuracy)
    assert [path.name for path in tmp_path.iterdir()] == ["curves.png"]
    with Image.open(tmp_path / "curves.png") as picture:
        assert (picture.size, picture.format) == (SIZE, "PNG")
        return np.asarray(picture.convert("RGB")).astype(int)


def box(pixels, colour, panel):
    """Return (left, top, right, bottom) of a colour in a panel, or None."""
    near = (np.abs(pixels - np.array(colour)).max(axis=2) < 40)[:, panel[0] - 30 : panel[1] + 20]
    rows, columns = np.nonzero(near)
    if not len(rows):
        return None
    return columns.min() + panel[0] - 30, rows.min(), columns.max() + panel[0] - 30, rows.max()


def test_a_line_runs_from_corner_to_corner(tmp_path):
    epochs = [{"epoch": i, "loss": 7 - i / 10, "val_top1": 100.0 * (i - 1) / 60} for i in range(1, 62)]
    pixels = drawn(tmp_path, epochs)
    assert box(pixels, BLUE, RIGHT_PANEL) == pytest.approx((RIGHT_PANEL[0], TOP, RIGHT_PANEL[1], BOTTOM), abs=3)
    left, top, right, bottom = box(pixels, RED, LEFT_PANEL)  # from 6.9 to 0.9, on an axis from 0 to 8
    assert (left, right) == pytest.approx(LEFT_PANEL, abs=3)
    height = BOTTOM - TOP
    assert (top, bottom) == pytest.approx((BOTTOM - height * 6.9 / 8, BOTTOM - height * 0.9 / 8), abs=3)
    assert box(pixels, GREEN, RIGHT_PANEL) is None


def test_one_epoch_is_a_dot(tmp_path):
    pixels = drawn(tmp_path, [{"epoch": 1, "loss": 2.0, "train_top1": 10.0, "val_top1": 50.0, "ema_top1": 90.0}])
    left, top, right, bottom = box(pixels, RED, LEFT_PANEL)
    assert ((left + right) / 2, (top + bottom) / 2) == pytest.approx((LEFT_PANEL[0], (TOP + BOTTOM) / 2), abs=3)
    assert max(right - left, bottom - top) < 10
    for colour in (RED, BLUE, GREEN):
        assert box(pixels, colour, RIGHT_PANEL)[0] == pytest.approx(RIGHT_PANEL[0], abs=5)


@pytest.mark.parametrize("count", [2, 20, 300])
def test_many_epochs_with_every_series(tmp_path, count):
    epochs = [
        {"epoch": i + 1, "loss": math.exp(-i), "train_top1": i / count, "val_top1": 50 + i / count, "ema_top1": 60.0}
        for i in range(count)
    ]
    pixels = drawn(tmp_path, epochs)
    assert box(pixels, RED, LEFT_PANEL)[2] == pytest.approx(LEFT_PANEL[1], abs=5)
    for colour in (RED, BLUE, GREEN):
        assert box(pixels, colour, RIGHT_PANEL)[2] == pytest.approx(RIGHT_PANEL[1], abs=5)


@pytest.mark.parametrize("bad", [math.nan, math.inf, None])
def test_what_is_no_number_is_left_out(tmp_path, bad):
    values = [3.0, bad, 1.0]
    pixels = drawn(tmp_path, [{"epoch": i + 1, "loss": value, "val_top1": bad} for i, value in enumerate(values)])
    assert box(pixels, RED, LEFT_PANEL) is not None
    assert box(pixels, BLUE, RIGHT_PANEL) is None


def test_no_epoch_leaves_empty_axes(tmp_path):
    pixels = drawn(tmp_path, [])
    assert box(pixels, RED, LEFT_PANEL) is None


def test_a_new_picture_replaces_the_old_one(tmp_path):
    first = drawn(tmp_path, [{"epoch": 1, "loss": 2.0}])
    assert not np.array_equal(drawn(tmp_path, [{"epoch": 1, "loss": 2.0}, {"epoch": 2, "loss": 1.0}]), first)
