# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""What single channels of the patch tokens look like as pictures (Aug-ViT, Figure 5)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from src.analysis.figures.diversity import composite_norm, diversity
from src.analysis.figures.layers import layer_tokens, stage_behind
from src.models.contract import Backbone


@dataclass(frozen=True)
class FeatureMaps:
    """Some channels of one layer on the grid of the patches."""

    maps: np.ndarray  # (M, rows, columns)
    channels: tuple[int, ...]  # their numbers, the most variable first
    relative: float  # r(Z) / ||Z|| of all channels of the layer


def feature_maps(model: Backbone, image: np.ndarray, layers: Sequence[int], count: int) -> dict[int, FeatureMaps]:
    """Return for each layer the ``count`` channels with the largest variance over the patches.

    Args:
        model: resized to the picture.
        image: float32 (3, H, W), normalised.
        layers: numbers as in ``layer_tokens``.
        count: M, of the channels; all where there are fewer.
    """
    return {
        layer: _maps(tokens[0].astype(np.float64), stage_behind(model, layer).grid, count)
        for layer, tokens in layer_tokens(model, layers)(image[None]).items()
    }


def _maps(tokens: np.ndarray, grid: tuple[int, int], count: int) -> FeatureMaps:
    channels = np.argsort(-tokens.var(0), kind="stable")[:count]
    maps = tokens[:, channels].T.reshape(-1, *grid)
    size = composite_norm(tokens)
    return FeatureMaps(maps, tuple(map(int, channels)), float(diversity(tokens) / size) if size else 0.0)
