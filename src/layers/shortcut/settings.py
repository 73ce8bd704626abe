# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""What the shortcuts of a network can be set to."""

from dataclasses import dataclass
from typing import Literal

from src.checks import check

Implementation = Literal["auto", "native", "fft", "dense"]  # of the block-circulant product


@dataclass(frozen=True)
class ShortcutSettings:
    """The shortcuts of a network.

    The released PyTorch modes are: base ``paths=0``; circulant and linear ``paths=1, form="circ"``; circulant2 and
    linear2 ``paths=2``; with ``projection`` circulant or dense.
    """

    identity: bool = True  # False: no shortcut past the branch at all (Table 1 of the paper)
    paths: int = 0  # T, augmented paths beside the identity; 0 is a plain transformer
    blocks: int = 4  # b, circulant blocks a side
    projection: Literal["circulant", "dense"] = "circulant"  # of each path
    location: Literal["msa", "mlp", "both"] = "both"  # which branches have augmented paths
    # order of projection and activation: Eq. 11 (circ_act), or one of the rows of Table 6
    form: Literal["circ_act", "act_circ", "circ", "act"] = "circ_act"
    bias: bool = True  # of each projection
    input: Literal["normed", "raw"] = "normed"  # what the paths see: the branch's normed input, or the block's own
    # of the whole sum; None: 3/4 for two paths with circ_act, as released, else 1. The paper's formula has 1
    scale: float | None = None
    implementation: Implementation = "auto"  # of the circulant product

    def __post_init__(self) -> None:
        check(0 <= self.paths <= 3, f"paths={self.paths}: must be 0, 1, 2 or 3")
        check(self.blocks >= 1, f"blocks={self.blocks}: must be at least 1")
        check(self.scale is None or self.scale > 0, f"scale={self.scale}: must be positive, or null")
        check(self.identity or self.paths == 0, f"paths={self.paths}: augmented paths stand beside an identity")

    @property
    def effective_scale(self) -> float:
        """The scale that holds: the one given, or the rule of the released code."""
        if self.scale is not None:
            return self.scale
        return 0.75 if self.paths == 2 and self.form == "circ_act" else 1.0
