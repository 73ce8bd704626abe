# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""From pictures of bytes to what a step takes: mixing, normalisation and erasing, in one of two orders."""

import numpy as np

from src.config import DataConfig
from src.data.erasing import Eraser
from src.data.mixing import Mix, Mixer, mix_bytes, mix_floats
from src.data.transforms import normalise
from src.draws import Stream, generator
from src.preprocessing import Preprocessing


class BatchTransform:
    """Everything that is done to the pictures of a batch together, and their soft targets."""

    def __init__(
        self, data: DataConfig, preprocessing: Preprocessing, num_classes: int, smoothing: float, seed: int
    ) -> None:
        """Build for ``num_classes`` = K outputs, targets smoothed by ``smoothing``, and draws of ``seed``."""
        self._preprocessing, self._seed = preprocessing, seed
        self._mixer, self._eraser = Mixer(data, num_classes, smoothing), Eraser(data)
        self._images = self._mix_then_erase if data.erase_order == "after_mixing" else self._erase_then_mix

    def __call__(
        self, pictures: np.ndarray, labels: np.ndarray, epoch: int, positions: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return (images float32 (B, 3, H, W), targets float32 (B, K)).

        Args:
            pictures: uint8 (B, H, W, 3).
            labels: integers (B,), indices of the model's outputs.
            epoch: that the batch belongs to, from 0.
            positions: integers (B,), of the pictures in that epoch's global order.
        """
        mix = Mix()
        if self._mixer.probability:
            rng = generator(Stream.MIX, self._seed, epoch, int(positions[0]))
            mix = self._mixer.draw(*pictures.shape[1:3], rng)
        return self._images(pictures, mix, epoch, positions), self._mixer.targets(labels, mix)

    def _mix_then_erase(self, pictures: np.ndarray, mix: Mix, epoch: int, positions: np.ndarray) -> np.ndarray:
        images = normalise(mix_bytes(pictures, mix), self._preprocessing)
        self._erase(images, epoch, positions)
        return images

    def _erase_then_mix(self, pictures: np.ndarray, mix: Mix, epoch: int, positions: np.ndarray) -> np.ndarray:
        images = normalise(pictures, self._preprocessing)
        self._erase(images, epoch, positions)
        return mix_floats(images, mix)

    def _erase(self, images: np.ndarray, epoch: int, positions: np.ndarray) -> None:
        if self._eraser.probability:
            for image, position in zip(images, positions, strict=True):
                self._eraser(image, generator(Stream.ERASE, self._seed, epoch, int(position)))
