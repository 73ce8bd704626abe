# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Which tokens of a grid stand together: patches, shifted windows, overlapping neighbourhoods, as tables of indices.

A grid of (rows, columns) tokens is numbered row by row. The tables are NumPy constants, made when a network is built.
"""

import numpy as np

PADDING = -1  # in a table: a token beyond the edge, all zeros
_MASKED = -100.0  # added to the logits of tokens that only the shift brought together (Swin)

Grid = tuple[int, int]  # (rows, columns)


def window_index(grid: Grid, size: int, shift: int = 0, columns_first: bool = False) -> np.ndarray:
    """Return the tokens of ``grid``, int64 (rows * columns,), window by window.

    Args:
        grid: whose sides ``size`` divides.
        size: side of a window.
        shift: rows and columns by which the grid is rolled up and to the left before (Swin, Section 3.2).
        columns_first: order within a window: down its columns instead of along its rows.
    """
    rows, columns = grid
    tokens = np.arange(rows * columns).reshape(grid)  # (rows, columns)
    tokens = np.roll(tokens, (-shift, -shift), (0, 1)).reshape(rows // size, size, columns // size, size)
    return tokens.transpose((0, 2, 3, 1) if columns_first else (0, 2, 1, 3)).reshape(-1)


def unfold_index(grid: Grid, size: int, stride: int, padding: int) -> np.ndarray:
    """Return the tokens of every neighbourhood, int64 (count * size * size,), ``PADDING`` beyond the edges.

    Neighbourhoods follow each other row by row as the windows of a convolution do, with as many of them
    (``unfolded_grid``); within one, tokens stand row by row.
    """
    rows, columns = grid
    padded = np.pad(np.arange(rows * columns).reshape(grid), padding, constant_values=PADDING)
    around = np.lib.stride_tricks.sliding_window_view(padded, (size, size))[::stride, ::stride]
    return around.reshape(-1)


def unfolded_grid(grid: Grid, size: int, stride: int, padding: int) -> Grid:
    """Return the (rows, columns) of the neighbourhoods that ``unfold_index`` gives."""
    rows, columns = ((side + 2 * padding - size) // stride + 1 for side in grid)
    return rows, columns


def places_of(index: np.ndarray, count: int) -> np.ndarray:
    """Return where each of ``count`` tokens stands in ``index``, int64 (count, most), filled up with ``PADDING``."""
    order = np.argsort(index, kind="stable")
    order = order[index[order] != PADDING]
    tokens = index[order]
    counts = np.bincount(tokens, minlength=count)
    table = np.full((count, counts.max()), PADDING)
    table[tokens, np.arange(len(tokens)) - (np.cumsum(counts) - counts)[tokens]] = order
    return table


def shift_mask(grid: Grid, size: int, shift: int) -> np.ndarray:
    """Return what is added to the logits of each window, float32 (windows, size**2, size**2): 0 or -100.

    Windows of a rolled grid hold tokens from opposite edges, which shall not see each other (Swin, Section 3.2).
    """
    rows, columns = (np.digitize(np.arange(side), (side - size, side - shift)) for side in grid)
    regions = (3 * rows[:, None] + columns).reshape(-1)  # of the rolled grid
    regions = regions[window_index(grid, size)].reshape(-1, size * size)  # (windows, size**2)
    return np.where(regions[:, :, None] == regions[:, None, :], 0.0, _MASKED).astype(np.float32)


def relative_position_index(size: int) -> np.ndarray:
    """Return the row of the bias table for each two tokens of a window, int64 (size**2, size**2) (Swin, Eq. 4).

    The table has a row for each of (2 * size - 1)**2 offsets, from (1 - size, 1 - size) on, row by row.
    """
    places = np.stack(np.meshgrid(np.arange(size), np.arange(size), indexing="ij"), -1).reshape(-1, 2)
    down, across = np.moveaxis(places[:, None] - places[None, :] + size - 1, -1, 0)
    return down * (2 * size - 1) + across
