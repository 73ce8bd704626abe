# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Lets timm's RandAugment run on Pillow 13.0, which refuses to keep 0 bits; level 10 asks for that, in 2 % of draws."""

from PIL import Image, ImageOps


def let_posterize_keep_no_bits() -> None:
    """Make ``ImageOps.posterize(image, 0)`` black again, as it was before Pillow 13.0."""
    refuses = ImageOps.posterize

    def posterize(image: Image.Image, bits: int) -> Image.Image:
        return refuses(image, bits) if bits else image.point([0] * 768)

    ImageOps.posterize = posterize
