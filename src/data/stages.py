# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""From places to batches in a pipeline of ``mindspore.dataset``: rows of places, samples, batches.

Three stages, each working ahead of the next: a ``GeneratorDataset`` of the places, in the order of the epoch; a
``map`` that reads and transforms what stands there, in several threads; a ``batch`` whose ``per_batch_map`` does what
is done to a batch together. Nothing is drawn by MindSpore, so the number of threads changes nothing.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import mindspore.dataset as ds
import numpy as np
from PIL import Image

from src.data.recipes.recipe import Place, Recipe
from src.distributed import available_cores

_ROW = 8  # places of a row, because handing over a row costs as much as reading a tiny picture
_BLOCKS = 8  # of memory that Pillow keeps for each thread instead of giving them back: 5 % more pictures a second


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
    """What the threads do."""

    def __init__(self, recipe: Recipe) -> None:
        """Do it for the samples and batches of ``recipe``."""
        self._recipe = recipe

    def read(self, places: np.ndarray) -> list[tuple[np.ndarray, ...]]:
        """Return the samples of a row of places, each with its place."""
        return [(*self._recipe.sample(Place(*map(int, place))), place) for place in places]

    def combine(self, samples: Iterable[tuple[np.ndarray, ...]]) -> tuple[np.ndarray, ...]:
        """Return the columns of a batch and its positions, of samples with their places."""
        *parts, places = _stack(samples)
        epochs, positions = places.T
        return *self._recipe.combine(int(epochs[0]), positions, *parts), positions


class Shelf:
    """Where a stage leaves what it made for the next one, which gets a number for it by way of MindSpore.

    MindSpore would copy the arrays, which costs 5 to 8 % of the pictures a second, and log an error with its stacks.
    """

    def __init__(self) -> None:
        """Start empty."""
        self._made: dict[int, Any] = {}
        self._numbers = itertools.count()

    def leave(self, work: Callable[..., Any], *arguments: Any) -> np.ndarray:
        """Do some work, and return the number, int64 (1,), of what came of it, an error perhaps."""
        number = next(self._numbers)
        try:
            self._made[number] = work(*arguments)
        except Exception as error:
            self._made[number] = error
        return np.array([number])

    def take(self, numbers: Iterable[np.ndarray]) -> list[Any]:
        """Return what has these numbers, and keep it no longer; raises the first error that is among it."""
        made = [self._made.pop(int(number[0])) for number in numbers]
        for one in made:
            if isinstance(one, Exception):
                raise one
        return made


def build_pipeline(
    recipe: Recipe, batches: Sequence[range], workers: int, first_epoch: int = 0, shelf: Shelf | None = None
) -> ds.Dataset:
    """Return the data set of a recipe's batches, an epoch as long as another.

    Args:
        recipe: of samples and batches.
        batches: positions of each batch of an epoch; all but the last hold as many.
        workers: threads that read, at most one a core: MindSpore allows no more.
        first_epoch: that each iterator begins with.
        shelf: where the batches are left, and errors in their places. With None they come through MindSpore, which
            copies them, and the iterator raises its ``RuntimeError`` with the text of an error and where it came from.

    Returns:
        Columns of the recipe, then ``position`` int64 (B,); with a shelf only ``batch`` int64 (1,), their number there.
    """
    places, stages = _Places(batches), _Stages(recipe)
    workers = min(workers, available_cores())
    Image.core.set_blocks_max(_BLOCKS * workers)  # what the variable PILLOW_BLOCKS_MAX sets
    read, combine = _copied(stages) if shelf is None else _left(stages, shelf)
    parts, columns = [*recipe.parts, "place"], [*recipe.columns, "position"]
    if shelf is not None:
        parts, columns = ["row"], ["batch"]
    rows = ds.GeneratorDataset(places, ["place"], sampler=_Keys(len(places), first_epoch))
    rows = rows.map(read, ["place"], parts, num_parallel_workers=workers)
    return rows.batch(places.per_batch, num_parallel_workers=1, per_batch_map=combine, output_columns=columns)


def _copied(stages: _Stages) -> tuple[Callable, Callable]:
    """Return the stages as MindSpore calls them, with arrays; the second gets lists of them and one argument more."""

    def read(places: np.ndarray) -> tuple[np.ndarray, ...]:
        return tuple(_stack(stages.read(places)))

    def combine(*parts: Sequence[np.ndarray]) -> tuple[np.ndarray, ...]:
        return stages.combine(zip(*map(itertools.chain.from_iterable, parts[:-1]), strict=True))

    return read, combine


def _left(stages: _Stages, shelf: Shelf) -> tuple[Callable, Callable]:
    """Return the stages as MindSpore calls them, with numbers of what is left on the shelf."""

    def read(places: np.ndarray) -> np.ndarray:
        return shelf.leave(stages.read, places)

    def batch(rows: Sequence[np.ndarray]) -> tuple[np.ndarray, ...]:
        return stages.combine(itertools.chain.from_iterable(shelf.take(rows)))

    def combine(rows: Sequence[np.ndarray], _: object) -> tuple[np.ndarray]:
        return (shelf.leave(batch, rows),)

    return read, combine


def _stack(samples: Iterable[tuple[np.ndarray, ...]]) -> Iterator[np.ndarray]:
    return map(np.stack, zip(*samples, strict=True))
