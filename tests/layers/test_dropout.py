# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Dropout: masks that depend on the picture's seed and the layer alone, and their statistics."""

import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor, nn

from src.layers.dropout import Dropout, KeepAll, dropout, dropout_seeds, number_dropouts

pytestmark = pytest.mark.usefixtures("pynative")


def seeds_of(count, seed=3):
    return dropout_seeds(seed, 0, range(count))


def numbered(rate, layer):
    cell = Dropout(rate)
    cell.number(layer)
    return cell


def kept(rate, layer, seeds, tokens=40, channels=100):
    """Return which elements of a batch of ones stay, and check that they make up for the others."""
    y = numbered(rate, layer)(Tensor(np.ones((len(seeds), tokens, channels), np.float32)), Tensor(seeds)).asnumpy()
    assert set(np.unique(y)) == {np.float32(0), np.float32(1 / (1 - rate))}
    return y > 0


def correlation(a, b):
    return np.corrcoef(a.reshape(-1), b.reshape(-1))[0, 1]


def hash_in_numpy(seeds, layer, tokens, channels):
    """Return the hashes in exact integers, taken modulo 2**32 after every product."""

    def signed(x):
        return (x + 2**31) % 2**32 - 2**31

    def round_of(x, shift, factor):
        return signed((x ^ (x >> shift)) * factor)

    def mix(x):
        for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B), (16, 0x7FEB352D)):
            x = round_of(x, shift, factor)
        return x

    golden = 0x9E3779B9  # 2**32 over the golden ratio
    own = mix(signed(seeds.astype(object) + layer * golden)).reshape(-1, 1, 1)
    rows = mix(signed(own + np.arange(tokens).astype(object).reshape(1, -1, 1) * golden))
    columns = mix(signed(np.arange(channels).astype(object) * golden))
    return round_of(rows ^ columns, 15, 0x7FEB352D).astype(np.int64)


@pytest.mark.parametrize(("rate", "layer"), [(0.1, 0), (0.5, 36), (0.9, 7)])
def test_masks_equal_those_of_exact_integers(rate, layer, mode, rng):
    """In both modes: products that wrap around and shifts that keep the sign are what the hash is made of."""
    seeds = np.concatenate([seeds_of(3), np.array([0, -1, 2**31 - 1, -(2**31)], np.int32)])
    hashes = hash_in_numpy(seeds, layer, 11, 13)
    assert np.array_equal(numbered(rate, layer).hashes(Tensor(seeds), 11, 13).asnumpy(), hashes)
    x = rng.standard_normal((7, 11, 13)).astype(np.float32)
    y = numbered(rate, layer)(Tensor(x), Tensor(seeds)).asnumpy()
    expected = np.where((hashes + 2**31) / 2**32 >= rate, x / (1 - rate), 0)
    np.testing.assert_allclose(y, expected, rtol=1e-6)


@pytest.mark.parametrize("rate", [0.01, 0.1, 0.5, 0.9])
def test_the_rate_holds_for_all_elements_pictures_tokens_and_channels(rate):
    mask = kept(rate, 2, seeds_of(32))
    deviation = np.sqrt(rate * (1 - rate))
    assert abs(mask.mean() - (1 - rate)) < 4 * deviation / np.sqrt(mask.size)
    for axes in ((1, 2), (0, 2), (0, 1)):
        means = mask.mean(axis=axes)
        error = deviation / np.sqrt(mask.size / len(means))
        assert np.abs(means - (1 - rate)).max() < 5 * error
        assert 0.6 < means.std() / error < 1.4  # as scattered as independent draws are


def test_the_expectation_is_the_input(rng):
    x = rng.standard_normal((1, 3, 4)).astype(np.float32)
    count = 4000
    y = numbered(0.3, 1)(Tensor(np.repeat(x, count, 0)), Tensor(seeds_of(count))).asnumpy()
    assert np.abs(y.mean(axis=0) - x[0]).max() < 4 * np.abs(x).max() * np.sqrt(0.3 / 0.7 / count)


