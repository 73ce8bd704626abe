# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""What a file of another format says of itself: the description of the checkpoint, as JSON inside it."""

import hashlib
import json
from pathlib import Path

from src.checkpoint.record import Description, read_description
from src.errors import UserError
from src.overlay import plain

KEY = "augvit"  # of the entry in ONNX's metadata_props, in MINDIR's user_info and in the header of safetensors
CHECKSUM = "checkpoint_sha256"  # of the entry beside it


def properties(description: Description, checkpoint: Path) -> dict[str, str]:
    """Return what a file made of the checkpoint in a file carries: its description and its SHA-256."""
    return {KEY: to_text(description), CHECKSUM: file_digest(checkpoint)}


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file as hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def to_text(description: Description) -> str:
    """Return the JSON that goes into a file; the training config stays in the checkpoint."""
    return json.dumps({key: value for key, value in plain(description).items() if key != "config"})


def from_text(text: str | None, origin: str) -> Description:
    """Return the description in the JSON of a file.

    Raises:
        UserError: there is none, or it can't be read.
    """
    if text is None:
        raise UserError(f"{origin}: says nothing of its classes and its preprocessing; export it with export.py")
    try:
        table = json.loads(text)
    except ValueError:
        raise UserError(f"{origin}: its description is not JSON") from None
    return read_description(table, origin)
