# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Random erasing (Zhong et al., 2020) of one rectangle, as timm does it."""

import math
from collections.abc import Callable

import numpy as np

from src.config import DataConfig

Box = tuple[int, int, int, int]  # top, left, height, width
_AREA = (0.02, 1 / 3)  # of the rectangle, as a fraction of the picture's
_LOG_ASPECT = (math.log(0.3), math.log(1 / 0.3))  # of height over width
_TRIES = 10  # after them the picture stays whole


def _pixels(box: Box, rng: np.random.Generator) -> np.ndarray:
    return rng.standard_normal((3, box[2], box[3]), np.float32)


def _one_colour(box: Box, rng: np.random.Generator) -> np.ndarray:
    return rng.standard_normal((3, 1, 1), np.float32)


def _mean_colour(box: Box, rng: np.random.Generator) -> np.ndarray:
    return np.zeros((3, 1, 1), np.float32)  # of a normalised picture


_FILLS: dict[str, Callable[[Box, np.random.Generator], np.ndarray]] = {
    "pixel": _pixels,
    "rand": _one_colour,
    "const": _mean_colour,
}


class Eraser:
    """A rectangle of a normalised picture, with some probability, becomes noise or one colour."""

    def __init__(self, data: DataConfig) -> None:
        """Build as the settings say."""
        self.probability = data.erase_prob
        self._fill = _FILLS[data.erase_mode]

    def __call__(self, image: np.ndarray, rng: np.random.Generator) -> None:
        """Erase, perhaps, a rectangle of ``image`` float32 (3, H, W), in place."""
        if rng.random() > self.probability:
            return
        box = draw_box(image.shape[1], image.shape[2], rng)
        if box is not None:
            top, left, height, width = box
            image[:, top : top + height, left : left + width] = self._fill(box, rng)


def draw_box(height: int, width: int, rng: np.random.Generator) -> Box | None:
    """Return a rectangle inside a picture of ``height`` x ``width``; None where no try fits."""
    for _ in range(_TRIES):
        area = rng.uniform(*_AREA) * height * width
        aspect = math.exp(rng.uniform(*_LOG_ASPECT))
        h, w = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
        if h < height and w < width:
            # the last row and column count too, as in the draws of Python's randint
            return int(rng.integers(height - h + 1)), int(rng.integers(width - w + 1)), h, w
    return None
