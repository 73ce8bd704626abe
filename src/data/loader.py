# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Batches of pictures, read and transformed by threads while earlier ones are used."""

import itertools
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
from PIL import Image

from src.config import Config, DataConfig, Preprocessing
from src.data.pictures import Batch, EvalPictures, Pictures, Place, Prepare, TrainPictures
from src.data.sampler import rank_positions
from src.data.source import Source
from src.distributed import ALONE, Ranks
from src.errors import UserError

_AHEAD = 2  # batches that are made while one is used
_TASK = 8  # pictures that a thread reads at a time, because handing over a task costs as much as reading a tiny one
_BLOCKS = 8  # of memory that Pillow keeps for each thread instead of giving them back: 5 % more pictures a second


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
        batches = read_batches(self._pictures, self._places(first, last, first_step), self._data.workers)
        for epoch in range(first, last):
            yield itertools.islice(batches, len(self._batches(first_step if epoch == first else 0)))

    def _places(self, first: int, last: int, first_step: int) -> Iterator[list[Place]]:
        """Yield the places of each of this rank's batches."""
        for epoch in range(first, last):
            for batch in self._batches(first_step if epoch == first else 0):
                yield [Place(epoch, i) for i in rank_positions(batch, self._data.batch_size, self._ranks)]

    def _batches(self, first_step: int) -> range:
        return range(first_step * self._accumulate, self.steps_per_epoch * self._accumulate)


class EvalLoader:
    """Batches of centre crops, each picture of the source exactly once on one of the ranks."""

    def __init__(
        self,
        source: Source,
        label_map: np.ndarray,
        data: DataConfig,
        preprocessing: Preprocessing,
        ranks: Ranks = ALONE,
        prepare: Prepare | None = None,
    ) -> None:
        """Build over ``source``, whose labels ``label_map`` turns into those of the model.

        ``prepare`` makes the model's input of pictures uint8 (B, H, W, 3); by default it normalises them.
        """
        self.count = len(source)  # of all ranks
        share = -(-self.count // ranks.size)  # of the rank that has most
        self.steps = -(-share // data.eval_batch_size)  # batches of that rank; others may have one less
        self._positions = range(ranks.rank, self.count, ranks.size)
        self._pictures, self._data = EvalPictures(source, label_map, preprocessing, prepare), data

    def __iter__(self) -> Iterator[Batch]:
        """Yield the batches of one pass over this rank's share."""
        size = self._data.eval_batch_size
        places = [Place(0, position) for position in self._positions]
        batches = (places[start : start + size] for start in range(0, len(places), size))
        return read_batches(self._pictures, batches, self._data.workers)


def read_batches(pictures: Pictures, batches: Iterable[Sequence[Place]], workers: int) -> Iterator[Batch]:
    """Yield the batches of these places, read by ``workers`` threads while earlier ones are used.

    Threads are enough: Pillow decodes, resizes and transforms outside the interpreter's lock. They read 1.1 times as
    many pictures a second as the same work does in a ``map`` of mindspore.dataset.

    Raises:
        UserError: a picture that can't be read, where its batch would come.
    """

    def read(places: Sequence[Place]) -> list[tuple[np.ndarray, ...]]:
        return [pictures.picture(place) for place in places]

    def finish(places: Sequence[Place], parts: list[Future]) -> Batch:
        read_ones = itertools.chain.from_iterable(part.result() for part in parts)
        return pictures.batch(places, *(np.stack(column) for column in zip(*read_ones, strict=True)))

    Image.core.set_blocks_max(_BLOCKS * workers)  # what the variable PILLOW_BLOCKS_MAX sets
    readers, finisher = ThreadPoolExecutor(workers), ThreadPoolExecutor(1)
    coming: deque[Future] = deque()
    try:
        for places in batches:
            parts = [readers.submit(read, places[i : i + _TASK]) for i in range(0, len(places), _TASK)]
            coming.append(finisher.submit(finish, places, parts))
            if len(coming) > _AHEAD:
                yield coming.popleft().result()
        while coming:
            yield coming.popleft().result()
    finally:
        for pool in (finisher, readers):
            pool.shutdown(wait=False, cancel_futures=True)
