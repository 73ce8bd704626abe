# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Batches of pictures, read and transformed by ``mindspore.dataset``."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import mindspore.dataset as ds
import numpy as np

from src.config import DataConfig, Preprocessing
from src.data.sampler import EpochSampler, epoch_order
from src.data.sources import Source
from src.data.transforms import eval_picture, normalise, train_picture
from src.distributed import Ranks, available_cores
from src.draws import Stream, generator
from src.errors import UserError


@dataclass(frozen=True)
class Batch:
    """What a step takes."""

    images: np.ndarray  # float32 (B, 3, H, W), normalised
    labels: np.ndarray  # int32 (B,), indices of the model's outputs
    positions: np.ndarray  # int64 (B,), of the pictures in the epoch's global order


class TrainLoader:
    """Batches of random crops; every draw is a function of (seed, epoch, position in the epoch's global order)."""

    def __init__(
        self,
        source: Source,
        label_map: np.ndarray,
        data: DataConfig,
        preprocessing: Preprocessing,
        seed: int,
        ranks: Ranks,
    ) -> None:
        """Build over ``source``, whose labels ``label_map`` turns into those of the model.

        Raises:
            UserError: fewer pictures than a step of all ranks takes.
        """
        batch = data.batch_size * ranks.size
        if len(source) < batch:
            raise UserError(
                f"{source.name}: {len(source)} pictures are fewer than one step takes (data.batch_size={batch})"
            )
        self.steps_per_epoch = len(source) // batch
        self._pictures = _TrainPictures(source, label_map, data, preprocessing.size, seed)
        self._data, self._preprocessing, self._ranks = data, preprocessing, ranks

    def epochs(self, first: int, last: int) -> Iterator[Iterator[Batch]]:
        """Yield an iterator of batches for each epoch in [first, last)."""
        sampler = EpochSampler(self._pictures.count, self._data.batch_size, self._ranks, first)
        keys = _keys(self._pictures.count, sampler)
        dataset = _dataset(self._pictures, keys, self._data.workers, self._preprocessing, self._data.batch_size)
        batches = dataset.create_tuple_iterator(num_epochs=last - first, output_numpy=True, do_copy=False)
        for _ in range(first, last):
            yield _batches(batches)


class EvalLoader:
    """Batches of centre crops in the order of the source, each picture once, the last incomplete batch included."""

    def __init__(self, source: Source, label_map: np.ndarray, data: DataConfig, preprocessing: Preprocessing) -> None:
        """Build over ``source``, whose labels ``label_map`` turns into those of the model."""
        self.count = len(source)
        self._pictures = _EvalPictures(source, label_map, preprocessing)
        self._data, self._preprocessing = data, preprocessing

    def __iter__(self) -> Iterator[Batch]:
        """Yield the batches of one pass."""
        keys = _keys(self.count, None)
        dataset = _dataset(self._pictures, keys, self._data.workers, self._preprocessing, self._data.eval_batch_size)
        yield from _batches(dataset.create_tuple_iterator(num_epochs=1, output_numpy=True, do_copy=False))


class _TrainPictures:
    """What a key of the sampler stands for: a picture, cropped for its epoch and position."""

    def __init__(self, source: Source, label_map: np.ndarray, data: DataConfig, size: int, seed: int) -> None:
        self.count = len(source)
        self._source, self._labels = source, label_map[source.labels]
        self._data, self._size, self._seed = data, size, seed

    def __call__(self, key: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        epoch, position = divmod(int(key), self.count)
        index = epoch_order(self.count, self._seed, epoch)[position]
        rng = generator(Stream.CROP, self._seed, epoch, position)
        picture = train_picture(self._source.picture(index), self._data, self._size, rng)
        return picture, self._labels[index], np.int64(position)


class _EvalPictures:
    """What a key of evaluation stands for: the picture of that number."""

    def __init__(self, source: Source, label_map: np.ndarray, preprocessing: Preprocessing) -> None:
        self._source, self._labels, self._preprocessing = source, label_map[source.labels], preprocessing

    def __call__(self, key: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        picture = eval_picture(self._source.picture(int(key)), self._preprocessing)
        return picture, self._labels[int(key)], np.int64(key)


class _Keys:
    """The source of ``GeneratorDataset``: each key itself."""

    def __init__(self, count: int) -> None:
        self._count = count

    def __getitem__(self, key: int) -> np.ndarray:
        return np.array(key, np.int64)

    def __len__(self) -> int:
        return self._count


def _dataset(
    pictures: Callable[[np.ndarray], tuple[np.ndarray, ...]],
    keys: ds.GeneratorDataset,
    workers: int,
    preprocessing: Preprocessing,
    batch_size: int,
) -> ds.Dataset:
    """Return the pipeline keys -> pictures -> batches.

    The generator hands out bare keys and ``map`` does the work: with two threads a map reads 6 times as many small
    pictures a second as a generator does, whose threads sleep between polls.
    """
    columns = ["images", "labels", "positions"]
    workers = min(workers, available_cores())  # more than the machine's cores is an error there
    # threads are enough: Pillow decodes and resizes outside the interpreter's lock
    dataset = keys.map(pictures, ["keys"], columns, num_parallel_workers=workers, python_multiprocessing=False)

    def normalise_batch(images: list, labels: list, positions: list, _: object) -> tuple[np.ndarray, ...]:
        return normalise(np.stack(images), preprocessing), np.stack(labels), np.stack(positions)

    return dataset.batch(
        batch_size, num_parallel_workers=1, per_batch_map=normalise_batch, input_columns=columns, output_columns=columns
    )


def _keys(count: int, sampler: ds.Sampler | None) -> ds.GeneratorDataset:
    """Return the dataset of keys: those of the sampler, or 0 .. count - 1 in order."""
    order = {"sampler": sampler} if sampler else {"shuffle": False}
    return ds.GeneratorDataset(_Keys(count), ["keys"], num_parallel_workers=1, python_multiprocessing=False, **order)


def _batches(iterator: Iterator) -> Iterator[Batch]:
    """Yield batches, and give back the user's error that a reading thread met, which arrives as text in another one."""
    try:
        for images, labels, positions in iterator:
            yield Batch(images, labels, positions)
    except RuntimeError as error:
        mine = re.findall(rf"^\S*{UserError.__name__}: (.+)$", str(error), re.MULTILINE)
        if not mine:
            raise
        raise UserError(mine[-1]) from None
