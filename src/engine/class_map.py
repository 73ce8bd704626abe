# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Which classes the outputs of a model stand for in a training run."""

from dataclasses import dataclass

import numpy as np

from src.checkpoint.record import Description, Record
from src.config import Config
from src.data.classes import match_classes
from src.data.source import Source
from src.errors import UserError


@dataclass(frozen=True)
class ClassMap:
    """The outputs of a model, and how the labels of the data map to them."""

    classes: tuple[str, ...] | None  # names, in the order of the outputs; None where a start checkpoint knows none
    titles: tuple[str, ...] | None  # what a person reads for each
    num_classes: int  # outputs
    label_map: np.ndarray  # int32, label of the training data -> output


def choose_class_map(config: Config, source: Source, record: Record | None) -> ClassMap:
    """Return the head for training on ``source``: that of the start checkpoint, or a fresh one for its classes.

    Raises:
        UserError: a class that the checkpoint does not know, or ``model.num_classes`` that contradicts.
    """
    wanted = config.model.get("num_classes")
    if record is not None and not config.train.new_head:
        count = record.description.settings["num_classes"]
        if wanted not in (None, count):
            raise UserError(
                f"model.num_classes={wanted}: the head of {config.train.init_from} has {count} outputs; "
                "train.new_head=true replaces it"
            )
        return keep_class_map(record.description, source)
    count = len(source.classes)
    if wanted not in (None, count):
        raise UserError(f"model.num_classes={wanted}: {source.name} has {count} classes; leave the key out")
    return ClassMap(source.classes, None, count, np.arange(count, dtype=np.int32))


def keep_class_map(description: Description, source: Source) -> ClassMap:
    """Return the head of a run that is resumed.

    Raises:
        UserError: ``source`` has a class that the head does not know.
    """
    count = description.settings["num_classes"]
    labels = match_classes(source.classes, description.classes, count, source.name)
    return ClassMap(description.classes, description.titles, count, labels)
