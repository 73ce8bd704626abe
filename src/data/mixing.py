# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Mixup (Zhang et al., 2018) and cutmix (Yun et al., 2019) of a batch with itself reversed, as timm does it."""

import math
from dataclasses import dataclass

import numpy as np

from src.config import DataConfig


@dataclass(frozen=True)
class Mix:
    """How much of a batch stays its own, and where."""

    own: float = 1.0  # lambda: weight of a picture's own target; the rest is its partner's
    box: tuple[int, int, int, int] | None = None  # top, bottom, left, right of the partner's part; None: all, blended


class Mixer:
    """Pictures and soft targets of a batch, each mixed with the one that stands in its place from the other end."""

    def __init__(self, data: DataConfig, num_classes: int, smoothing: float) -> None:
        """Build for ``num_classes`` = K outputs; ``smoothing`` of a target's mass is spread evenly over all of them."""
        self._mixup, self._cutmix = data.mixup, data.cutmix
        # what is off is never switched to
        self._cut_chance = data.mix_switch if data.mixup and data.cutmix else float(bool(data.cutmix))
        self.probability = data.mix_prob if data.mixup or data.cutmix else 0.0
        self._off = smoothing / num_classes
        self._on = 1.0 - smoothing + self._off
        self._num_classes = num_classes

    def draw(self, height: int, width: int, rng: np.random.Generator) -> Mix:
        """Return how to mix a batch of pictures of ``height`` x ``width``."""
        if rng.random() >= self.probability:
            return Mix()
        cuts = rng.random() < self._cut_chance
        alpha = self._cutmix if cuts else self._mixup
        own = float(rng.beta(alpha, alpha))
        return cut_box(own, height, width, rng) if cuts else Mix(own)

    def targets(self, labels: np.ndarray, mix: Mix) -> np.ndarray:
        """Return the soft targets float32 (B, K) of ``labels`` (B,)."""
        targets = np.full((len(labels), self._num_classes), self._off, np.float32)
        targets[np.arange(len(labels)), labels] = self._on
        return targets if mix.own == 1.0 else targets * np.float32(mix.own) + targets[::-1] * np.float32(1.0 - mix.own)


def mix_bytes(pictures: np.ndarray, mix: Mix) -> np.ndarray:
    """Return pictures uint8 (B, H, W, 3) mixed, rounded to the nearest value."""
    if mix.box is not None:
        return _paste(pictures, mix.box, rows=1)
    if mix.own == 1.0:
        return pictures
    mixed = np.empty_like(pictures)
    for result, picture, partner in zip(mixed, pictures, pictures[::-1], strict=True):
        blend = np.multiply(picture, mix.own, dtype=np.float32)
        blend += np.multiply(partner, 1.0 - mix.own, dtype=np.float32)
        result[...] = np.rint(blend, out=blend)
    return mixed


def mix_floats(images: np.ndarray, mix: Mix) -> np.ndarray:
    """Return images float32 (B, 3, H, W) mixed."""
    if mix.box is not None:
        return _paste(images, mix.box, rows=2)
    if mix.own == 1.0:
        return images
    return images * np.float32(mix.own) + images[::-1] * np.float32(1.0 - mix.own)


def cut_box(own: float, height: int, width: int, rng: np.random.Generator) -> Mix:
    """Return cutmix's rectangle: 1 - ``own`` of the area around a uniform centre, of which what lies inside counts."""
    ratio = math.sqrt(1.0 - own)
    high, wide = int(height * ratio), int(width * ratio)
    row, column = int(rng.integers(height)), int(rng.integers(width))
    top, bottom = max(0, row - high // 2), min(height, row + (high + 1) // 2)
    left, right = max(0, column - wide // 2), min(width, column + (wide + 1) // 2)
    return Mix(1.0 - (bottom - top) * (right - left) / (height * width), (top, bottom, left, right))


def _paste(batch: np.ndarray, box: tuple[int, int, int, int], rows: int) -> np.ndarray:
    """Return a batch whose rectangle comes from its reverse; ``rows`` is the axis of the rows."""
    top, bottom, left, right = box
    where = (*(slice(None),) * rows, slice(top, bottom), slice(left, right))
    mixed = batch.copy()
    mixed[where] = batch[::-1][where]
    return mixed
