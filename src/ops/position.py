# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Resize a learned position embedding to another grid, as PyTorch's bicubic interpolation does."""

import math

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


def resize_position_embedding(
    embedding: np.ndarray, num_prefix: int, grid: tuple[int, int], new_grid: tuple[int, int]
) -> np.ndarray:
    """Return a position embedding (1, P + h*w, C) resized to (1, P + h'*w', C).

    Args:
        embedding: rows of P prefix tokens (kept as they are), then the grid row by row.
        num_prefix: P.
        grid: (h, w) of the embedding.
        new_grid: (h', w') wanted.
    """
    prefix, patches = embedding[:, :num_prefix], embedding[:, num_prefix:]
    patches = patches.reshape(*grid, -1).astype(np.float64)  # (h, w, C)
    down, across = bicubic_matrix(grid[0], new_grid[0]), bicubic_matrix(grid[1], new_grid[1])
    resized = np.einsum("ih,jw,hwc->ijc", down, across, patches, optimize=True)
    resized = resized.reshape(1, new_grid[0] * new_grid[1], -1).astype(embedding.dtype)
    return np.concatenate([prefix, resized], axis=1)


def _cubic_kernel(x: float) -> float:
    if x <= 1:
        return ((_CUBIC + 2) * x - (_CUBIC + 3)) * x * x + 1
    return ((_CUBIC * x - 5 * _CUBIC) * x + 8 * _CUBIC) * x - 4 * _CUBIC
