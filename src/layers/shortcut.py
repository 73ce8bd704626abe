# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""What carries the input of a block past its branch: nothing, the identity, or augmented shortcuts (Aug-ViT, Eq. 8)."""

import dataclasses
from dataclasses import dataclass
from typing import Literal

from mindspore import Tensor, nn, ops

from src import distributed
from src.config import check
from src.errors import UserError
from src.layers.activation import exact_gelu
from src.layers.circulant_dense import CirculantDense, DenseProjection, Implementation, choose_implementation
from src.layers.dense import bias_or_zeros
from src.layers.fused_shortcut import FusedShortcut
from src.layers.kernels import Kernels, native_kernels


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


class AugmentedShortcut(nn.Cell):
    """scale * (x + y + sum_i T_i(z)), with T_i(z) = GELU(z Theta_i) in the paper's form (Aug-ViT, Eq. 8 and 11)."""

    def __init__(self, settings: ShortcutSettings, project: nn.Cell, kernels: Kernels = "auto") -> None:
        """Build around ``project``, from (B, N, C) to (B, N, T*C); ``settings.paths`` = T is at least 1."""
        super().__init__()
        self.paths = settings.paths
        self.scale = settings.effective_scale
        self.sees_raw = settings.input == "raw"
        self.before = exact_gelu(kernels) if settings.form == "act_circ" else nn.Identity()
        self.project = project
        self.after = exact_gelu(kernels) if settings.form in ("circ_act", "act") else nn.Identity()

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


class FusedAugmentedShortcut(AugmentedShortcut):
    """The same sum and the same parameters, by one native kernel; for block-circulant projections."""

    def __init__(self, settings: ShortcutSettings, project: CirculantDense, kernels: Kernels = "auto") -> None:
        """Build where ``native_kernels`` says so; of ``project`` only the parameters are used."""
        super().__init__(settings, project, kernels)
        self.fused = FusedShortcut(self.scale, activated=settings.form == "circ_act")

    def construct(self, x: Tensor, z: Tensor, y: Tensor) -> Tensor:
        """Return (B, N, C) of the block's input ``x``, its normed form ``z`` and the branch's output ``y``."""
        seen = self.before(x if self.sees_raw else z)
        bias = bias_or_zeros(self.project.bias, self.paths * seen.shape[-1])
        return self.fused(x, y, seen, self.project.weight, bias)


class Repeat(nn.Cell):
    """T copies of the input, for paths that have no projection ("Act" in Table 6)."""

    def __init__(self, paths: int) -> None:
        """Build for ``paths`` = T."""
        super().__init__()
        self.paths = paths

    def construct(self, z: Tensor) -> Tensor:
        """Return (B, N, T*C) of ``z`` (B, N, C)."""
        return ops.tile(z, (1, 1, self.paths))


def build_shortcut(
    dim: int, settings: ShortcutSettings, location: Literal["msa", "mlp"], kernels: Kernels = "auto"
) -> nn.Cell:
    """Return the shortcut past one branch of a block of ``dim`` = C channels.

    Raises:
        UserError: the circulant blocks do not divide C, or a native kernel is asked for where there is none.
    """
    if not settings.identity:
        return NoShortcut()
    if settings.paths and settings.location in (location, "both"):
        if settings.projection == "dense" or settings.form == "act":
            return AugmentedShortcut(settings, _projection(dim, settings, kernels), kernels)
        return _circulant_shortcut(dim, settings, kernels)
    return IdentityShortcut()


def _circulant_shortcut(dim: int, settings: ShortcutSettings, kernels: Kernels) -> AugmentedShortcut:
    native = native_kernels(kernels)
    if settings.implementation == "native" and not native:
        raise UserError(
            "shortcut.implementation=native: needs a CPU, g++ from version 9 and kernels=auto; auto takes the next best"
        )
    if settings.implementation == "auto":
        chosen = choose_implementation(distributed.device_target(), native)
        settings = dataclasses.replace(settings, implementation=chosen)
    cell = FusedAugmentedShortcut if settings.implementation == "native" else AugmentedShortcut
    return cell(settings, _projection(dim, settings, kernels), kernels)


def _projection(dim: int, settings: ShortcutSettings, kernels: Kernels) -> nn.Cell:
    if settings.form == "act":
        return Repeat(settings.paths)
    if settings.projection == "dense":
        return DenseProjection(dim, dim, settings.paths, settings.bias, kernels)
    if dim % settings.blocks:
        raise UserError(f"shortcut.blocks={settings.blocks}: must divide the {dim} channels of the block")
    # native: the kernel takes the parameters, and the product in the Fourier domain has no index table beside them
    product = "dense" if settings.implementation == "dense" else "fft"
    return CirculantDense(dim, dim, settings.paths, settings.blocks, settings.bias, product)
