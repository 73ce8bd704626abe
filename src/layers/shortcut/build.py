# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The shortcut that settings ask for."""

from typing import Literal

from mindspore import nn

from src.errors import UserError
from src.layers.shortcut.augmented import AugmentedShortcut, DenseProjection, Repeat
from src.layers.shortcut.circulant import CirculantShortcut
from src.layers.shortcut.plain import IdentityShortcut, NoShortcut
from src.layers.shortcut.settings import ShortcutSettings


def build_shortcut(dim: int, settings: ShortcutSettings, location: Literal["msa", "mlp"]) -> nn.Cell:
    """Return the shortcut past one branch of a block of ``dim`` = C channels.

    Raises:
        UserError: the circulant blocks do not divide C.
    """
    if not settings.identity:
        return NoShortcut()
    if not settings.paths or settings.location not in (location, "both"):
        return IdentityShortcut()
    if settings.form == "act":
        return AugmentedShortcut(settings, Repeat(settings.paths))
    if settings.projection == "dense":
        return AugmentedShortcut(settings, DenseProjection(dim, dim, settings.paths, settings.bias))
    if dim % settings.blocks:
        raise UserError(f"shortcut.blocks={settings.blocks}: must divide the {dim} channels of the block")
    return CirculantShortcut(dim, settings)
