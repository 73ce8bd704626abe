# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The networks that a figure compares: trained ones of checkpoints, and random ones of registered names."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from src.checkpoint.adapt import load_model
from src.checks import check
from src.config import load_assignments
from src.errors import UserError
from src.models.contract import Backbone
from src.models.registry import create_model


@dataclass(frozen=True)
class Network:
    """A network ready for evaluation, and what a figure calls it."""

    label: str
    model: Backbone


def open_networks(
    checkpoints: Sequence[str],
    models: Sequence[str],
    labels: Sequence[str] | None,
    image_size: int | None,
    seed: int,
    set_seed: Callable[[int], object],
) -> list[Network]:
    """Return the networks of checkpoints, then the random ones.

    Args:
        checkpoints: files.
        models: registered names, each with the ``key=value`` settings that follow it.
        labels: one for each network, in that order; None: names of files, and of models with their settings.
        image_size: pixels a side that all of them are resized to; None leaves each its own.
        seed: of each random network, so that equal ones get equal weights.
        set_seed: makes it that of the weights that are drawn next.

    Raises:
        UserError: no network at all, an unreadable checkpoint, an unknown model or setting, an impossible seed, too few
            labels.
    """
    check(0 <= seed < 2**32, f"--seed {seed}: must lie in [0, 2**32)")
    rows = _split_models(models)
    found = [load_model(path)[0] for path in checkpoints]
    for name, *assignments in rows:
        set_seed(seed)
        found.append(create_model(name, **load_assignments(assignments)))
    if not found:
        raise UserError("--checkpoint_path, --model: name a checkpoint or a registered model")
    names = (
        [*_file_labels(checkpoints), *(" ".join(("random", *row)) for row in rows)] if labels is None else list(labels)
    )
    if len(names) != len(found):
        raise UserError(f"--labels: {len(names)} for {len(found)} networks; name each of them")
    return [_ready(name, model, image_size) for name, model in zip(names, found, strict=True)]


def _split_models(words: Sequence[str]) -> list[list[str]]:
    """Return a list for each name among ``words``: the name and the settings behind it."""
    rows: list[list[str]] = []
    for word in words:
        if "=" not in word:
            rows.append([word])
        elif rows:
            rows[-1].append(word)
        else:
            raise UserError(f"--model {word}: the name of a model comes before its settings")
    return rows


def _file_labels(checkpoints: Sequence[str]) -> list[str]:
    """Return the names of files without their extensions, with their folders where two are alike."""
    stems = [Path(path).stem for path in checkpoints]
    alike = len(set(stems)) < len(stems)
    return [str(Path(path).with_suffix("")) if alike else stem for path, stem in zip(checkpoints, stems, strict=True)]


def _ready(label: str, model: Backbone, image_size: int | None) -> Network:
    model.set_train(False)
    try:
        model.set_size(image_size or model.settings.image_size)
    except UserError as error:
        raise UserError(f"--image_size {image_size}: {label}: {error}") from None
    return Network(label, model)
