# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Rearranged tokens against numpy's indexing, and gradients against its scattered sum."""

import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor, nn

from src.layers.accelerate import accelerate
from src.layers.rearrange import Rearrange
from src.ops.windows import PADDING, unfold_index, window_index
from tests.native import KERNELS

TABLES = {
    "windows": (window_index((4, 6), 2, shift=1), 24),
    "neighbourhoods": (unfold_index((5, 7), 3, 2, 1), 35),
    "some": (np.array([5, 0, PADDING, 5, 5]), 7),  # tokens that are left out have no gradient
    "many": (np.arange(150)[::-1], 150),
}


class WeightedSum(nn.Cell):
    def __init__(self, rearrange, weights):
        super().__init__()
        self.rearrange, self.weights = rearrange, Tensor(weights)

    def construct(self, tokens):
        return (self.rearrange(tokens) * self.weights).sum()


@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize("name", TABLES)
def test_value_and_gradient(name, kernels, mode, rng):
    index, count = TABLES[name]
    tokens = rng.standard_normal((2, count, 5)).astype(np.float32)
    weights = rng.standard_normal((2, len(index), 5)).astype(np.float32)
    padded = np.concatenate([tokens, np.zeros((2, 1, 5), np.float32)], 1)
    cell = accelerate(Rearrange(index, count), kernels)
    np.testing.assert_array_equal(cell(Tensor(tokens)).asnumpy(), padded[:, index])
    expected = np.zeros((2, count + 1, 5))
    np.add.at(expected, (slice(None), index), weights)  # PADDING, -1, is the row behind the tokens
    gradient = ms.grad(WeightedSum(cell, weights))(Tensor(tokens)).asnumpy()
    np.testing.assert_allclose(gradient, expected[:, :-1], rtol=0, atol=1e-5)
