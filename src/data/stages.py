# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""From places to batches in a pipeline of ``mindspore.dataset``: rows of places, samples, batches.

Three stages, each working ahead of the next: a ``GeneratorDataset`` of the places, in the order of the epoch; a
``map`` that reads and transforms what stands there, in several threads; a ``batch`` whose ``per_batch_map`` does what
is done to a batch together. Nothing is drawn by MindSpore, so the number of threads changes nothing.
"""

from collections.abc import Iterator, Sequence

import mindspore.dataset as ds
import numpy as np
from PIL import Image

from src.data.recipes.recipe import Place, Recipe
from src.distributed import available_cores

Faults = dict[int, Exception]  # what a stage raised, by the number that stands for it in a batch
_ROW = 8  # places of a row, because handing over a row costs as much as reading a tiny picture
_BLOCKS = 8  # of memory that Pillow keeps for each thread instead of giving them back: 5 % more pictures a second
_NONE = np.int64(0)  # in place of the number of a fault


class _Places:
    """The rows of an epoch's places, none of which holds places of two batches."""

    def __init__(self, batches: Sequence[range]) -> None:
        """Keep the positions of each batch; all but the last have as many."""
        self._batches = batches
        self.per_batch = -(-len(batches[0]) // _ROW)
        self._count = (len(batches) - 1) * self.per_batch - (-len(batches[-1]) // _ROW)

    def __len__(self) -> int:
        """Return the number of rows."""
        return self._count

    def __getitem__(self, key: int) -> tuple[np.ndarray]:
        """Return row ``key % len`` of epoch ``key // len``: places int64 (n, 2), each (epoch, position)."""
        epoch, row = divmod(int(key), self._count)
        batch, part = divmod(row, self.per_batch)
        positions = self._batches[batch][part * _ROW : (part + 1) * _ROW]
        return (np.array([(epoch, position) for position in positions], np.int64),)


class _Keys(ds.Sampler):
    """The keys of an epoch's rows in order; MindSpore copies it for each iterator, and asks once for each epoch."""

    def __init__(self, rows: int, epoch: int) -> None:
        """Start with ``epoch``, each of which has so many rows."""
        super().__init__(rows)
        self._rows, self._epoch = rows, epoch

    def __iter__(self) -> Iterator[int]:
        """Yield the keys of the present epoch, and move on to the next one."""
        start = self._epoch * self._rows
        self._epoch += 1
        return iter(range(start, start + self._rows))


class _Stages:
    """What the threads call; an error goes through the pipeline as a number, because MindSpore logs those it sees."""

    def __init__(self, recipe: Recipe, faults: Faults | None) -> None:
        """Keep errors in ``faults``, which the threads share; with None they are left to MindSpore."""
        self._recipe, self._faults = recipe, faults

    def read(self, places: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return the stacked samples of a row of places, the places, and the number of the fault."""
        try:
            samples = [self._recipe.sample(Place(*map(int, place))) for place in places]
        except Exception as error:
            return *_empty(self._recipe.parts), places, self._keep(error)
        return *(np.stack(part) for part in zip(*samples, strict=True)), places, _NONE

    def combine(self, *rows: list[np.ndarray]) -> tuple[np.ndarray, ...]:
        """Return the columns of a batch, the positions, and the number of the fault; MindSpore adds an argument."""
        *samples, places, faults, _ = rows
        epochs, positions = np.concatenate(places).T
        fault = next((fault for fault in faults if fault), _NONE)
        columns = _empty(self._recipe.columns)
        if not fault:
            try:
                columns = self._recipe.combine(int(epochs[0]), positions, *map(np.concatenate, samples))
            except Exception as error:
                fault = self._keep(error)
        return *columns, positions, np.array([fault])

    def _keep(self, error: Exception) -> np.int64:
        if self._faults is None:
            raise error
        self._faults[id(error)] = error
        return np.int64(id(error))


def build_pipeline(
    recipe: Recipe, batches: Sequence[range], workers: int, first_epoch: int = 0, faults: Faults | None = None
) -> ds.Dataset:
    """Return the data set of a recipe's batches, an epoch as long as another.

    Args:
        recipe: of samples and batches.
        batches: positions of each batch of an epoch; all but the last hold as many.
        workers: threads that read, at most one a core: MindSpore allows no more.
        first_epoch: that each iterator begins with.
        faults: where an error is kept; the batch that it belongs to carries its key there instead of arrays. With None
            the iterator raises MindSpore's ``RuntimeError``, which holds the text of the error and where it came from.

    Returns:
        Columns of the recipe, then ``position`` int64 (B,) and ``fault`` int64 (1,), which is 0 where there is none.
    """
    places, stages = _Places(batches), _Stages(recipe, faults)
    workers = min(workers, available_cores())
    Image.core.set_blocks_max(_BLOCKS * workers)  # what the variable PILLOW_BLOCKS_MAX sets
    samples = [*recipe.parts, "place", "fault"]
    rows = ds.GeneratorDataset(places, ["place"], sampler=_Keys(len(places), first_epoch))
    rows = rows.map(stages.read, ["place"], samples, num_parallel_workers=workers)
    return rows.batch(
        places.per_batch,
        num_parallel_workers=1,
        per_batch_map=stages.combine,
        output_columns=[*recipe.columns, "position", "fault"],
    )


def _empty(names: Sequence[str]) -> list[np.ndarray]:
    return [np.zeros(1)] * len(names)
