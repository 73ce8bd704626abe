# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""How a picture becomes the input of a network."""

import math
from dataclasses import dataclass, replace
from typing import Any, Literal

from src.checks import check

ImageSize = int | tuple[int, int]  # pixels: a side, or (height, width)
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Preprocessing:
    """How a picture becomes the input of a network; it travels in every checkpoint and exported file."""

    size: ImageSize = 224  # of what the network sees, pixels
    resize: int = 256  # length that the shorter side is resized to before the centre crop, pixels
    interpolation: Literal["bicubic", "bilinear", "nearest"] = "bicubic"  # of the resize, in Pillow's terms
    mean: tuple[float, float, float] = IMAGENET_MEAN  # subtracted from pixels in [0, 1], a channel each
    std: tuple[float, float, float] = IMAGENET_STD  # divides the difference, a channel each

    def __post_init__(self) -> None:
        check(min(self.sides) >= 1, f"size={self.size}: must be at least 1")
        check(self.resize >= max(self.sides), f"resize={self.resize}: must not be smaller than the crop of {self.size}")
        check(min(self.std) > 0, f"std={list(self.std)}: must be positive")

    @classmethod
    def cropping(cls, size: ImageSize, fraction: float, **kwargs: Any) -> "Preprocessing":
        """Return the preprocessing whose centre crop is ``fraction`` of the resized shorter side (timm's crop_pct)."""
        return cls(size=size, resize=math.floor(max(sides_of(size)) / fraction), **kwargs)

    @property
    def sides(self) -> tuple[int, int]:
        """The (height, width) of what the network sees, pixels."""
        return sides_of(self.size)

    def resized(self, size: ImageSize) -> "Preprocessing":
        """Return the preprocessing for another size that cuts off as much of a picture's edges."""
        longer, before = max(sides_of(size)), max(self.sides)
        return replace(self, size=size, resize=max(longer, round(self.resize * longer / before)))


def sides_of(size: ImageSize) -> tuple[int, int]:
    """Return (height, width)."""
    return (size, size) if isinstance(size, int) else size
