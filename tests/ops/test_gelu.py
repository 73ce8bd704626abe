# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The polynomial form of the exact GELU and its gradient, against math.erf in float64."""

import math

import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor, nn

from src.layers.activation import PolynomialGELU, exact_gelu
from src.ops.gelu import gelu, phi

pytestmark = pytest.mark.usefixtures("pynative")

POINTS = np.linspace(-20, 20, 8001).astype(np.float32)
FAR = np.array([1e4, 30.0, -30.0, -1e4, 1e10, -1e10], np.float32)


class WeightedSum(nn.Cell):
    def __init__(self, weights):
        super().__init__()
        self.gelu, self.weights = PolynomialGELU(), Tensor(weights)

    def construct(self, x):
        return (self.gelu(x) * self.weights).sum()


def exact_phi(x):
    return np.array([0.5 * math.erfc(-float(value) / math.sqrt(2)) for value in x])


def exact_derivative(x):
    wide = x.astype(np.float64)
    return exact_phi(x) + wide * np.exp(-(wide**2) / 2) / math.sqrt(2 * math.pi)


def test_value_in_both_modes(mode):
    y = PolynomialGELU()(Tensor(POINTS)).asnumpy()
    assert np.abs(y - POINTS * exact_phi(POINTS)).max() < 1e-6


def test_gradient_in_both_modes(mode, rng):
    weights = rng.choice([-1.0, 1.0], POINTS.shape).astype(np.float32)
    gradient = ms.grad(WeightedSum(weights))(Tensor(POINTS)).asnumpy()
    assert np.abs(gradient - weights * exact_derivative(POINTS)).max() < 2e-6


def test_it_saturates_at_x_and_zero_in_both_modes(mode):
    assert np.array_equal(PolynomialGELU()(Tensor(FAR)).asnumpy(), np.maximum(FAR, 0))
    gradient = ms.grad(WeightedSum(np.ones_like(FAR)))(Tensor(FAR)).asnumpy()
    assert np.array_equal(gradient, (FAR > 0).astype(np.float32))


def test_distribution_function():
    assert np.abs(phi(Tensor(POINTS)).asnumpy() - exact_phi(POINTS)).max() < 1.5e-6


def test_written_and_derived_gradient_agree():
    derived = ms.grad(lambda x: gelu(x).sum())(Tensor(POINTS)).asnumpy()
    written = ms.grad(WeightedSum(np.ones_like(POINTS)))(Tensor(POINTS)).asnumpy()
    assert np.abs(derived - written).max() < 4e-6


def test_shape_is_kept_and_a_cpu_gets_this_form(rng):
    x = rng.standard_normal((2, 3, 5)).astype(np.float32)
    cell = exact_gelu()
    assert isinstance(cell, PolynomialGELU)
    expected = x.reshape(-1) * exact_phi(x.reshape(-1))
    assert np.abs(cell(Tensor(x)).asnumpy() - expected.reshape(x.shape)).max() < 1e-6
