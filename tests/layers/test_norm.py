# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Both forms of LayerNorm against its formula in float64."""

import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor, nn

from src.layers.accelerate import accelerate
from src.layers.norm import LayerNorm
from tests.native import KERNELS

SHAPES = [(2, 3, 8), (70, 21), (1, 1, 1), (5, 7, 384)]
EPSILON = 1e-3  # large enough to be seen


def filled(shape, kernels, rng):
    """Return a norm with weights that show, its input, and what its output is weighted with."""
    cell = accelerate(LayerNorm(shape[-1], EPSILON), kernels)
    cell.gamma.set_data(Tensor(1 + 0.3 * rng.standard_normal(shape[-1:]).astype(np.float32)))
    cell.beta.set_data(Tensor(rng.standard_normal(shape[-1:]).astype(np.float32)))
    return cell, *((rng.standard_normal(shape) + 2).astype(np.float32) for _ in range(2))


def formula(x, gamma, beta):
    x = x.astype(np.float64)
    normed = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + EPSILON)
    return normed * gamma + beta


@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_value(shape, kernels, mode, rng):
    cell, x, _ = filled(shape, kernels, rng)
    expected = formula(x, cell.gamma.asnumpy(), cell.beta.asnumpy())
    assert np.abs(cell(Tensor(x)).asnumpy() - expected).max() < 5e-6


class WeightedSum(nn.Cell):
    def __init__(self, norm, weights):
        super().__init__()
        self.norm, self.weights = norm, Tensor(weights)

    def construct(self, x):
        return (self.norm(x) * self.weights).sum()


@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize("shape", SHAPES[1:], ids=str)
def test_gradients(shape, kernels, mode, rng):
    cell, x, weights = filled(shape, kernels, rng)
    gamma, dy, wide = cell.gamma.asnumpy(), weights.astype(np.float64), x.astype(np.float64)
    inverse = 1 / np.sqrt(wide.var(-1, keepdims=True) + EPSILON)
    normed = (wide - wide.mean(-1, keepdims=True)) * inverse
    scaled = dy * gamma
    along = (scaled * normed).mean(-1, keepdims=True)
    expected = {
        "x": inverse * (scaled - scaled.mean(-1, keepdims=True) - normed * along),
        "gamma": (dy * normed).reshape(-1, shape[-1]).sum(0),
        "beta": dy.reshape(-1, shape[-1]).sum(0),
    }
    loss = WeightedSum(cell, weights)
    dx, (dgamma, dbeta) = ms.grad(loss, 0, [cell.gamma, cell.beta])(Tensor(x))
    for name, gradient in (("x", dx), ("gamma", dgamma), ("beta", dbeta)):
        np.testing.assert_allclose(gradient.asnumpy(), expected[name], rtol=1e-5, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("kernels", KERNELS)
def test_it_has_the_parameters_of_mindspores(kernels):
    cell = accelerate(LayerNorm(6, EPSILON), kernels)
    assert isinstance(cell, nn.LayerNorm)
    assert {p.name: p.shape for p in cell.get_parameters()} == {"gamma": (6,), "beta": (6,)}


def test_the_portable_form_is_mindspores(rng, pynative):
    x = Tensor(rng.standard_normal((2, 3, 6)).astype(np.float32))
    np.testing.assert_array_equal(LayerNorm(6, EPSILON)(x).asnumpy(), nn.LayerNorm((6,), epsilon=EPSILON)(x).asnumpy())
