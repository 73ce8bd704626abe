# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""From a picture to what a network sees: the transforms of evaluation and of training, equal to torchvision's."""

import math
from collections.abc import Callable

import numpy as np
from PIL import Image

from src.config import DataConfig
from src.data.color_jitter import ColorJitter
from src.data.rand_augment import RandAugment, parse_policy
from src.preprocessing import Preprocessing

_RESAMPLING = {
    "bicubic": Image.Resampling.BICUBIC,
    "bilinear": Image.Resampling.BILINEAR,
    "nearest": Image.Resampling.NEAREST,
}
_RANDOM = {"random": (Image.Resampling.BILINEAR, Image.Resampling.BICUBIC)}  # interpolations that are drawn
_CROP_TRIES = 10  # torchvision's; after them the largest centre crop of an allowed ratio is taken


def eval_picture(image: Image.Image, preprocessing: Preprocessing) -> np.ndarray:
    """Return the centre crop of an RGB picture whose shorter side was resized, uint8 (height, width, 3)."""
    width, height = image.size
    shorter = min(width, height)
    if shorter != preprocessing.resize:
        # the longer side is rounded down, as torchvision does
        new = (preprocessing.resize * width // shorter, preprocessing.resize * height // shorter)
        image = image.resize(new, _RESAMPLING[preprocessing.interpolation])
    height, width = preprocessing.sides
    left, top = (round((side - own) / 2.0) for side, own in zip(image.size, (width, height), strict=True))
    return np.asarray(image.crop((left, top, left + width, top + height)))  # rounded half to even, as torchvision does


class TrainTransform:
    """A random crop of a picture, perhaps flipped, with its colours and shapes changed as the settings say."""

    def __init__(self, data: DataConfig, preprocessing: Preprocessing) -> None:
        """Build for pictures of ``preprocessing``.

        Raises:
            UserError: a policy of ``data.auto_augment`` that there is not.
        """
        height, width = preprocessing.sides
        self._size, self._scale, self._ratio = (width, height), data.crop_scale, data.crop_ratio
        self._flip, self._resamplings = data.flip, _RANDOM.get(data.interpolation) or (_RESAMPLING[data.interpolation],)
        self.augment = _augmentation(data, preprocessing, self._resamplings)

    def __call__(self, image: Image.Image, rng: np.random.Generator) -> np.ndarray:
        """Return uint8 (height, width, 3) of an RGB picture; the same generator gives the same result."""
        left, top, width, height = random_crop_box(image.size, self._scale, self._ratio, rng)
        flip, choice = rng.random(2)
        resampling = self._resamplings[int(choice * len(self._resamplings))]
        image = image.crop((left, top, left + width, top + height)).resize(self._size, resampling)
        if flip < self._flip:
            image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        return np.asarray(self.augment(image, rng))


def _augmentation(
    data: DataConfig, preprocessing: Preprocessing, resamplings: tuple[Image.Resampling, ...]
) -> Callable[[Image.Image, np.random.Generator], Image.Image]:
    """Return what is done after crop and flip: RandAugment, else colour jitter, else nothing."""
    if data.auto_augment:
        fill = tuple(min(255, round(255 * mean)) for mean in preprocessing.mean)
        return RandAugment(parse_policy(data.auto_augment), resamplings, fill)
    if data.color_jitter:
        return ColorJitter(data.color_jitter)
    return lambda image, rng: image


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
            top, left = int(rng.integers(height - h + 1)), int(rng.integers(width - w + 1))
            return left, top, w, h
    aspect = min(max(width / height, ratio[0]), ratio[1])
    w, h = min(width, round(height * aspect)), min(height, round(width / aspect))
    return (width - w) // 2, (height - h) // 2, w, h


def normalise(pictures: np.ndarray, preprocessing: Preprocessing) -> np.ndarray:
    """Return the input of a network, float32 (B, 3, H, W), of pictures uint8 (B, H, W, 3)."""
    mean = np.array(preprocessing.mean, np.float32)[:, None, None] * 255
    scale = 1 / (np.array(preprocessing.std, np.float32)[:, None, None] * 255)
    images = np.empty((len(pictures), 3, *pictures.shape[1:3]), np.float32)
    for image, picture in zip(images, pictures, strict=True):  # a picture at a time stays in the cache: 7 times as fast
        image[...] = picture.transpose(2, 0, 1)
        image -= mean
        image *= scale
    return images