def test_layers_pictures_and_neighbours_are_independent():
    seeds = seeds_of(32)
    mask = kept(0.5, 4, seeds)
    limit = 4 / np.sqrt(mask.size)
    assert abs(correlation(mask, kept(0.5, 5, seeds))) < limit
    for offset in ((1, 0, 0), (0, 1, 0), (0, 0, 1), (0, 1, 1), (0, 7, 0), (0, 0, 32)):
        here = mask[offset[0] :, offset[1] :, offset[2] :]
        there = mask[: 32 - offset[0], : 40 - offset[1], : 100 - offset[2]]
        assert abs(correlation(here, there)) < 1.2 * limit


def test_rectangles_are_independent():
    """The hash of rows xor that of columns alone would tie the fourth corner of a rectangle to the three others."""
    mask = 2.0 * kept(0.5, 0, seeds_of(32)) - 1
    corners = mask[:, ::2, ::2] * mask[:, 1::2, ::2] * mask[:, ::2, 1::2] * mask[:, 1::2, 1::2]
    assert abs(corners.mean()) < 4 / np.sqrt(corners.size)


def test_a_mask_belongs_to_its_picture_in_any_batch(mode, rng):
    seeds, order = seeds_of(6), rng.permutation(6)
    x = rng.standard_normal((6, 5, 8)).astype(np.float32)
    cell = numbered(0.4, 3)
    whole = cell(Tensor(x), Tensor(seeds)).asnumpy()
    assert np.array_equal(cell(Tensor(x[order]), Tensor(seeds[order])).asnumpy(), whole[order])
    assert np.array_equal(cell(Tensor(x[2:3]), Tensor(seeds[2:3])).asnumpy(), whole[2:3])


def test_the_gradient_is_the_mask_over_what_is_kept(mode, rng):
    x = Tensor(rng.standard_normal((3, 5, 8)).astype(np.float32))
    dout = Tensor(rng.standard_normal((3, 5, 8)).astype(np.float32))
    cell, seeds = numbered(0.4, 3), Tensor(seeds_of(3))

    def product(x):
        return (cell(x, seeds) * dout).sum()

    gradient = ms.grad(product)(x).asnumpy()
    mask = cell(ms.ops.ones_like(x), seeds).asnumpy()
    assert 0.2 < (mask == 0).mean() < 0.6
    np.testing.assert_allclose(gradient, mask * dout.asnumpy(), rtol=1e-6)


def test_without_seeds_or_rate_the_input_is_handed_on():
    x = Tensor(np.ones((1, 2, 3), np.float32))
    assert np.array_equal(numbered(0.5, 0)(x).asnumpy(), x.asnumpy())
    assert isinstance(dropout(0.0), KeepAll)
    assert np.array_equal(dropout(0.0)(x, Tensor(seeds_of(1))).asnumpy(), x.asnumpy())


def test_seeds_are_functions_of_seed_epoch_and_position():
    whole = dropout_seeds(42, 3, range(32))
    assert whole.shape == (32,)
    assert whole.dtype == np.int32
    order = np.random.default_rng(0).permutation(32)
    assert np.array_equal(dropout_seeds(42, 3, order), whole[order])
    assert (
        len({*dropout_seeds(1, 1, range(50)), *dropout_seeds(2, 1, range(50)), *dropout_seeds(1, 2, range(50))}) == 150
    )
    assert (whole < 0).any()
    assert np.abs(whole.astype(np.int64)).max() > 2**30


def test_the_dropouts_of_a_network_are_numbered_in_its_order():
    network = nn.CellList([dropout(0.5), dropout(0.0), nn.SequentialCell(dropout(0.5), nn.Identity(), dropout(0.1))])
    number_dropouts(network)
    found = [cell.offset for _, cell in network.cells_and_names() if isinstance(cell, Dropout)]
    assert found == [numbered(0.5, layer).offset for layer in range(3)]
