# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Multiply-accumulates of what a process of ``benchmarks/contender.py`` does, for one image, forward.

It imports MindSpore: a driver that starts PyTorch imports it after all is measured (``benchmarks/turns.py``).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from src.analysis.cost.count import build_to_count, measure, tokens_of_blocks
from src.config import load_assignments
from src.distributed import start_device

# the modules that count, by the beginning of their names
_PARTS = {
    "shortcut": "blocks.0.attn_shortcut",
    "shortcut_training": "blocks.0.attn_shortcut",
    "forward": "",
    "training": "",
}


@dataclass(frozen=True)
class Macs:
    """Multiply-accumulates of an image."""

    executed: float  # by the form at hand
    paper: float  # as Aug-ViT counts


def count(model: str, kind: str, image_size: int, settings: Mapping[str, Any]) -> Macs:
    """Return those of a registered model with ``settings``, or of one of its shortcuts, as ``kind`` says."""
    start_device("CPU")
    assigned = load_assignments([f"{key}={value}" for key, value in settings.items()])
    found = measure(build_to_count(model, **{**assigned, "image_size": image_size}))
    rows = [row for row in found.rows if row.name.startswith(_PARTS[kind])]
    return Macs(sum(row.executed for row in rows), sum(row.paper for row in rows))


def widths(model: str) -> tuple[int, ...]:
    """Return the channels of the tokens of a registered model, stage by stage."""
    start_device("CPU")
    return build_to_count(model).feature_dims


def tokens(model: str, image_size: int) -> int:
    """Return how many tokens enter the first block of a registered model for an image of this size."""
    start_device("CPU")
    return tokens_of_blocks(build_to_count(model, image_size=image_size))[0].count
