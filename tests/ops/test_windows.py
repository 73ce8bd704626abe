# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The tables of windows and neighbourhoods against loops over their definitions."""

import numpy as np
import pytest

from src.ops.windows import (
    PADDING,
    places_of,
    relative_position_index,
    shift_mask,
    unfold_index,
    unfolded_grid,
    window_index,
)


@pytest.mark.parametrize(("grid", "size", "shift"), [((4, 6), 2, 0), ((4, 6), 2, 1), ((9, 9), 3, 2)])
def test_windows(grid, size, shift):
    expected = [
        (top + y + shift) % grid[0] * grid[1] + (left + x + shift) % grid[1]
        for top in range(0, grid[0], size)
        for left in range(0, grid[1], size)
        for y in range(size)
        for x in range(size)
    ]
    assert window_index(grid, size, shift).tolist() == expected


def test_windows_down_their_columns():
    assert window_index((2, 4), 2, columns_first=True).tolist() == [0, 4, 1, 5, 2, 6, 3, 7]


@pytest.mark.parametrize(
    ("grid", "size", "stride", "padding"), [((8, 8), 7, 4, 2), ((5, 7), 3, 2, 1), ((4, 4), 2, 2, 0)]
)
def test_neighbourhoods(grid, size, stride, padding):
    rows, columns = unfolded_grid(grid, size, stride, padding)
    expected = []
    for row in range(rows):
        for column in range(columns):
            for y in range(row * stride - padding, row * stride - padding + size):
                for x in range(column * stride - padding, column * stride - padding + size):
                    inside = 0 <= y < grid[0] and 0 <= x < grid[1]
                    expected.append(y * grid[1] + x if inside else PADDING)
    assert unfold_index(grid, size, stride, padding).tolist() == expected


def test_places_of():
    assert places_of(np.array([2, 0, PADDING, 2]), 4).tolist() == [[1, PADDING], [PADDING] * 2, [0, 3], [PADDING] * 2]


@pytest.mark.parametrize(("grid", "size", "shift"), [((6, 6), 3, 1), ((8, 12), 4, 2), ((14, 14), 7, 3)])
def test_only_neighbours_in_the_picture_see_each_other(grid, size, shift):
    """Two tokens of a window are neighbours where the shift has not wrapped just one of them around an edge."""
    mask = shift_mask(grid, size, shift)
    tokens = window_index(grid, size, shift).reshape(-1, size * size)
    assert mask.shape == (len(tokens), size * size, size * size)
    for window, seen in zip(tokens, mask, strict=True):
        rows, columns = np.divmod(window, grid[1])
        near = (abs(rows[:, None] - rows) < size) & (abs(columns[:, None] - columns) < size)
        assert (seen == np.where(near, 0, -100)).all()


@pytest.mark.parametrize("size", [1, 2, 7])
def test_relative_positions(size):
    index = relative_position_index(size)
    for first in range(size * size):
        for second in range(size * size):
            down, across = first // size - second // size, first % size - second % size
            assert index[first, second] == (down + size - 1) * (2 * size - 1) + across + size - 1
