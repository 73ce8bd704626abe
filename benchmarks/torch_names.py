# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""What registered models are without augmented paths; this file imports nothing, so that any process can ask."""

TWINS = {"augvit": "deit", "augpvt": "pvt", "augt2t": "t2t", "augswin": "swin"}  # families: augmented to plain


def plain_twin(name: str) -> str:
    """Return the registered plain model that ``name`` adds augmented paths to; of a plain model, itself."""
    family, underscore, size = name.partition("_")
    return TWINS.get(family, family) + underscore + size
