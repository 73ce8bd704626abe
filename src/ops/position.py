# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Resize a learned position embedding to another grid, as PyTorch's bicubic interpolation does."""

import math
from collections.abc import Callable

import numpy as np

_CUBIC = -0.75  # PyTorch's cubic kernel; MindSpore's own bicubic operator has another one (differences up to 0.32)


def bicubic_matrix(size: int, new_size: int) -> np.ndarray:
    """Return the (new_size, size) matrix of 1-D bicubic interpolation.

    Half-pixel centres, edges clamped, no antialiasing: PyTorch's ``interpolate(mode="bicubic", align_corners=False)``.
    """
    matrix = np.zeros((new_size, size))
    for i in range(new_size):
        centre = (i + 0.5) * size / new_size - 0.5
        first = math.floor(centre)
        for tap in range(first - 1, first + 3):
            matrix[i, min(max(tap, 0), size - 1)] += _cubic_kernel(abs(centre - tap))
    return matrix


def bilinear_matrix(size: int, new_size: int) -> np.ndarray:
    """Return the (new_size, size) matrix of 1-D linear interpolation, with centres and edges as ``bicubic_matrix``."""
    matrix = np.zeros((new_size, size))
    for i in range(new_size):
        centre = min(max((i + 0.5) * size / new_size - 0.5, 0.0), size - 1.0)
        first = min(math.floor(centre), size - 1)
        matrix[i, first] += 1.0 - (centre - first)
        matrix[i, min(first + 1, size - 1)] += centre - first
    return matrix


def resize_position_embedding(
    embedding: np.ndarray,
    num_prefix: int,
    grid: tuple[int, int],
    new_grid: tuple[int, int],
    matrix: Callable[[int, int], np.ndarray] = bicubic_matrix,
) -> np.ndarray:
    """Return a position embedding (1, P + h*w, C) resized to (1, P + h'*w', C).

    Args:
        embedding: rows of P prefix tokens (kept as they are), then the grid row by row.
        num_prefix: P.
        grid: (h, w) of the embedding.
        new_grid: (h', w') wanted.
        matrix: of the interpolation along one axis, from (size, new_size).
    """
    prefix, patches = embedding[:, :num_prefix], embedding[:, num_prefix:]
    patches = patches.reshape(*grid, -1).astype(np.float64)  # (h, w, C)
    down, across = matrix(grid[0], new_grid[0]), matrix(grid[1], new_grid[1])
    resized = np.einsum("ih,jw,hwc->ijc", down, across, patches, optimize=True)
    resized = resized.reshape(1, new_grid[0] * new_grid[1], -1).astype(embedding.dtype)
    return np.concatenate([prefix, resized], axis=1)


def sinusoid_positions(count: int, dim: int) -> np.ndarray:
    """Return fixed positions (1, count, dim): sines in the even channels, cosines in the odd ones.

    Channel c of position p has the angle p / 10000**(2 * (c // 2) / dim) (Vaswani et al., 2017, Section 3.5).
    """
    channels = np.arange(dim)
    angles = np.arange(count)[:, None] / 10000.0 ** (2 * (channels // 2) / dim)
    return np.where(channels % 2, np.cos(angles), np.sin(angles))[None]


def resize_bias_table(table: np.ndarray, window: int, new_window: int) -> np.ndarray:
    """Return a table of biases by relative position ((2M - 1)**2, h), for windows of M, for those of another side."""
    side, new_side = 2 * window - 1, 2 * new_window - 1
    return resize_position_embedding(table[None], 0, (side, side), (new_side, new_side))[0]


def _cubic_kernel(x: float) -> float:
    if x <= 1:
        return ((_CUBIC + 2) * x - (_CUBIC + 3)) * x * x + 1
    return ((_CUBIC * x - 5 * _CUBIC) * x + 8 * _CUBIC) * x - 4 * _CUBIC
