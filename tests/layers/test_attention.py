# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Attention, MLP and patch embedding against plain numpy in float64, and how dense layers start."""

import math

import numpy as np
import pytest
from mindspore import Tensor

from src.layers.accelerate import accelerate
from src.layers.attention import Attention
from src.layers.dense import Dense, add_bias
from src.layers.dropout import Dropout, dropout_seeds, number_dropouts
from src.layers.initial import token_parameter
from src.layers.mlp import Mlp
from src.layers.patch_embed import PatchEmbed
from tests.native import KERNELS

pytestmark = pytest.mark.usefixtures("pynative")


def filled(cell, rng):
    """Fill a Cell with normal values and return them by name, float64."""
    for parameter in cell.get_parameters():
        parameter.set_data(Tensor((rng.standard_normal(parameter.shape) * 0.5).astype(np.float32)))
    return {parameter.name: parameter.asnumpy().astype(np.float64) for parameter in cell.get_parameters()}


def attention(z, weights, heads):
    """Return the attended tokens of one picture (N, C), head by head and token by token."""
    count, dim = z.shape
    d = dim // heads
    q, k, v = np.split(z @ weights["qkv.weight"].T + weights.get("qkv.bias", 0.0), 3, axis=1)
    y = np.zeros_like(z)
    for head in range(heads):
        own = slice(head * d, (head + 1) * d)
        for token in range(count):
            logits = np.array([q[token, own] @ k[other, own] for other in range(count)]) / math.sqrt(d)
            share = np.exp(logits - logits.max())
            y[token, own] = share / share.sum() @ v[:, own]
    return y @ weights["proj.weight"].T + weights["proj.bias"]


@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize(("dim", "heads", "bias"), [(12, 3, True), (8, 1, False), (6, 6, True)])
def test_attention(dim, heads, bias, kernels, mode, rng):
    cell = accelerate(Attention(dim, heads, bias), kernels)
    weights = filled(cell, rng)
    assert ("qkv.bias" in weights) == bias
    z = rng.standard_normal((2, 5, dim)).astype(np.float32)
    y = cell(Tensor(z)).asnumpy()
    expected = np.stack([attention(picture.astype(np.float64), weights, heads) for picture in z])
    assert np.abs(y - expected).max() < 1e-5


@pytest.mark.parametrize("kernels", KERNELS)
def test_the_weights_can_be_looked_at(kernels, rng):
    cell = accelerate(Attention(12, 3), kernels)
    filled(cell, rng)
    z = Tensor(rng.standard_normal((2, 5, 12)).astype(np.float32))
    weights = cell.weights(z).asnumpy()
    assert weights.shape == (2, 3, 5, 5)
    np.testing.assert_allclose(weights.sum(-1), 1, rtol=1e-5)
    v = add_bias(cell.qkv(z), cell.qkv.bias).asnumpy()[..., 24:].reshape(2, 5, 3, 4).transpose(0, 2, 1, 3)
    attended = (weights @ v).transpose(0, 2, 1, 3).reshape(2, 5, 12)
    expected = attended @ cell.proj.weight.asnumpy().T + cell.proj.bias.asnumpy()
    np.testing.assert_allclose(cell(z).asnumpy(), expected, rtol=0, atol=1e-5)


def test_attention_of_large_logits_stays_finite(rng):
    cell = Attention(4, 2)
    weights = filled(cell, rng)
    z = (rng.standard_normal((1, 3, 4)) * 100).astype(np.float32)
    expected = attention(z[0].astype(np.float64), weights, 2)
    assert np.abs(cell(Tensor(z)).asnumpy()[0] - expected).max() < 1e-3


@pytest.mark.parametrize("kernels", KERNELS)
def test_mlp(kernels, mode, rng):
    cell = accelerate(Mlp(5, 9), kernels)
    weights = filled(cell, rng)
    z = rng.standard_normal((2, 3, 5)).astype(np.float32)
    hidden = z.astype(np.float64) @ weights["fc1.weight"].T + weights["fc1.bias"]
    assert hidden.shape == (2, 3, 9)
    activated = hidden * np.vectorize(lambda v: 0.5 * math.erfc(-v / math.sqrt(2)))(hidden)
    expected = activated @ weights["fc2.weight"].T + weights["fc2.bias"]
    assert np.abs(cell(Tensor(z)).asnumpy() - expected).max() < 1e-5


@pytest.mark.parametrize("kernels", KERNELS)
def test_dropout_stands_behind_attention_and_twice_in_the_mlp(kernels, mode, rng):
    """The oracle is the same layer without dropout, its parts put together by hand."""
    z = Tensor(rng.standard_normal((2, 3, 6)).astype(np.float32))
    seeds = Tensor(dropout_seeds(0, 0, range(2)))
    first, second = Dropout(0.5), Dropout(0.5)
    second.number(1)
    cell = accelerate(Attention(6, 2, drop_rate=0.5), kernels)
    filled(cell, rng)
    dropped, whole = cell(z, seeds).asnumpy(), cell(z)
    assert (dropped == 0).any()
    np.testing.assert_allclose(dropped, first(whole, seeds).asnumpy(), rtol=1e-6)

    cell = accelerate(Mlp(6, 8, drop_rate=0.5), kernels)
    number_dropouts(cell)
    filled(cell, rng)
    dropped = cell(z, seeds).asnumpy()
    hidden = first(cell.act(cell.fc1(z), cell.fc1.bias), seeds)
    np.testing.assert_allclose(dropped, second(cell.fc2(hidden), seeds).asnumpy(), rtol=0, atol=1e-6)
    assert np.abs(dropped - cell(z).asnumpy()).max() > 0.1


def test_patch_embedding_is_a_convolution_with_a_flat_weight(mode, rng):
    cell = PatchEmbed(4, 3, 7)
    weights = filled(cell, rng)
    assert weights["proj.weight"].shape == (7, 3 * 4 * 4)
    kernel = weights["proj.weight"].reshape(7, 3, 4, 4)
    images = rng.standard_normal((2, 3, 8, 12)).astype(np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(images, (4, 4), axis=(2, 3))[:, :, ::4, ::4]  # B, 3, 2, 3, 4, 4
    expected = np.einsum("bcijpq,ocpq->bijo", windows, kernel).reshape(2, 6, 7) + weights["proj.bias"]
    assert np.abs(cell(Tensor(images)).asnumpy() - expected).max() < 1e-5


def test_dense_layers_and_tokens_start_normal_with_deviation_002():
    cell = Dense(300, 400)
    assert not cell.bias.asnumpy().any()
    assert Dense(3, 4, has_bias=False).bias is None
    table = token_parameter("pos_embed", 1, 197, 384)
    assert (table.name, table.shape) == ("pos_embed", (1, 197, 384))
    for values in (cell.weight.asnumpy(), table.asnumpy()):
        assert abs(values.std() - 0.02) < 4e-4
        assert abs(values.mean()) < 4e-4


def test_patch_embedding_starts_uniform_as_a_convolution_does():
    cell = PatchEmbed(8, 3, 600)
    bound = 1 / math.sqrt(3 * 8 * 8)
    for values in (cell.proj.weight.asnumpy(), cell.proj.bias.asnumpy()):
        assert 0.9 * bound < np.abs(values).max() <= bound
        assert abs(values.std() / bound - 1 / math.sqrt(3)) < 0.05
