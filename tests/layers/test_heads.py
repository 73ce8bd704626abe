# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Heads split and merged as numpy transposes them, and the gradients, which are the transposes back."""

import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor, nn

from src.layers.accelerate import accelerate
from src.layers.heads import MergeHeads, SplitHeads
from tests.native import KERNELS

BATCH, HEADS, TOKENS, CHANNELS = 2, 3, 5, 7
SCALE = 0.25


def split_heads(heads, scales, kernels):
    return accelerate(SplitHeads(heads, scales), kernels)


def merge_heads(heads, kernels):
    return accelerate(MergeHeads(heads), kernels)


def split(qkv):
    parts = qkv.reshape(BATCH, TOKENS, 3, HEADS, CHANNELS).transpose(2, 0, 3, 1, 4)
    return parts[0] * SCALE, parts[1], parts[2]


def merge(heads):
    return heads.transpose(0, 2, 1, 3).reshape(BATCH, TOKENS, HEADS * CHANNELS)


@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize("has_bias", [True, False])
def test_split(has_bias, kernels, mode, rng):
    qkv = rng.standard_normal((BATCH, TOKENS, 3 * HEADS * CHANNELS)).astype(np.float32)
    bias = rng.standard_normal(3 * HEADS * CHANNELS).astype(np.float32) if has_bias else None
    parts = split_heads(HEADS, (SCALE, 1.0, 1.0), kernels)(Tensor(qkv), None if bias is None else Tensor(bias))
    for part, expected in zip(parts, split(qkv if bias is None else qkv + bias), strict=True):
        np.testing.assert_array_equal(part.asnumpy(), expected)


@pytest.mark.parametrize("kernels", KERNELS)
def test_merge(kernels, mode, rng):
    heads = rng.standard_normal((BATCH, HEADS, TOKENS, CHANNELS)).astype(np.float32)
    np.testing.assert_array_equal(merge_heads(HEADS, kernels)(Tensor(heads)).asnumpy(), merge(heads))


class WeightedSum(nn.Cell):
    def __init__(self, kernels, scales, weights):
        super().__init__()
        self.split, self.weights = split_heads(HEADS, scales, kernels), Tensor(weights)

    def construct(self, product, bias):
        total = 0.0
        for i, part in enumerate(self.split(product, bias)):
            total = total + (part * self.weights[i]).sum()
        return total


@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize("scales", [(0.5,), (2.0, 3.0)], ids=str)
def test_one_part_and_two(scales, kernels, mode, rng):
    """As attention has them whose keys and values are not those of the queries' tokens."""
    count = len(scales)
    product = rng.standard_normal((BATCH, TOKENS, count * HEADS * CHANNELS)).astype(np.float32)
    bias = product[0, 0]
    expected = (product + bias).reshape(BATCH, TOKENS, count, HEADS, CHANNELS).transpose(2, 0, 3, 1, 4)
    expected = expected * np.array(scales, np.float32).reshape(-1, 1, 1, 1, 1)
    parts = split_heads(HEADS, scales, kernels)(Tensor(product), Tensor(bias))
    assert len(parts) == count
    np.testing.assert_array_equal(np.stack([part.asnumpy() for part in parts]), expected)

    weights = rng.standard_normal(expected.shape).astype(np.float32)
    gradients = ms.grad(WeightedSum(kernels, scales, weights), (0, 1))(Tensor(product), Tensor(bias))
    back = np.concatenate([merge(w * scale) for w, scale in zip(weights, scales, strict=True)], -1)
    np.testing.assert_allclose(gradients[0].asnumpy(), back, rtol=1e-6)
    np.testing.assert_allclose(gradients[1].asnumpy(), back.sum((0, 1)), rtol=0, atol=1e-5)


class WeightedSplit(nn.Cell):
    def __init__(self, kernels, weights):
        super().__init__()
        self.split, self.weights = split_heads(HEADS, (SCALE, 1.0, 1.0), kernels), [Tensor(w) for w in weights]

    def construct(self, qkv, bias):
        q, k, v = self.split(qkv, bias)
        return (q * self.weights[0]).sum() + (k * self.weights[1]).sum() + (v * self.weights[2]).sum()


@pytest.mark.parametrize("kernels", KERNELS)
def test_gradients_of_split(kernels, mode, rng):
    weights = rng.standard_normal((3, BATCH, HEADS, TOKENS, CHANNELS)).astype(np.float32)
    qkv = np.zeros((BATCH, TOKENS, 3 * HEADS * CHANNELS), np.float32)
    gradients = ms.grad(WeightedSplit(kernels, weights), (0, 1))(Tensor(qkv), Tensor(qkv[0, 0]))
    expected = np.concatenate([merge(weights[0] * SCALE), merge(weights[1]), merge(weights[2])], -1)
    np.testing.assert_array_equal(gradients[0].asnumpy(), expected)
    np.testing.assert_allclose(gradients[1].asnumpy(), expected.sum((0, 1)), rtol=0, atol=1e-5)


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


@pytest.mark.parametrize("kernels", KERNELS)
def test_splits_of_the_same_product_into_other_heads_do_not_mix(kernels, mode, rng):
    product = rng.standard_normal((2, 5, 24)).astype(np.float32)
    for heads in (2, 3):
        (part,) = split_heads(heads, (1.0,), kernels)(Tensor(product), None)
        np.testing.assert_array_equal(part.asnumpy(), product.reshape(2, 5, heads, -1).transpose(0, 2, 1, 3))
