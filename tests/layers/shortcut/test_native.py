# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The native kernel of an augmented shortcut against a dense matrix in float64: value and gradients, any size."""

import math

import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor, nn

from src.layers.shortcut.native import NativeSum
from src.ops.circulant import dense_index
from tests.native import needs_compiler

pytestmark = needs_compiler

# tokens, channels, blocks, paths: first the models' block sizes (48, 96, 192, 16, 32, 80, 128, 112), then others, a
# large prime among them; odd numbers of each
SIZES = [
    (37, 192, 4, 2),
    (18, 384, 4, 2),
    (5, 768, 4, 1),
    (300, 64, 4, 2),
    (16, 128, 4, 2),
    (9, 320, 4, 2),
    (17, 512, 4, 2),
    (4, 448, 4, 1),
    (3, 388, 4, 1),
    (33, 48, 16, 3),
    (20, 15, 3, 3),
    (7, 35, 1, 2),
    (3, 26, 2, 1),
    (1, 6, 6, 1),
]
SCALE = 0.75


class Case:
    """Random inputs of one size, and what they have to give."""

    def __init__(self, size, activated, rng):
        tokens, channels, blocks, paths = size
        n = channels // blocks
        self.cell = NativeSum(SCALE, activated)
        x, y, z, self.weights = (rng.standard_normal((tokens, channels)).astype(np.float32) for _ in range(4))
        generators = (rng.standard_normal((paths, blocks, blocks, n)) / math.sqrt(channels)).astype(np.float32)
        bias = rng.standard_normal(paths * channels).astype(np.float32)
        self.inputs = (x, y, z, generators, bias)
        index = dense_index(generators.shape)
        dense = generators.reshape(-1)[index].astype(np.float64)
        pre = z @ dense.T + bias
        phi = np.array([0.5 * math.erfc(-v / math.sqrt(2)) for v in pre.ravel()]).reshape(pre.shape)
        slope = phi + pre * np.exp(-(pre**2) / 2) / math.sqrt(2 * math.pi) if activated else np.ones_like(pre)
        paths_out = (pre * phi if activated else pre).reshape(tokens, paths, channels).sum(1)
        self.value = SCALE * (x.astype(np.float64) + y + paths_out)
        dsum = SCALE * self.weights.astype(np.float64)
        dpre = np.tile(dsum, paths) * slope
        dgenerators = np.zeros(generators.size)
        np.add.at(dgenerators, index.ravel(), (dpre.T @ z).ravel())
        self.gradients = (dsum, dsum, dpre @ dense, dgenerators.reshape(generators.shape), dpre.sum(0))


class WeightedSum(nn.Cell):
    def __init__(self, cell, weights):
        super().__init__()
        self.cell, self.weights = cell, Tensor(weights)

    def construct(self, *inputs):
        return (self.cell(*inputs) * self.weights).sum()


@pytest.mark.parametrize("activated", [True, False], ids=["gelu", "linear"])
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_value_and_gradients(size, activated, rng, pynative):
    case = Case(size, activated, rng)
    inputs = [Tensor(array) for array in case.inputs]
    assert np.abs(case.cell(*inputs).asnumpy() - case.value).max() < 1e-5
    gradients = ms.grad(WeightedSum(case.cell, case.weights), (0, 1, 2, 3, 4))(*inputs)
    for name, own, expected in zip(("x", "y", "z", "generators", "bias"), gradients, case.gradients, strict=True):
        assert np.abs(own.asnumpy() - expected).max() < 2e-6 * max(1.0, np.abs(expected).max()), name


def test_value_and_gradients_in_a_graph(rng):
    case = Case(SIZES[0], True, rng)
    inputs = [Tensor(array.reshape(1, *array.shape) if array.ndim == 2 else array) for array in case.inputs]
    loss, gradients = ms.value_and_grad(WeightedSum(case.cell, case.weights), (2, 3, 4))(*inputs)
    assert abs(float(loss.asnumpy()) - (case.value * case.weights).sum()) < 1e-3
    for own, expected in zip(gradients, case.gradients[2:], strict=True):
        np.testing.assert_allclose(own.asnumpy().reshape(expected.shape), expected, rtol=1e-5, atol=2e-5)


def test_sizes_that_do_not_fit_are_refused(rng, pynative):
    inputs = [Tensor(array) for array in Case(SIZES[0], True, rng).inputs]
    with pytest.raises((RuntimeError, ValueError)):
        NativeSum(SCALE, True)(*inputs[:4], Tensor(np.zeros(7, np.float32))).asnumpy()
