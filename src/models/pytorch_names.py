# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The names and shapes that parameters have in PyTorch checkpoints, as far as the families have them in common."""

import math
import re

from src.layers.shortcut.settings import ShortcutSettings
from src.models.contract import ForeignTensor

_SHORTCUT = re.compile(r"(?P<block>.+)\.(?P<location>attn|mlp)_shortcut\.project\.(?:proj\.)?(?P<kind>\w+)")
_NORM = {".gamma": ".weight", ".beta": ".bias"}


def official_tensor(
    ours: str,
    theirs: str,
    shape: tuple[int, ...],
    shortcut: ShortcutSettings,
    patch: tuple[int, int, int] | tuple[()] = (),
) -> ForeignTensor:
    """Return where a parameter stands in a PyTorch checkpoint.

    Args:
        ours: name of the parameter.
        theirs: the same, with modules named as the official code names them.
        shape: of the parameter.
        shortcut: of the model.
        patch: (in_channels, p, p) where it is a convolution there, in whose order ours has its values.
    """
    parts = _SHORTCUT.fullmatch(theirs)
    if parts:
        names = _path_names(shortcut, **parts.groupdict())
        flat = parts["kind"] == "bias" or shortcut.projection == "circulant"
        each = (math.prod(shape) // len(names),) if flat else (shape[0] // len(names), shape[1])
        return ForeignTensor(ours, names, each)
    for own, official in _NORM.items():
        if theirs.endswith(own):
            theirs = theirs.removesuffix(own) + official
    return ForeignTensor(ours, (theirs,), (shape[0], *patch) if patch else shape)


def _path_names(shortcut: ShortcutSettings, block: str, location: str, kind: str) -> tuple[str, ...]:
    """Return the names of the T paths: ``augs_attn, augs_attn2`` past attention, ``augs, augs2`` past the MLP."""
    stem = "augs_attn" if location == "attn" else "augs"
    inner = ".0" if shortcut.paths > 1 else ""  # several paths stand in a Sequential each, a single one does not
    leaf = "weight_list" if kind == "weight" and shortcut.projection == "circulant" else kind
    return tuple(f"{block}.{stem}{'' if t == 0 else t + 1}{inner}.{leaf}" for t in range(shortcut.paths))
