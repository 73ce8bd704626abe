# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Class names: reading them from a file, and matching the folders of a data set to the classes a model knows."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from src.errors import UserError, did_you_mean


def read_class_names(path: str | Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return (names, titles) of a file: names match folders, titles are what a person reads.

    Args:
        path: a text file with a name a line, a JSON list of names, or ImageNet's class index
            ``{"0": ["n01440764", "tench"], ...}``, whose second entries are the titles.

    Raises:
        UserError: the file is none of these, or a name stands twice.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")  # some editors put a mark before the first name
        names, titles = _parse_names(json.loads(text) if path.suffix == ".json" else text.splitlines())
    except OSError as error:
        raise UserError(f"--classes {path}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UserError(f"--classes {path}: expected a name a line, a JSON list, or ImageNet's class index") from None
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UserError(f"--classes {path}: the class {twice!r} stands there twice")
    return names, titles


def match_classes(found: Sequence[str], known: Sequence[str] | None, num_classes: int, name: str) -> np.ndarray:
    """Return for each class of a data set its index among the outputs of a model, int32.

    Args:
        found: class names of the data set, in the order of its labels.
        known: class names of the model; None when it knows none, which leaves the sorted order.
        num_classes: outputs of the model.
        name: of the data set, for messages.

    Raises:
        UserError: a class the model does not know, or, where it knows no names, another number of them.
    """
    if known is None:
        if len(found) != num_classes:
            raise UserError(
                f"{name}: {len(found)} classes, but the model has {num_classes} outputs and knows no class names"
            )
        return np.arange(num_classes, dtype=np.int32)
    index = {label: i for i, label in enumerate(known)}
    strange = next((label for label in found if label not in index), None)
    if strange is not None:
        raise UserError(f"{name}: the model knows no class {strange!r}{did_you_mean(strange, known)}")
    return np.array([index[label] for label in found], np.int32)


def _parse_names(table: list[str] | dict[str, list[str]]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return (names, titles) of a list of names or of ImageNet's class index; anything else raises."""
    if isinstance(table, dict):
        pairs = [table[str(i)] for i in range(len(table))]
        if not all(isinstance(pair, list) for pair in pairs):
            raise TypeError("a class index has pairs")
        names, titles = tuple(name for name, _ in pairs), tuple(title.replace("_", " ") for _, title in pairs)
    elif isinstance(table, list):
        names = titles = tuple(name.strip() for name in table if name.strip())
    else:
        raise TypeError("neither a list nor a table")
    if not names or not all(isinstance(name, str) for name in names):
        raise ValueError("no names")
    return names, titles
