# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The augmented shortcut around any projection of its paths, and the projections that are not circulant."""

from mindspore import Tensor, nn, ops

from src.layers.activation import PolynomialGELU
from src.layers.dense import Dense
from src.layers.shortcut.settings import ShortcutSettings


class AugmentedShortcut(nn.Cell):
    """scale * (x + y + sum_i T_i(z)), with T_i(z) = GELU(z Theta_i) in the paper's form (Aug-ViT, Eq. 8 and 11)."""

    def __init__(self, settings: ShortcutSettings, project: nn.Cell) -> None:
        """Build around ``project``, from (B, N, C) to (B, N, T*C); ``settings.paths`` = T is at least 1."""
        super().__init__()
        self.paths = settings.paths
        self.scale = settings.effective_scale
        self.sees_raw = settings.input == "raw"
        self.before = PolynomialGELU() if settings.form == "act_circ" else nn.Identity()
        self.project = project
        self.after = PolynomialGELU() if settings.form in ("circ_act", "act") else nn.Identity()

    def construct(self, x: Tensor, z: Tensor, y: Tensor) -> Tensor:
        """Return (B, N, C) of the block's input ``x``, its normed form ``z`` and the branch's output ``y``."""
        total = x + y
        for path in self.transform(x if self.sees_raw else z):
            total = total + path
        return total if self.scale == 1.0 else total * self.scale

    def transform(self, z: Tensor) -> tuple[Tensor, ...]:
        """Return the outputs of the T paths, each (B, N, C)."""
        paths = self.after(self.project(self.before(z)))  # (B, N, T*C)
        return ops.split(paths, paths.shape[-1] // self.paths, -1)


class DenseProjection(nn.Cell):
    """T unstructured projections of one input: the paper's "dense" row.

    Parameters: ``weight`` (T * out_channels, in_channels) and ``bias`` (T * out_channels).
    """

    def __init__(self, in_channels: int, out_channels: int, paths: int = 1, has_bias: bool = True) -> None:
        """Build ``paths`` = T projections."""
        super().__init__()
        self.proj = Dense(in_channels, paths * out_channels, has_bias=has_bias)

    def construct(self, z: Tensor) -> Tensor:
        """Return the T projections (B, N, T * out_channels) of ``z`` (B, N, in_channels)."""
        return self.proj(z)


class Repeat(nn.Cell):
    """T copies of the input, for paths that have no projection ("Act" in Table 6)."""

    def __init__(self, paths: int) -> None:
        """Build for ``paths`` = T."""
        super().__init__()
        self.paths = paths

    def construct(self, z: Tensor) -> Tensor:
        """Return (B, N, T*C) of ``z`` (B, N, C)."""
        return ops.tile(z, (1, 1, self.paths))
