# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Models by name: each a row that gives its family and what sets it apart from the family's defaults."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from src.errors import UserError, did_you_mean
from src.models import pvt, swin, t2t, vit
from src.models.contract import Backbone
from src.models.variants import Variant
from src.networks.build import build
from src.networks.settings import NetworkSettings
from src.overlay import overlay


def create_model(name: str, preprocessing: Mapping[str, Any] | None = None, **settings: Any) -> Backbone:
    """Return a new model with random weights (``mindspore.set_seed`` decides which).

    Args:
        name: one of ``list_models()``.
        preprocessing: fields of ``Preprocessing`` that differ from the model's own.
        **settings: settings of the family that differ from the model's own, such as ``num_classes=10``,
            ``image_size=384`` or ``shortcut={"paths": 3}``.

    Raises:
        UserError: unknown name (the near ones are listed), unknown setting, impossible combination.
    """
    return create_network({"model": name, "settings": settings}, preprocessing)


def create_network(tree: Mapping[str, Any], preprocessing: Mapping[str, Any] | None = None) -> Backbone:
    """Return a new network of a tree as a checkpoint holds it: ``NetworkSettings`` as a table of tables.

    ``preprocessing``, and errors, are those of ``create_model``.
    """
    row = find_variant(tree["model"], tree["settings"])
    parts = {key: value for key, value in tree.items() if key != "settings"}
    own = row.preprocessing(row.settings.image_size)
    return build(
        overlay(NetworkSettings(tree["model"], row.settings), parts),
        row,
        overlay(own, preprocessing or {}, "preprocessing"),
    )


def find_variant(name: str, settings: Mapping[str, Any]) -> Variant:
    """Return the row of a model with ``settings`` laid over its own; raises as ``create_model`` does."""
    if name not in _VARIANTS:
        raise UserError(f"model.name={name}: no such model{did_you_mean(str(name), _VARIANTS)}")
    row = _VARIANTS[name]
    return dataclasses.replace(row, settings=overlay(row.settings, settings, "model"))


def list_models() -> list[str]:
    """Return the names of all models, sorted."""
    return sorted(_VARIANTS)


_VARIANTS: Mapping[str, Variant] = {**vit.VARIANTS, **pvt.VARIANTS, **t2t.VARIANTS, **swin.VARIANTS}
