# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""A row of the table of models, and the Aug twins of plain rows."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from src.layers.shortcut.settings import ShortcutSettings
from src.models.contract import Backbone
from src.preprocessing import ImageSize, Preprocessing

_TWIN = ShortcutSettings(paths=2)  # of every Aug-ViT that the paper trains


@dataclass(frozen=True)
class Variant:
    """A row: how to build a model, with which settings, and for which pictures."""

    build: Callable[[Any], Backbone]  # of an instance of ``settings``
    settings: Any  # a frozen dataclass of the family
    preprocessing: Callable[[ImageSize], Preprocessing]  # of the image size


def augmented(rows: Mapping[str, Variant], plain: str, twin: str, **changes: Any) -> dict[str, Variant]:
    """Return the rows of ``twin_x`` for those of ``plain_x``: the same with two augmented paths past every branch.

    ``changes`` are fields of ``Variant`` that differ beside the shortcut.
    """
    return {
        name.replace(plain, twin, 1): dataclasses.replace(
            row, settings=dataclasses.replace(row.settings, shortcut=_TWIN), **changes
        )
        for name, row in rows.items()
    }
