# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The names and shapes that a Vision Transformer's parameters have in DeiT's and Aug-ViT's PyTorch checkpoints."""

import math
import re

from src.layers.shortcut import ShortcutSettings
from src.models.contract import ForeignTensor

_SHORTCUT = re.compile(r"(?P<block>blocks\.\d+)\.(?P<location>attn|mlp)_shortcut\.project\.(?:proj\.)?(?P<kind>\w+)")
_NORM = {".gamma": ".weight", ".beta": ".bias"}


def foreign_tensor(
    name: str, shape: tuple[int, ...], shortcut: ShortcutSettings, patch_shape: tuple[int, int, int]
) -> ForeignTensor:
    """Return where a parameter of a Vision Transformer stands in a PyTorch checkpoint.

    Args:
        name: of the parameter.
        shape: of the parameter.
        shortcut: of the model.
        patch_shape: (in_channels, p, p); the patch embedding is a convolution there.
    """
    parts = _SHORTCUT.fullmatch(name)
    if parts:
        names = _path_names(shortcut, **parts.groupdict())
        flat = parts["kind"] == "bias" or shortcut.projection == "circulant"
        theirs = (math.prod(shape) // len(names),) if flat else (shape[0] // len(names), shape[1])
        return ForeignTensor(name, names, theirs)
    if name == "patch_embed.proj.weight":
        return ForeignTensor(name, (name,), (shape[0], *patch_shape))
    for ours, theirs in _NORM.items():
        if name.endswith(ours):
            return ForeignTensor(name, (name.removesuffix(ours) + theirs,), shape)
    return ForeignTensor(name, (name,), shape)


def _path_names(shortcut: ShortcutSettings, block: str, location: str, kind: str) -> tuple[str, ...]:
    """Return the names of the T paths: ``augs_attn, augs_attn2`` past attention, ``augs, augs2`` past the MLP."""
    stem = "augs_attn" if location == "attn" else "augs"
    inner = ".0" if shortcut.paths > 1 else ""  # several paths stand in a Sequential each, a single one does not
    leaf = "weight_list" if kind == "weight" and shortcut.projection == "circulant" else kind
    return tuple(f"{block}.{stem}{'' if t == 0 else t + 1}{inner}.{leaf}" for t in range(shortcut.paths))
