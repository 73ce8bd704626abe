# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""From a picture to what a network sees: the transforms of evaluation and of training, equal to torchvision's."""

import math

import numpy as np
from PIL import Image

from src.config import DataConfig, Preprocessing

_RESAMPLING = {
    "bicubic": Image.Resampling.BICUBIC,
    "bilinear": Image.Resampling.BILINEAR,
    "nearest": Image.Resampling.NEAREST,
}
_CROP_TRIES = 10  # torchvision's; after them the largest centre crop of an allowed ratio is taken


def eval_picture(image: Image.Image, preprocessing: Preprocessing) -> np.ndarray:
    """Return the centre crop of an RGB picture whose shorter side was resized, uint8 (size, size, 3)."""
    width, height = image.size
    shorter = min(width, height)
    if shorter != preprocessing.resize:
        # the longer side is rounded down, as torchvision does
        new = (preprocessing.resize * width // shorter, preprocessing.resize * height // shorter)
        image = image.resize(new, _RESAMPLING[preprocessing.interpolation])
    size = preprocessing.size
    left, top = (round((side - size) / 2.0) for side in image.size)  # half to even, as torchvision does
    return np.asarray(image.crop((left, top, left + size, top + size)))


def train_picture(image: Image.Image, data: DataConfig, size: int, rng: np.random.Generator) -> np.ndarray:
    """Return a random crop of an RGB picture, resized to ``size`` and perhaps flipped, uint8 (size, size, 3).

    Every draw comes from ``rng``: the same generator gives the same crop.
    """
    left, top, width, height = random_crop_box(image.size, data.crop_scale, data.crop_ratio, rng)
    image = image.crop((left, top, left + width, top + height)).resize((size, size), _RESAMPLING[data.interpolation])
    if rng.random() < data.flip:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return np.asarray(image)


def random_crop_box(
    size: tuple[int, int], scale: tuple[float, float], ratio: tuple[float, float], rng: np.random.Generator
) -> tuple[int, int, int, int]:
    """Return (left, top, width, height) of a random crop, as Inception's random resized crop draws it.

    Args:
        size: (width, height) of the picture.
        scale: bounds of the crop's area over the picture's, drawn uniformly.
        ratio: bounds of width over height, drawn uniformly in their logarithm.
        rng: where the draws come from.
    """
    width, height = size
    for _ in range(_CROP_TRIES):
        area = width * height * rng.uniform(*scale)
        aspect = math.exp(rng.uniform(math.log(ratio[0]), math.log(ratio[1])))
        w, h = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
        if 0 < w <= width and 0 < h <= height:
            return int(rng.integers(width - w + 1)), int(rng.integers(height - h + 1)), w, h
    aspect = min(max(width / height, ratio[0]), ratio[1])
    w, h = min(width, round(height * aspect)), min(height, round(width / aspect))
    return (width - w) // 2, (height - h) // 2, w, h


def normalise(pictures: np.ndarray, preprocessing: Preprocessing) -> np.ndarray:
    """Return the input of a network, float32 (B, 3, H, W), of pictures uint8 (B, H, W, 3)."""
    mean = np.array(preprocessing.mean, np.float32) * 255
    scale = 1 / (np.array(preprocessing.std, np.float32) * 255)
    return np.ascontiguousarray(((pictures.astype(np.float32) - mean) * scale).transpose(0, 3, 1, 2))
