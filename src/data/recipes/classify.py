# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Classification: a sample is a picture and its class, a batch holds pictures as the network takes them."""

from collections.abc import Callable

import numpy as np
from PIL import Image

from src.config import Config
from src.data.batch import Batch
from src.data.batch_transform import BatchTransform
from src.data.recipes.recipe import Place, Recipe
from src.data.sampler import index_at
from src.data.source import Source
from src.data.transforms import TrainTransform, eval_picture, normalise
from src.draws import Stream, generator
from src.errors import UserError
from src.preprocessing import Preprocessing

Prepare = Callable[[np.ndarray], np.ndarray]  # pictures uint8 (B, H, W, 3) -> input of a model
_SUBSTITUTES = 8  # pictures that are tried in the place of an unreadable one


class TrainRecipe(Recipe):
    """Training pictures, transformed for their places; the label is a soft target."""

    parts = ("picture", "label", "unreadable")
    columns = ("image", "label", "unreadable")

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

    def sample(self, place: Place) -> tuple[np.ndarray, ...]:
        """Return the picture uint8 (H, W, 3), its label, and what it took the place of."""
        epoch, position = place
        index = index_at(position, self.count, self._repeats, self._seed, epoch)
        image, index, unreadable = self._read(index, epoch, position)
        picture = self._transform(image, generator(Stream.CROP, self._seed, epoch, position))
        return picture, self._labels[index], unreadable

    def combine(self, epoch: int, positions: np.ndarray, *samples: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return the pictures, mixed, normalised, erased, float32 (B, 3, H, W), soft targets (B, K), and the rest."""
        pictures, labels, unreadable = samples
        return *self._finish(pictures, labels, epoch, positions), unreadable

    def batch(self, positions: np.ndarray, *columns: np.ndarray) -> Batch:
        """Return the batch; a mixed picture has the label of its larger part."""
        images, targets, unreadable = columns
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


class EvalRecipe(Recipe):
    """Centre crops of the pictures whose numbers in the source are the positions."""

    parts = columns = ("image", "label")

    def __init__(
        self, source: Source, label_map: np.ndarray, preprocessing: Preprocessing, prepare: Prepare | None = None
    ) -> None:
        """Build over ``source``, whose labels ``label_map`` turns into those of a model."""
        self._source, self._labels, self._preprocessing = source, label_map[source.labels], preprocessing
        self._prepare = prepare or (lambda pictures: normalise(pictures, preprocessing))

    def sample(self, place: Place) -> tuple[np.ndarray, ...]:
        """Return the picture uint8 (H, W, 3) and its label."""
        index = place.position
        return eval_picture(self._source.picture(index), self._preprocessing), self._labels[index]

    def combine(self, epoch: int, positions: np.ndarray, *samples: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return the pictures as the model takes them, and their labels int32 (B,)."""
        pictures, labels = samples
        return self._prepare(pictures), labels

    def batch(self, positions: np.ndarray, *columns: np.ndarray) -> Batch:
        """Return the batch."""
        images, labels = columns
        return Batch(images, labels, positions)
