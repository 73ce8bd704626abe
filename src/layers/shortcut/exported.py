# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The augmented shortcut of a trained network with matrices instead of generators, as an exported file has it."""

import numpy as np
from mindspore import Parameter, Tensor, nn

from src.layers.dense import Dense, add_bias
from src.layers.shortcut.augmented import AugmentedShortcut
from src.layers.shortcut.circulant import CirculantShortcut
from src.layers.shortcut.settings import ShortcutSettings
from src.ops.circulant import dense_index, half_weights, join_halves, split_halves


class HalfBlockProjection(nn.Cell):
    """T block-circulant projections of blocks of even length, by products on sums and differences of their halves.

    Each path has products of its own: one for all, and a split behind it, takes longer in onnxruntime, because the
    split is a copy (docs/performance.md).
    """

    def __init__(self, generators: np.ndarray, bias: np.ndarray | None) -> None:
        """Build of ``generators`` (T, b, b, n) and ``bias`` (T*b*n,)."""
        super().__init__()
        paths, self.blocks, _, n = generators.shape
        biases = (None,) * paths if bias is None else bias.reshape(paths, self.blocks, n)  # (T, b, n)
        weights = zip(*half_weights(generators), biases, strict=True)
        self.paths = nn.CellList([HalfBlockPath(*values) for values in weights])

    def construct(self, z: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Return for each path the first and the second halves (B, N, C/2) of what it makes of ``z`` (B, N, C)."""
        z_1, z_2 = split_halves(z, self.blocks)
        u, v = z_1 + z_2, z_1 - z_2
        return [path(u, v) for path in self.paths]


class HalfBlockPath(nn.Cell):
    """y_1 = P u + Q v + b_1 and y_2 = P u - Q v + b_2: one path of a ``HalfBlockProjection``; see ``half_weights``."""

    def __init__(self, of_sums: np.ndarray, of_differences: np.ndarray, bias: np.ndarray | None) -> None:
        """Build of P and Q (C/2, C/2), and of the bias (b, n)."""
        super().__init__()
        self.of_sums, self.of_differences = (_dense(weight, None) for weight in (of_sums, of_differences))
        halves = (None, None) if bias is None else np.split(bias, 2, axis=-1)
        self.bias_1, self.bias_2 = (None if half is None else Parameter(Tensor(half.ravel())) for half in halves)

    def construct(self, u: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Return y_1 and y_2 of ``u`` and ``v``, all (B, N, C/2)."""
        p, q = self.of_sums(u), self.of_differences(v)
        return add_bias(p + q, self.bias_1), add_bias(p - q, self.bias_2)


class HalfBlockShortcut(AugmentedShortcut):
    """The augmented shortcut of a ``HalfBlockProjection``; the halves are joined when the paths are summed."""

    def transform(self, z: Tensor) -> tuple[Tensor, ...]:
        """Return the sum of the T paths, (B, N, C), as the one entry of a tuple."""
        halves = self.project(self.before(z))
        first, second = [path[0] for path in halves], [path[1] for path in halves]
        return (join_halves(self._sum(first), self._sum(second), self.project.blocks),)

    def _sum(self, paths: list[Tensor]) -> Tensor:
        total = self.after(paths[0])
        for path in paths[1:]:
            total = total + self.after(path)
        return total


def materialise(shortcut: CirculantShortcut, settings: ShortcutSettings) -> AugmentedShortcut:
    """Return a shortcut with the function of ``shortcut``, whose blocks are square, that has matrices.

    ``settings`` are those that ``shortcut`` was built with.
    """
    generators, bias = (None if p is None else p.asnumpy() for p in (shortcut.project.weight, shortcut.project.bias))
    if generators.shape[-1] % 2 == 0:
        return HalfBlockShortcut(settings, HalfBlockProjection(generators, bias))
    weight = generators.reshape(-1)[dense_index(generators.shape)]
    return AugmentedShortcut(settings, _dense(weight, bias))


def _dense(weight: np.ndarray, bias: np.ndarray | None) -> Dense:
    """Return a dense layer of a weight (C_out, C_in) and a bias (C_out,)."""
    cell = Dense(*weight.shape[::-1], has_bias=bias is not None)
    cell.weight.set_data(Tensor(weight))
    if bias is not None:
        cell.bias.set_data(Tensor(bias))
    return cell
