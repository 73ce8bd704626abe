# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The augmented shortcut of block-circulant projections: its parameters, and the sum that computes with them."""

import functools

import mindspore as ms
from mindspore import Parameter, Tensor, nn, ops
from mindspore.common.initializer import initializer

from src.layers.activation import PolynomialGELU
from src.layers.dense import add_bias
from src.layers.initial import fan_in_uniform
from src.layers.shortcut.settings import Implementation, ShortcutSettings
from src.logs import get_logger
from src.ops import circulant

_log = get_logger(__name__)


class CirculantShortcut(nn.Cell):
    """scale * (x + y + sum_t act(C_t z + bias_t)) with block-circulant C_t (Aug-ViT, Eq. 8, 11 and 14).

    ``before``, the activation of the form that has it in front of the projections, is the identity else.
    """

    def __init__(self, dim: int, settings: ShortcutSettings) -> None:
        """Build for ``dim`` = C channels; ``settings.paths`` = T is at least 1.

        Raises:
            ValueError: ``settings.blocks`` do not divide C.
        """
        super().__init__()
        self.sees_raw = settings.input == "raw"
        self.before = PolynomialGELU() if settings.form == "act_circ" else nn.Identity()
        self.project = Generators(dim, dim, settings.paths, settings.blocks, settings.bias)
        activated = settings.form == "circ_act"
        shape = self.project.weight.shape
        self.sum = CirculantSum(shape, settings.effective_scale, activated, settings.implementation)

    def construct(self, x: Tensor, z: Tensor, y: Tensor) -> Tensor:
        """Return (B, N, C) of the block's input ``x``, its normed form ``z`` and the branch's output ``y``."""
        seen = self.before(x if self.sees_raw else z)
        return self.sum(x, y, seen, self.project.weight, self.project.bias)


class Generators(nn.Cell):
    """What T block-circulant projections of one input learn (Aug-ViT, Eq. 12-14).

    Parameters: ``weight``, the generators (T, b_out, b_in, n), and ``bias`` (T * out_channels). The block size n is
    min(in_channels, out_channels) / blocks.
    """

    def __init__(
        self, in_channels: int, out_channels: int, paths: int = 1, blocks: int = 4, has_bias: bool = True
    ) -> None:
        """Build ``paths`` = T projections with ``blocks`` = b circulant blocks along the shorter side.

        Raises:
            ValueError: b does not divide min(in_channels, out_channels), or that block size does not divide both.
        """
        super().__init__()
        n, rest = divmod(min(in_channels, out_channels), blocks)
        if rest or in_channels % n or out_channels % n:
            raise ValueError(f"blocks={blocks}: {in_channels} x {out_channels} channels do not split into such blocks")
        start = fan_in_uniform(in_channels)
        self.weight = Parameter(initializer(start, (paths, out_channels // n, in_channels // n, n)), name="weight")
        self.bias = Parameter(initializer(start, (paths * out_channels,)), name="bias") if has_bias else None


class CirculantSum(nn.Cell):
    """scale * (x + y + sum_t act(C_t z + bias_t)), by MindSpore's operators; it holds no parameters."""

    def __init__(
        self, shape: tuple[int, int, int, int], scale: float, activated: bool, implementation: Implementation
    ) -> None:
        """Build for generators of ``shape`` (T, b, b, n).

        Args:
            shape: of the generators.
            scale: of the whole sum.
            activated: whether act is the exact GELU, or nothing.
            implementation: of the product: fft, else the gathered dense weight. ``auto`` may give way to a native
                kernel, ``native`` has to (``accelerate``).
        """
        super().__init__()
        self.paths, self.scale, self.activated, self.implementation = shape[0], scale, activated, implementation
        self.product = FourierProduct() if implementation in ("fft", "native") else GatheredProduct(shape)
        self.act = PolynomialGELU() if activated else nn.Identity()

    def construct(self, x: Tensor, y: Tensor, z: Tensor, generators: Tensor, bias: Tensor | None) -> Tensor:
        """Return (B, N, C) of ``x``, ``y``, ``z`` (B, N, C), ``generators`` (T, b, b, n) and ``bias`` (T * C,)."""
        paths = self.act(add_bias(self.product(z, generators), bias))  # (B, N, T*C)
        total = x + y
        for path in ops.split(paths, paths.shape[-1] // self.paths, -1):
            total = total + path
        return total if self.scale == 1.0 else total * self.scale


class GatheredProduct(nn.Cell):
    """The block-circulant product by one dense weight, gathered from the generators."""

    def __init__(self, shape: tuple[int, int, int, int]) -> None:
        """Build for generators of ``shape`` (T, b_out, b_in, n)."""
        super().__init__()
        self.index = Tensor(circulant.dense_index(shape), ms.int32)  # a constant: not a parameter, in no checkpoint

    def construct(self, z: Tensor, generators: Tensor) -> Tensor:
        """Return (..., T*b_out*n) of ``z`` (..., b_in*n)."""
        return circulant.dense_product(z, generators, self.index)


class FourierProduct(nn.Cell):
    """The block-circulant product in the Fourier domain (Eq. 14)."""

    def construct(self, z: Tensor, generators: Tensor) -> Tensor:
        """Return (..., T*b_out*n) of ``z`` (..., b_in*n)."""
        return circulant.fft_product(z, generators)


@functools.cache  # so that the choice is logged once a process, not once a network
def choose_implementation(device: str, native: bool) -> Implementation:
    """Return the fastest implementation of the block-circulant product on a device, and log it.

    On a CPU the native kernel wins where it is to be had, else the gathered dense weight, forward and backward
    (docs/performance.md); on a GPU MindSpore has no FFT; on Ascend nothing was measured, and matrix products are what
    that device is built for.
    """
    choice: Implementation = "native" if native else "dense"
    _log.info("circulant projections: auto takes %s on %s", choice, device)
    return choice
