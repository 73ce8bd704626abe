# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""One question that every range of a setting asks."""

from src.errors import UserError


def check(ok: bool, message: str) -> None:
    """Raise ``UserError(message)`` unless ``ok``; the message begins with the key and the value it speaks of."""
    if not ok:
        raise UserError(message)
