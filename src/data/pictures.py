# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""What a key of the pipeline becomes: a picture on its own, and a batch of them."""

from abc import ABC, abstractmethod

import numpy as np
from PIL import Image

from src.config import Config, Preprocessing
from src.data.batch_transform import BatchTransform
from src.data.sampler import index_at
from src.data.sources import Source
from src.data.transforms import TrainTransform, eval_picture, normalise
from src.draws import Stream, generator
from src.errors import UserError

_SUBSTITUTES = 8  # pictures that are tried in the place of an unreadable one


class Pictures(ABC):
    """The two halves of making a batch: each picture on its own, in several threads, then all of them together."""

    columns: tuple[str, ...]  # what ``picture`` returns
    fields: tuple[str, ...]  # what ``batch`` returns: the first fields of a ``Batch``

    @abstractmethod
    def picture(self, key: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return what a key stands for: a picture uint8 (H, W, 3), and what belongs to it."""

    @abstractmethod
    def batch(self, *columns: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return the fields of a ``Batch`` of the stacked columns."""


class TrainPictures(Pictures):
    """What a key of the sampler stands for: a picture, transformed for its epoch and position."""

    columns = ("pictures", "labels", "keys", "unreadable")
    fields = ("images", "labels", "positions", "targets", "unreadable")

    def __init__(
        self,
        source: Source,
        label_map: np.ndarray,
        num_classes: int,
        config: Config,
        preprocessing: Preprocessing,
    ) -> None:
        """Build over ``source``; ``label_map`` turns its labels into those of a model with ``num_classes`` outputs."""
        data = config.data
        self.count = len(source)
        self._source, self._labels = source, label_map[source.labels]
        self._seed, self._repeats, self._skips = config.seed, data.repeats, data.on_error == "skip"
        self._transform = TrainTransform(data, preprocessing)
        self._finish = BatchTransform(data, preprocessing, num_classes, config.train.label_smoothing, config.seed)

    def picture(self, key: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return the picture uint8 (H, W, 3), its label, the key, and what it took the place of."""
        epoch, position = divmod(int(key), self.count)
        index = index_at(position, self.count, self._repeats, self._seed, epoch)
        image, index, unreadable = self._read(index, epoch, position)
        picture = self._transform(image, generator(Stream.CROP, self._seed, epoch, position))
        return picture, self._labels[index], key, unreadable

    def batch(self, *columns: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return images, labels, positions, targets and unreadable pictures."""
        pictures, labels, keys, unreadable = columns
        epochs, positions = np.divmod(keys, self.count)  # a batch never spans two epochs
        images, targets = self._finish(pictures, labels, int(epochs[0]), positions)
        return images, targets.argmax(1).astype(np.int32), positions, targets, unreadable

    def _read(self, index: int, epoch: int, position: int) -> tuple[Image.Image, int, np.ndarray]:
        """Return picture ``index``, or a readable one in its place: the picture, its index, those that failed."""
        unreadable = np.full(_SUBSTITUTES, -1, np.int64)
        try:
            return self._source.picture(index), index, unreadable
        except UserError:
            if not self._skips:
                raise
        substitutes = generator(Stream.SUBSTITUTE, self._seed, epoch, position).integers(self.count, size=_SUBSTITUTES)
        for i, substitute in enumerate(substitutes):
            unreadable[i], index = index, int(substitute)
            try:
                return self._source.picture(index), index, unreadable
            except UserError:
                continue
        raise UserError(f"{self._source.name}: {_SUBSTITUTES} pictures drawn one after the other can't be read")


class EvalPictures(Pictures):
    """What a key of evaluation stands for: the picture of that number in the share of this rank."""

    columns = ("pictures", "labels", "keys")
    fields = ("images", "labels", "positions")

    def __init__(
        self, source: Source, label_map: np.ndarray, preprocessing: Preprocessing, indices: np.ndarray
    ) -> None:
        """Build for the pictures ``indices`` of ``source``, whose labels ``label_map`` turns into those of a model."""
        self._source, self._labels, self._preprocessing = source, label_map[source.labels], preprocessing
        self._indices = indices

    def __len__(self) -> int:
        """Return the number of pictures of this rank."""
        return len(self._indices)

    def picture(self, key: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return the picture uint8 (H, W, 3), its label, and its number in the source."""
        index = self._indices[int(key)]
        return eval_picture(self._source.picture(int(index)), self._preprocessing), self._labels[index], index

    def batch(self, *columns: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return images, labels and positions."""
        pictures, labels, indices = columns
        return normalise(pictures, self._preprocessing), labels, indices
