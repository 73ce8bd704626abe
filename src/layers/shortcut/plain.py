# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Shortcuts without augmented paths: the identity, and none at all."""

from mindspore import Tensor, nn


class IdentityShortcut(nn.Cell):
    """x + y: the shortcut of every published transformer."""

    def construct(self, x: Tensor, z: Tensor, y: Tensor) -> Tensor:
        """Return ``x`` + ``y`` (B, N, C): the block's input and the branch's output; ``z`` is not used."""
        return x + y


class NoShortcut(nn.Cell):
    """y: the branch alone (Aug-ViT, Table 1 and Figure 3a)."""

    def construct(self, x: Tensor, z: Tensor, y: Tensor) -> Tensor:
        """Return ``y`` (B, N, C); ``x`` and ``z`` are not used."""
        return y
