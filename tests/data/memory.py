# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""A data set in memory."""

import numpy as np
from PIL import Image

from src.data.source import Source
from src.errors import UserError


class Pictures(Source):
    """Pictures of noise in memory; a row of each keeps its number, for pictures of one colour."""

    name, classes = "memory", ("a", "b", "c")

    def __init__(self, count, plain=False):
        draw = np.random.default_rng(1)
        self.labels = draw.integers(0, 3, count).astype(np.int32)
        self.pixels = draw.integers(0, 256, (count, 12, 10, 3), dtype=np.uint8)
        if plain:  # the colour tells the picture, whatever the crop
            self.pixels[:] = np.arange(count, dtype=np.uint8)[:, None, None, None]
        self.broken = set()

    def picture(self, index):
        if index in self.broken:
            raise UserError(f"picture {index}: broken")
        return Image.fromarray(self.pixels[index])

    def picture_name(self, index):
        return str(index)
