# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""What a place in the pass over a data set becomes: a picture on its own, and a batch of them."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from PIL import Image

from src.config import Config, Preprocessing
from src.data.batch_transform import BatchTransform
from src.data.sampler import index_at
from src.data.source import Source
from src.data.transforms import TrainTransform, eval_picture, normalise
from src.draws import Stream, generator
from src.errors import UserError

Prepare = Callable[[np.ndarray], np.ndarray]  # pictures uint8 (B, H, W, 3) -> input of a model
_SUBSTITUTES = 8  # pictures that are tried in the place of an unreadable one


@dataclass(frozen=True)
class Batch:
    """What a step takes."""

    images: np.ndarray  # float32 (B, 3, H, W), normalised, or what else the model takes
    labels: np.ndarray  # int32 (B,), indices of the model's outputs; of a mixed picture, that of its larger part
    positions: np.ndarray  # int64 (B,), of the pictures in the epoch's global order
    targets: np.ndarray | None = None  # float32 (B, K), soft targets; of training only
    unreadable: np.ndarray | None = None  # int64 (B, tries), pictures that others took the place of, -1: none


class Place(NamedTuple):
    """Where a picture stands."""

    epoch: int
    position: int  # in the epoch's global order


class Pictures(ABC):
    """The two halves of making a batch: each picture on its own, in several threads, then all of them together."""

    @abstractmethod
    def picture(self, place: Place) -> tuple[np.ndarray, ...]:
        """Return what stands at a place: a picture uint8 (H, W, 3), and what belongs to it."""

    @abstractmethod
    def batch(self, places: Sequence[Place], *columns: np.ndarray) -> Batch:
        """Return the batch of what ``picture`` returned for some places of one epoch, stacked."""


class TrainPictures(Pictures):
    """Training pictures, transformed for their places."""

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

    def picture(self, place: Place) -> tuple[np.ndarray, ...]:
        """Return the picture uint8 (H, W, 3), its label, and what it took the place of."""
        epoch, position = place
        index = index_at(position, self.count, self._repeats, self._seed, epoch)
        image, index, unreadable = self._read(index, epoch, position)
        picture = self._transform(image, generator(Stream.CROP, self._seed, epoch, position))
        return picture, self._labels[index], unreadable

    def batch(self, places: Sequence[Place], *columns: np.ndarray) -> Batch:
        """Return the mixed, normalised and erased pictures with their soft targets."""
        pictures, labels, unreadable = columns
        positions = np.array([place.position for place in places])
        images, targets = self._finish(pictures, labels, places[0].epoch, positions)
        return Batch(images, targets.argmax(1).astype(np.int32), positions, targets, unreadable)

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
    """Centre crops of the pictures whose numbers in the source are the positions."""

    def __init__(
        self, source: Source, label_map: np.ndarray, preprocessing: Preprocessing, prepare: Prepare | None = None
    ) -> None:
        """Build over ``source``, whose labels ``label_map`` turns into those of a model."""
        self._source, self._labels, self._preprocessing = source, label_map[source.labels], preprocessing
        self._prepare = prepare or (lambda pictures: normalise(pictures, preprocessing))

    def picture(self, place: Place) -> tuple[np.ndarray, ...]:
        """Return the picture uint8 (H, W, 3) and its label."""
        index = place.position
        return eval_picture(self._source.picture(index), self._preprocessing), self._labels[index]

    def batch(self, places: Sequence[Place], *columns: np.ndarray) -> Batch:
        """Return the pictures as the model takes them."""
        pictures, labels = columns
        positions = np.array([place.position for place in places])
        return Batch(self._prepare(pictures), labels, positions)
