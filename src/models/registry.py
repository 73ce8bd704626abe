# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Models by name: each a row that gives its family and what sets it apart from the family's defaults."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from src.config import Preprocessing
from src.errors import UserError, did_you_mean
from src.models import pvt, swin, t2t, vit
from src.models.contract import Backbone
from src.overlay import overlay


@dataclass(frozen=True)
class Variant:
    """A row: how to build a model, with which settings, and for which pictures."""

    build: Callable[[Any], Backbone]  # of an instance of ``settings``
    settings: Any  # a frozen dataclass of the family
    pictures: Callable[[int], Preprocessing]  # of the image size


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
    variant = find_variant(name, settings)
    model = variant.build(variant.settings)
    model.name = name
    model.preprocessing = overlay(variant.pictures(variant.settings.image_size), preprocessing or {}, "preprocessing")
    return model


def find_variant(name: str, settings: Mapping[str, Any]) -> Variant:
    """Return the row of a model with ``settings`` laid over its own; raises as ``create_model`` does."""
    if name not in _VARIANTS:
        raise UserError(f"model.name={name}: no such model{did_you_mean(str(name), _VARIANTS)}")
    variant = _VARIANTS[name]
    return dataclasses.replace(variant, settings=overlay(variant.settings, settings, "model"))


def list_models() -> list[str]:
    """Return the names of all models, sorted."""
    return sorted(_VARIANTS)


_FAMILIES = (
    (vit.VisionTransformer, vit.VARIANTS),
    (pvt.PyramidTransformer, pvt.VARIANTS),
    (t2t.TokensToTokenTransformer, t2t.VARIANTS),
    (swin.SwinTransformer, swin.VARIANTS),
)
_VARIANTS = {
    name: Variant(build, settings, pictures)
    for build, variants in _FAMILIES
    for name, (settings, pictures) in variants.items()
}
