# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Small models, built from the registered ones: seconds instead of minutes."""

from typing import Any

from src.models.contract import Backbone
from src.models.registry import create_model

TINY = {"image_size": 32, "patch_size": 8, "embed_dim": 48, "depth": 2, "num_heads": 3, "num_classes": 10}

# the modes of the released PyTorch code, as settings of our shortcut
RELEASED_MODES = {
    "base": {"paths": 0},
    "linear": {"paths": 1, "form": "circ", "projection": "dense"},
    "circulant": {"paths": 1, "form": "circ"},
    "linear2": {"paths": 2, "projection": "dense"},
    "circulant2": {"paths": 2},
}


def tiny_model(mode: str = "circulant2", shortcut: dict[str, Any] | None = None, **settings: Any) -> Backbone:
    """Return a two-block Aug-ViT of 48 channels in one of the released modes."""
    shortcut = {**RELEASED_MODES[mode], **(shortcut or {})}
    return create_model("augvit_s", shortcut=shortcut, **{**TINY, **settings})
