# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Colour jitter: brightness, contrast and saturation in random order, as torchvision does it."""

import numpy as np
from PIL import Image, ImageEnhance

_ENHANCERS = (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color)


class ColorJitter:
    """The three properties, each multiplied by a factor drawn from [max(0, 1 - strength), 1 + strength]."""

    def __init__(self, strength: float) -> None:
        """Build for a ``strength`` of at least 0."""
        self._low, self._high = max(0.0, 1.0 - strength), 1.0 + strength

    def __call__(self, image: Image.Image, rng: np.random.Generator) -> Image.Image:
        """Return an RGB picture with its colours changed as ``rng`` draws."""
        order, factors = rng.permutation(3), rng.uniform(self._low, self._high, 3)
        for which in order:
            image = _ENHANCERS[which](image).enhance(float(factors[which]))
        return image
