# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The T projections of an augmented shortcut: block-circulant, or dense as the paper's comparison."""

import functools
from typing import Literal

import mindspore as ms
from mindspore import Parameter, Tensor, nn
from mindspore.common.initializer import initializer

from src.layers.dense import Dense, add_bias
from src.layers.initial import fan_in_uniform
from src.layers.kernels import Kernels
from src.logs import get_logger
from src.ops import circulant

Implementation = Literal["auto", "native", "fft", "dense"]  # of the circulant product; native exists within shortcuts
_log = get_logger(__name__)


@functools.cache  # so that the choice is logged once a process, not once a layer
def choose_implementation(device: str, native: bool) -> Implementation:
    """Return the fastest implementation of the block-circulant product on a device, and log it.

    On a CPU the native kernel wins where it is to be had, else the gathered dense weight, forward and backward
    (docs/performance.md); on a GPU MindSpore has no FFT; on Ascend nothing was measured, and matrix products are what
    that device is built for.
    """
    choice: Implementation = "native" if native else "dense"
    _log.info("circulant projections: auto takes %s on %s", choice, device)
    return choice


class CirculantDense(nn.Cell):
    """T block-circulant projections of one input (Aug-ViT, Eq. 12-14), with bias.

    Parameters: ``weight``, the generators (T, b_out, b_in, n), and ``bias`` (T * out_channels). The block size n is
    min(in_channels, out_channels) / blocks.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        paths: int = 1,
        blocks: int = 4,
        has_bias: bool = True,
        implementation: Literal["fft", "dense"] = "dense",
    ) -> None:
        """Build ``paths`` = T projections with ``blocks`` = b circulant blocks along the shorter side.

        Raises:
            ValueError: b does not divide min(in_channels, out_channels), or that block size does not divide both.
        """
        super().__init__()
        n, rest = divmod(min(in_channels, out_channels), blocks)
        if rest or in_channels % n or out_channels % n:
            raise ValueError(f"blocks={blocks}: {in_channels} x {out_channels} channels do not split into such blocks")
        shape = (paths, out_channels // n, in_channels // n, n)
        start = fan_in_uniform(in_channels)
        self.weight = Parameter(initializer(start, shape), name="weight")
        self.bias = Parameter(initializer(start, (paths * out_channels,)), name="bias") if has_bias else None
        self.product = GatheredProduct(shape) if implementation == "dense" else FourierProduct()

    def construct(self, z: Tensor) -> Tensor:
        """Return the T projections (B, N, T * out_channels) of ``z`` (B, N, in_channels)."""
        return add_bias(self.product(z, self.weight), self.bias)


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


class DenseProjection(nn.Cell):
    """T unstructured projections of one input: the paper's "dense" row.

    Parameters: ``weight`` (T * out_channels, in_channels) and ``bias`` (T * out_channels).
    """

    def __init__(
        self, in_channels: int, out_channels: int, paths: int = 1, has_bias: bool = True, kernels: Kernels = "auto"
    ) -> None:
        """Build ``paths`` = T projections."""
        super().__init__()
        self.proj = Dense(in_channels, paths * out_channels, has_bias=has_bias, kernels=kernels)

    def construct(self, z: Tensor) -> Tensor:
        """Return the T projections (B, N, T * out_channels) of ``z`` (B, N, in_channels)."""
        return self.proj(z)
