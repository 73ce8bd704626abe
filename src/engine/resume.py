# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Whether a training can go on from a checkpoint as if it had never stopped."""

from collections.abc import Iterator, Mapping
from typing import Any

from src.checkpoint.record import Description
from src.config import Config
from src.errors import UserError
from src.logs import get_logger
from src.overlay import plain

# settings that change nothing of what is computed
_FREE = frozenset(
    {
        "data.path",  # the pictures themselves are compared
        "data.workers",
        "data.on_error",
        "data.max_skipped",
        "train.log_every",
        "train.checkpoint_every",
        "train.keep_checkpoints",
        "train.skip_not_finite",
    }
)
_log = get_logger(__name__)


def check_resumable(description: Description, config: Config, ranks: int, pictures: str, allow_changes: bool) -> None:
    """Compare a checkpoint with what it is to be resumed under.

    Args:
        description: of the checkpoint.
        config: of the resumed run.
        ranks: that train together now.
        pictures: digest of the training pictures of now.
        allow_changes: accept differences, with a warning that names them.

    Raises:
        UserError: there are differences, and they are not accepted.
    """
    changes = list(_changes(description, config, ranks, pictures))
    if not changes:
        return
    said = "; ".join(changes)
    if not allow_changes:
        raise UserError(f"--resume: the run was trained otherwise: {said}; --allow_changes accepts that")
    _log.warning("resuming with changes, so the result is not that of an undisturbed run: %s", said)


def _changes(description: Description, config: Config, ranks: int, pictures: str) -> Iterator[str]:
    before, now = dict(_leaves(description.config)), dict(_leaves(plain(config)))
    for key in sorted(before.keys() | now.keys()):
        was, is_ = (table.get(key, "not set") for table in (before, now))
        if key not in _FREE and was != is_:
            yield f"{key} was {was}, is {is_}"
    if description.state.ranks != ranks:
        yield f"ranks: {description.state.ranks} then, {ranks} now"
    if description.state.pictures != pictures:
        yield "the training pictures are not the same"


def _leaves(tree: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (dotted key, value) of everything in a tree of tables."""
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value
