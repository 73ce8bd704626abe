# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Resizing position embeddings, against the bicubic formula pixel by pixel and numbers worked out by hand."""

import math

import numpy as np
import pytest

from src.ops.position import bicubic_matrix, resize_position_embedding


def keys_kernel(x):
    """Return the cubic convolution kernel of Keys with a = -3/4."""
    a, x = -0.75, abs(x)
    if x < 1:
        return (a + 2) * x**3 - (a + 3) * x**2 + 1
    return a * x**3 - 5 * a * x**2 + 8 * a * x - 4 * a if x < 2 else 0.0


def bicubic_by_pixel(image, new_height, new_width):
    """Return image (h, w) resized, each pixel summed over its 4 x 4 neighbours, edges repeated."""
    height, width = image.shape
    resized = np.zeros((new_height, new_width))
    for i in range(new_height):
        for j in range(new_width):
            y, x = (i + 0.5) * height / new_height - 0.5, (j + 0.5) * width / new_width - 0.5
            for row in range(math.floor(y) - 1, math.floor(y) + 3):
                for column in range(math.floor(x) - 1, math.floor(x) + 3):
                    pixel = image[min(max(row, 0), height - 1), min(max(column, 0), width - 1)]
                    resized[i, j] += pixel * keys_kernel(y - row) * keys_kernel(x - column)
    return resized


@pytest.mark.parametrize("prefix", [0, 1, 2])
@pytest.mark.parametrize(("grid", "new_grid"), [((3, 4), (5, 7)), ((6, 5), (4, 3)), ((4, 4), (4, 6)), ((1, 3), (2, 2))])
def test_grid_is_resized_bicubically_and_prefix_is_untouched(grid, new_grid, prefix, rng):
    table = rng.standard_normal((1, prefix + grid[0] * grid[1], 3)).astype(np.float32)
    resized = resize_position_embedding(table, prefix, grid, new_grid)
    assert resized.dtype == np.float32
    assert resized.shape == (1, prefix + new_grid[0] * new_grid[1], 3)
    assert np.array_equal(resized[:, :prefix], table[:, :prefix])
    for channel in range(3):
        image = table[0, prefix:, channel].astype(np.float64).reshape(grid)
        expected = bicubic_by_pixel(image, *new_grid)
        assert np.abs(resized[0, prefix:, channel].reshape(new_grid) - expected).max() < 1e-6


def test_two_points_to_four_by_hand():
    # centres -1/4, 1/4, 3/4, 5/4; the weight of the right point is k(5/4), k(3/4) + k(7/4), and the mirror of both
    expected = [[1.10546875, -0.10546875], [0.7734375, 0.2265625], [0.2265625, 0.7734375], [-0.10546875, 1.10546875]]
    assert bicubic_matrix(2, 4).tolist() == expected


def test_same_grid_changes_nothing(rng):
    table = rng.standard_normal((1, 1 + 14 * 14, 8)).astype(np.float32)
    assert np.array_equal(resize_position_embedding(table, 1, (14, 14), (14, 14)), table)


def test_constant_table_stays_constant():
    table = np.full((1, 1 + 14 * 14, 2), 0.3, np.float32)
    assert np.abs(resize_position_embedding(table, 1, (14, 14), (24, 24)) - 0.3).max() < 1e-7


def test_a_network_for_224_becomes_one_for_384(rng):
    table = rng.standard_normal((1, 1 + 14 * 14, 384)).astype(np.float32)
    assert resize_position_embedding(table, 1, (14, 14), (24, 24)).shape == (1, 1 + 24 * 24, 384)
