# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Both forms of the exact GELU against math.erf in float64."""

import math

import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor, nn

from src.layers.accelerate import accelerate
from src.layers.activation import BiasedGELU, PolynomialGELU
from tests.native import KERNELS, needs_compiler

POINTS = np.linspace(-20, 20, 8001).astype(np.float32)  # not a multiple of the sixteen that a kernel takes at once
FAR = np.array([1e4, 30.0, -30.0, -1e4, 1e10, -1e10], np.float32)


def exact_gelu(kernels):
    return accelerate(PolynomialGELU(), kernels)


def biased_gelu(kernels):
    return accelerate(BiasedGELU(), kernels)


class WeightedSum(nn.Cell):
    def __init__(self, kernels, weights):
        super().__init__()
        self.gelu, self.weights = exact_gelu(kernels), Tensor(weights)

    def construct(self, x):
        return (self.gelu(x) * self.weights).sum()


def exact_phi(x):
    return np.array([0.5 * math.erfc(-float(value) / math.sqrt(2)) for value in x.ravel()]).reshape(x.shape)


def exact_derivative(x):
    wide = x.astype(np.float64)
    return exact_phi(x) + wide * np.exp(-(wide**2) / 2) / math.sqrt(2 * math.pi)


@pytest.mark.parametrize("kernels", KERNELS)
def test_value(kernels, mode):
    y = exact_gelu(kernels)(Tensor(POINTS)).asnumpy()
    assert np.abs(y - POINTS * exact_phi(POINTS)).max() < 1e-6


@pytest.mark.parametrize("kernels", KERNELS)
def test_gradient(kernels, mode, rng):
    weights = rng.choice([-1.0, 1.0], POINTS.shape).astype(np.float32)
    gradient = ms.grad(WeightedSum(kernels, weights))(Tensor(POINTS)).asnumpy()
    assert np.abs(gradient - weights * exact_derivative(POINTS)).max() < 2e-6


@pytest.mark.parametrize("kernels", KERNELS)
def test_it_saturates_at_x_and_zero(kernels, mode):
    y = exact_gelu(kernels)(Tensor(FAR)).asnumpy()
    np.testing.assert_allclose(y, np.maximum(FAR, 0), rtol=0, atol=1e-26)
    gradient = ms.grad(WeightedSum(kernels, np.ones_like(FAR)))(Tensor(FAR)).asnumpy()
    np.testing.assert_allclose(gradient, (FAR > 0).astype(np.float32), rtol=0, atol=1e-26)


@pytest.mark.parametrize("kernels", KERNELS)
def test_nan_stays_nan(kernels, mode):
    x = np.where(np.arange(40) == 19, np.nan, 1.0).astype(np.float32)
    assert np.array_equal(np.isnan(exact_gelu(kernels)(Tensor(x)).asnumpy()), np.isnan(x))


@pytest.mark.parametrize("kernels", KERNELS)
def test_shape_is_kept(kernels, rng, pynative):
    x = rng.standard_normal((2, 3, 5)).astype(np.float32)
    assert np.abs(exact_gelu(kernels)(Tensor(x)).asnumpy() - x * exact_phi(x)).max() < 1e-6


class BiasedSum(nn.Cell):
    def __init__(self, kernels, weights):
        super().__init__()
        self.gelu, self.weights = biased_gelu(kernels), Tensor(weights)

    def construct(self, x, bias):
        return (self.gelu(x, bias) * self.weights).sum()


@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize("shape", [(2, 3, 21), (70, 16), (5, 3)], ids=str)
def test_a_bias_may_come_with_it(shape, kernels, mode, rng):
    x, weights = (2 * rng.standard_normal((2, *shape))).astype(np.float32)
    bias = rng.standard_normal(shape[-1]).astype(np.float32)
    total = x + bias
    y = biased_gelu(kernels)(Tensor(x), Tensor(bias)).asnumpy()
    assert np.abs(y - total * exact_phi(total)).max() < 1e-6
    dx, dbias = ms.grad(BiasedSum(kernels, weights), (0, 1))(Tensor(x), Tensor(bias))
    expected = weights * exact_derivative(total)
    np.testing.assert_allclose(dx.asnumpy(), expected, rtol=0, atol=4e-6)
    np.testing.assert_allclose(dbias.asnumpy(), expected.reshape(-1, shape[-1]).sum(0), rtol=0, atol=3e-5)


@needs_compiler
def test_another_type_is_refused(pynative):
    with pytest.raises((RuntimeError, TypeError)):
        exact_gelu("auto")(Tensor(np.ones(3), ms.float16)).asnumpy()
