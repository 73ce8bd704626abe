# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The pictures of a folder as a data set of ``mindspore.dataset``, for whoever has a loop of their own."""

from collections.abc import Sequence

import mindspore.dataset as ds

from src.config import Config
from src.data.classes import match_classes
from src.data.loader import EvalLoader, TrainLoader
from src.data.sources import open_source
from src.data.subset import Subset
from src.distributed import ALONE, Ranks
from src.preprocessing import Preprocessing


def create_dataset(
    data_path: str,
    do_train: bool = True,
    config: Config | None = None,
    preprocessing: Preprocessing | None = None,
    classes: Sequence[str] | None = None,
    ranks: Ranks = ALONE,
    first_epoch: int = 0,
) -> ds.Dataset:
    """Return the batches of a data set as ``train.py`` and ``eval.py`` see them, bit for bit.

    It can be iterated, mapped and handed to ``mindspore.train.Model``. Crops, mixing and erasing are functions of
    (config.seed, epoch, position): an iterator of several epochs gives each of them its own, and MindSpore's seed and
    the number of workers change nothing. MindSpore keeps up to ``mindspore.dataset.config.get_prefetch_size()`` batches
    ready; its default of 16 takes a gigabyte for batches of 128 pictures of 224 pixels.

    Args:
        data_path: the data set, of any format that ``open_source`` knows.
        do_train: the training split, shuffled, augmented and mixed, whole batches only; otherwise the validation split,
            centre crops in order, every picture once, the last batch smaller.
        config: of which ``seed``, ``data`` and ``train.label_smoothing`` count; the defaults where it is None.
        preprocessing: of the network (``network.preprocessing``); 224 pixels where it is None.
        classes: names of the network's outputs, in their order; those of the data set where it is None.
        ranks: which part of each global batch is this process's.
        first_epoch: that each iterator begins with, for a training that goes on.

    Returns:
        Columns ``image``, float32 (B, 3, H, W), normalised, and ``label``: soft targets float32 (B, K) to train with,
        whose rows sum to 1, and int32 (B,), in [0, K), to evaluate with. ``get_dataset_size`` is in batches of
        ``config.data.batch_size`` or ``eval_batch_size`` pictures; ``get_batch_size`` counts MindSpore's rows, each up
        to 8 pictures.

    Raises:
        UserError: no such data set, a class that is not among ``classes``, or fewer pictures than a batch.
        RuntimeError: MindSpore's, while iterating: a picture can't be read; the text names it.
    """
    config, preprocessing = config or Config(), preprocessing or Preprocessing()
    data = config.data
    source = open_source(data_path, "train" if do_train else "val", data.format)
    outputs = len(classes or source.classes)
    label_map = match_classes(source.classes, classes, outputs, source.name)
    if do_train:
        source = Subset(source, data.per_class) if data.per_class else source
        dataset = TrainLoader(source, label_map, outputs, config, preprocessing, ranks).dataset(first_epoch)
    else:
        dataset = EvalLoader(source, label_map, data, preprocessing, ranks).dataset()
    return dataset.project(["image", "label"])
