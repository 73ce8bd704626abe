# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Batches of pictures, read and transformed by ``mindspore.dataset``."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import mindspore.dataset as ds
import numpy as np

from src.config import Config, DataConfig, Preprocessing
from src.data.pictures import EvalPictures, Pictures, TrainPictures
from src.data.sampler import EpochSampler
from src.data.sources import Source
from src.distributed import ALONE, Ranks, available_cores
from src.errors import UserError


@dataclass(frozen=True)
class Batch:
    """What a step takes."""

    images: np.ndarray  # float32 (B, 3, H, W), normalised
    labels: np.ndarray  # int32 (B,), indices of the model's outputs; of a mixed picture, that of its larger part
    positions: np.ndarray  # int64 (B,), of the pictures in the epoch's global order
    targets: np.ndarray | None = None  # float32 (B, K), soft targets; of training only
    unreadable: np.ndarray | None = None  # int64 (B, tries), pictures that others took the place of, -1: none


class TrainLoader:
    """Batches of transformed pictures; every draw is a function of (seed, epoch, position in the global order)."""

    def __init__(
        self,
        source: Source,
        label_map: np.ndarray,
        num_classes: int,
        config: Config,
        preprocessing: Preprocessing,
        ranks: Ranks,
    ) -> None:
        """Build over ``source``, whose labels ``label_map`` turns into those of a model with ``num_classes`` outputs.

        Raises:
            UserError: fewer pictures than a step of all ranks takes, or a policy of augmentation that does not exist.
        """
        data, accumulate = config.data, config.train.accumulate
        self.pictures_per_step = data.batch_size * accumulate * ranks.size
        if len(source) < self.pictures_per_step:
            raise UserError(
                f"{source.name}: {len(source)} pictures are fewer than one step takes "
                f"(data.batch_size={data.batch_size}, train.accumulate={accumulate}, ranks: {ranks.size})"
            )
        self.steps_per_epoch = len(source) // self.pictures_per_step
        self._pictures = TrainPictures(source, label_map, num_classes, config, preprocessing)
        self._data, self._accumulate, self._ranks = data, accumulate, ranks

    def epochs(self, first: int, last: int, first_step: int = 0) -> Iterator[Iterator[Batch]]:
        """Yield an iterator of batches for each epoch in [first, last); the first epoch begins at ``first_step``."""
        if first_step:
            yield iter(self._iterate(first, 1, first_step) if first_step < self.steps_per_epoch else ())
            first += 1
        if first < last:
            batches = self._iterate(first, last - first, 0)
            for _ in range(first, last):
                yield iter(batches)

    def _iterate(self, first: int, epochs: int, first_step: int) -> "_Epochs":
        batches = range(first_step * self._accumulate, self.steps_per_epoch * self._accumulate)
        sampler = EpochSampler(self._pictures.count, self._data.batch_size, self._ranks, batches, first)
        keys = _keys(self._pictures.count, sampler)
        return _Epochs(_dataset(keys, self._data.workers, self._data.batch_size, self._pictures), epochs)


class EvalLoader:
    """Batches of centre crops, each picture of the source exactly once on one of the ranks."""

    def __init__(
        self,
        source: Source,
        label_map: np.ndarray,
        data: DataConfig,
        preprocessing: Preprocessing,
        ranks: Ranks = ALONE,
    ) -> None:
        """Build over ``source``, whose labels ``label_map`` turns into those of the model."""
        self.count = len(source)  # of all ranks
        share = -(-self.count // ranks.size)  # of the rank that has most
        self.steps = -(-share // data.eval_batch_size)  # batches of that rank; others may have one less
        indices = np.arange(ranks.rank, self.count, ranks.size)
        self._pictures, self._data = EvalPictures(source, label_map, preprocessing, indices), data

    def __iter__(self) -> Iterator[Batch]:
        """Yield the batches of one pass over this rank's share."""
        if not len(self._pictures):  # more ranks than pictures
            return
        dataset = _dataset(_keys(len(self._pictures)), self._data.workers, self._data.eval_batch_size, self._pictures)
        yield from _Epochs(dataset, 1)


class _Keys:
    """The source of ``GeneratorDataset``: each key itself."""

    def __init__(self, count: int) -> None:
        self._count = count

    def __getitem__(self, key: int) -> np.ndarray:
        return np.array(key, np.int64)

    def __len__(self) -> int:
        return self._count


class _Epochs:
    """The batches of some epochs, an epoch each time that it is iterated over."""

    def __init__(self, dataset: ds.Dataset, epochs: int) -> None:
        self._iterator = dataset.create_tuple_iterator(num_epochs=epochs, output_numpy=True, do_copy=False)

    def __iter__(self) -> Iterator[Batch]:
        """Yield the batches, and give back the user's error that a thread met, which arrives as text in another one."""
        try:
            for columns in self._iterator:
                yield Batch(*columns)
        except RuntimeError as error:
            mine = re.findall(rf"^\S*{UserError.__name__}: (.+)$", str(error), re.MULTILINE)
            if not mine:
                raise
            raise UserError(mine[-1]) from None


def _dataset(keys: ds.GeneratorDataset, workers: int, batch_size: int, pictures: Pictures) -> ds.Dataset:
    """Return the pipeline keys -> pictures -> batches.

    The generator hands out bare keys and ``map`` does the work: with two threads a map reads 6 times as many small
    pictures a second as a generator does, whose threads sleep between polls.
    """
    columns, fields = list(pictures.columns), list(pictures.fields)
    workers = min(workers, available_cores())  # more than the machine's cores is an error there
    # threads are enough: Pillow decodes and resizes outside the interpreter's lock
    settings = {"python_multiprocessing": False}
    dataset = keys.map(pictures.picture, ["keys"], columns, num_parallel_workers=workers, **settings)
    return dataset.batch(batch_size).map(pictures.batch, columns, fields, num_parallel_workers=1, **settings)


def _keys(count: int, sampler: ds.Sampler | None = None) -> ds.GeneratorDataset:
    """Return the dataset of keys: those of the sampler, or 0 .. count - 1 in order."""
    order = {"sampler": sampler} if sampler else {"shuffle": False}
    return ds.GeneratorDataset(_Keys(count), ["keys"], num_parallel_workers=1, python_multiprocessing=False, **order)
