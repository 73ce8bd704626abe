# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Both forms of softmax and its gradient against numpy in float64."""

import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor, nn

from src.layers.accelerate import accelerate
from src.layers.softmax import BiasedSoftmax
from tests.native import KERNELS

SHAPES = [(2, 3, 197), (70, 16), (4, 5), (3, 1)]


def softmax(kernels):
    return accelerate(nn.Softmax(-1), kernels)


def biased_softmax(kernels):
    return accelerate(BiasedSoftmax(), kernels)


def formula(x):
    e = np.exp(x.astype(np.float64) - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


class WeightedSum(nn.Cell):
    def __init__(self, kernels, weights):
        super().__init__()
        self.softmax, self.weights = softmax(kernels), Tensor(weights)

    def construct(self, x):
        return (self.softmax(x) * self.weights).sum()


@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_value_and_gradient(shape, kernels, mode, rng):
    x, weights = (5 * rng.standard_normal((2, *shape))).astype(np.float32)
    y = formula(x)
    assert np.abs(softmax(kernels)(Tensor(x)).asnumpy() - y).max() < 1e-6
    gradient = ms.grad(WeightedSum(kernels, weights))(Tensor(x)).asnumpy()
    assert np.abs(gradient - y * (weights - (y * weights).sum(-1, keepdims=True))).max() < 1e-5


@pytest.mark.parametrize("kernels", KERNELS)
def test_large_numbers_stay_finite(kernels, mode):
    x = np.array([[1e30, 0, -1e30] * 7, [-1e4, -1e4 - 50, -2e4] * 7], np.float32)
    assert np.abs(softmax(kernels)(Tensor(x)).asnumpy() - formula(x)).max() < 1e-6


class BiasedWeightedSum(nn.Cell):
    def __init__(self, kernels, weights):
        super().__init__()
        self.softmax, self.weights = biased_softmax(kernels), Tensor(weights)

    def construct(self, x, bias):
        return (self.softmax(x, bias) * self.weights).sum()


@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize("windows", [1, 3])
def test_a_bias_that_repeats(windows, kernels, mode, rng):
    x, weights = (5 * rng.standard_normal((2, 2 * windows, 4, 5, 19))).astype(np.float32)
    bias = rng.standard_normal((windows, 4, 5, 19)).astype(np.float32)
    y = formula(x + np.concatenate([bias, bias]))
    assert np.abs(biased_softmax(kernels)(Tensor(x), Tensor(bias)).asnumpy() - y).max() < 1e-6
    gradients = ms.grad(BiasedWeightedSum(kernels, weights), (0, 1))(Tensor(x), Tensor(bias))
    expected = y * (weights - (y * weights).sum(-1, keepdims=True))
    assert np.abs(gradients[0].asnumpy() - expected).max() < 1e-5
    assert np.abs(gradients[1].asnumpy() - expected.reshape(2, *bias.shape).sum(0)).max() < 2e-5
