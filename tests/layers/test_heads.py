# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Heads split and merged as numpy transposes them, and the gradients, which are the transposes back."""

import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor, nn

from src.layers.heads import merge_heads, split_heads
from tests.native import KERNELS

BATCH, HEADS, TOKENS, CHANNELS = 2, 3, 5, 7
SCALE = 0.25


def split(qkv):
    parts = qkv.reshape(BATCH, TOKENS, 3, HEADS, CHANNELS).transpose(2, 0, 3, 1, 4)
    return parts[0] * SCALE, parts[1], parts[2]


def merge(heads):
    return heads.transpose(0, 2, 1, 3).reshape(BATCH, TOKENS, HEADS * CHANNELS)


@pytest.mark.parametrize("kernels", KERNELS)
def test_split(kernels, mode, rng):
    qkv = rng.standard_normal((BATCH, TOKENS, 3 * HEADS * CHANNELS)).astype(np.float32)
    parts = split_heads(HEADS, SCALE, kernels)(Tensor(qkv))
    for part, expected in zip(parts, split(qkv), strict=True):
        np.testing.assert_array_equal(part.asnumpy(), expected)


@pytest.mark.parametrize("kernels", KERNELS)
def test_merge(kernels, mode, rng):
    heads = rng.standard_normal((BATCH, HEADS, TOKENS, CHANNELS)).astype(np.float32)
    np.testing.assert_array_equal(merge_heads(HEADS, kernels)(Tensor(heads)).asnumpy(), merge(heads))


class WeightedSplit(nn.Cell):
    def __init__(self, kernels, weights):
        super().__init__()
        self.split, self.weights = split_heads(HEADS, SCALE, kernels), [Tensor(w) for w in weights]

    def construct(self, qkv):
        q, k, v = self.split(qkv)
        return (q * self.weights[0]).sum() + (k * self.weights[1]).sum() + (v * self.weights[2]).sum()


@pytest.mark.parametrize("kernels", KERNELS)
def test_gradient_of_split(kernels, mode, rng):
    weights = rng.standard_normal((3, BATCH, HEADS, TOKENS, CHANNELS)).astype(np.float32)
    qkv = Tensor(np.zeros((BATCH, TOKENS, 3 * HEADS * CHANNELS), np.float32))
    gradient = ms.grad(WeightedSplit(kernels, weights))(qkv).asnumpy()
    expected = np.concatenate([merge(weights[0] * SCALE), merge(weights[1]), merge(weights[2])], -1)
    np.testing.assert_array_equal(gradient, expected)


class WeightedMerge(nn.Cell):
    def __init__(self, kernels, weights):
        super().__init__()
        self.merge, self.weights = merge_heads(HEADS, kernels), Tensor(weights)

    def construct(self, heads):
        return (self.merge(heads) * self.weights).sum()


@pytest.mark.parametrize("kernels", KERNELS)
def test_gradient_of_merge(kernels, mode, rng):
    weights = rng.standard_normal((BATCH, TOKENS, HEADS * CHANNELS)).astype(np.float32)
    heads = Tensor(np.zeros((BATCH, HEADS, TOKENS, CHANNELS), np.float32))
    gradient = ms.grad(WeightedMerge(kernels, weights))(heads).asnumpy()
    np.testing.assert_array_equal(merge(gradient), weights)
