# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Batches for the engine: what the pipeline makes, in the order of epochs and steps."""

import itertools
from collections.abc import Iterator

import mindspore.dataset as ds
import numpy as np

from src.config import Config, DataConfig
from src.data.batch import Batch
from src.data.recipes.classify import EvalRecipe, Prepare, TrainRecipe
from src.data.recipes.recipe import Recipe
from src.data.sampler import rank_positions
from src.data.source import Source
from src.data.stages import Shelf, build_pipeline
from src.distributed import ALONE, Ranks
from src.errors import UserError
from src.preprocessing import Preprocessing

_AHEAD = 2  # batches, and rows for each thread, that a stage keeps for the next one; MindSpore's own default is 16


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
        self._recipe = TrainRecipe(source, label_map, num_classes, config, preprocessing)
        count = self.steps_per_epoch * accumulate
        self._batches = [rank_positions(batch, data.batch_size, ranks) for batch in range(count)]
        self._workers, self._accumulate = data.workers, accumulate

    def epochs(self, first: int, last: int, first_step: int = 0) -> Iterator[Iterator[Batch]]:
        """Yield an iterator of batches for each epoch in [first, last); the first epoch begins at ``first_step``.

        Those of the next epoch are under way while something else is done.
        """
        batches, done = self._read(first, last, first_step), first_step * self._accumulate
        for epoch in range(first, last):
            yield itertools.islice(batches, len(self._batches) - (done if epoch == first else 0))

    def dataset(self, first_epoch: int = 0, first_step: int = 0, shelf: Shelf | None = None) -> ds.Dataset:
        """Return the data set of epochs that all begin at a step; for ``shelf`` see ``build_pipeline``."""
        batches = self._batches[first_step * self._accumulate :]
        return build_pipeline(self._recipe, batches, self._workers, first_epoch, shelf)

    def _read(self, first: int, last: int, first_step: int) -> Iterator[Batch]:
        """Yield the batches of some epochs: those of a part of one, then those of whole ones, by a pipeline each."""
        shelf = Shelf()
        if first_step:
            if first_step < self.steps_per_epoch:
                yield from read_batches(self.dataset(first, first_step, shelf), self._recipe, shelf, 1)
            first += 1
        if first < last:
            yield from read_batches(self.dataset(first, 0, shelf), self._recipe, shelf, last - first)


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
        share, size = -(-self.count // ranks.size), data.eval_batch_size  # share: of the rank that has most
        self.steps = -(-share // size)  # batches of that rank; others may have one less
        positions = range(ranks.rank, self.count, ranks.size)
        self._batches = [positions[start : start + size] for start in range(0, len(positions), size)]
        self._recipe, self._workers = EvalRecipe(source, label_map, preprocessing, prepare), data.workers

    def __iter__(self) -> Iterator[Batch]:
        """Yield the batches of one pass over this rank's share."""
        if not self._batches:  # more ranks than pictures
            return iter(())
        shelf = Shelf()
        return read_batches(self.dataset(shelf), self._recipe, shelf, 1)

    def dataset(self, shelf: Shelf | None = None) -> ds.Dataset:
        """Return the data set of one pass; for ``shelf`` see ``build_pipeline``."""
        return build_pipeline(self._recipe, self._batches, self._workers, shelf=shelf)


def read_batches(dataset: ds.Dataset, recipe: Recipe, shelf: Shelf, epochs: int) -> Iterator[Batch]:
    """Yield the batches of so many epochs of a data set that ``build_pipeline`` made with ``shelf``.

    Raises:
        UserError: a picture that can't be read, where its batch would come.
    """

    def batch(row: list[np.ndarray]) -> Batch:
        ((*columns, positions),) = shelf.take(row)
        return recipe.batch(positions, *columns)

    before = ds.config.get_prefetch_size()
    ds.config.set_prefetch_size(_AHEAD)  # holds for what is built until it is set anew
    try:
        rows = dataset.create_tuple_iterator(num_epochs=epochs, output_numpy=True)
    finally:
        ds.config.set_prefetch_size(before)
    try:
        for _ in range(epochs):
            yield from map(batch, rows)  # a loop would hold the last batch while the next one is awaited
    finally:
        rows.stop()
