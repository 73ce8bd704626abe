# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Colour jitter: against torchvision's, and the distribution of what is drawn."""

import numpy as np
from PIL import Image

from src.data.color_jitter import ColorJitter


def test_it_is_torchvisions(timm, script):
    cases, arrays = timm
    for i, case in enumerate(cases["jitters"]):
        rng = script(case["order"], case["factors"])
        result = ColorJitter(0.4)(Image.fromarray(arrays["picture"]), rng)
        assert np.array_equal(np.asarray(result), arrays[f"jitter/{i}"])
        assert rng.finished()


class Bounds:
    """Remembers what factors are drawn between."""

    def permutation(self, count):
        return range(count)

    def uniform(self, low, high, count):
        self.drawn = (low, high, count)
        return np.ones(count)


def test_factors_never_fall_below_nought():
    for strength, bounds in ((0.4, (0.6, 1.4, 3)), (1.5, (0.0, 2.5, 3))):
        rng = Bounds()
        image = Image.new("RGB", (2, 2), (10, 200, 30))
        assert ColorJitter(strength)(image, rng).getpixel((0, 0)) == (10, 200, 30)
        assert rng.drawn == bounds
