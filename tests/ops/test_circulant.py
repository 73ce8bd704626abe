# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The block-circulant product in each form, against a matrix that is written out entry by entry."""

import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor, nn

from src.ops.circulant import (
    dense_index,
    dense_product,
    dense_weight,
    fft_product,
    half_weights,
    join_halves,
    split_halves,
)

pytestmark = pytest.mark.usefixtures("pynative")

# (T, b_out, b_in, n): square and rectangular, even and odd n, down to blocks of a single number
SHAPES = [
    (1, 4, 4, 6),
    (2, 4, 4, 5),
    (3, 2, 2, 8),
    (1, 2, 6, 3),
    (2, 6, 2, 4),
    (3, 1, 3, 7),
    (2, 3, 2, 1),
    (1, 2, 3, 2),
]


def block_circulant(generators):
    """Return the dense weight (T*b_out*n, b_in*n); the first column of a block is its generator."""
    paths, b_out, b_in, n = generators.shape
    weight = np.zeros((paths * b_out * n, b_in * n))
    for t in range(paths):
        for i in range(b_out):
            for j in range(b_in):
                for p in range(n):
                    for q in range(n):
                        weight[(t * b_out + i) * n + p, j * n + q] = generators[t, i, j, (p - q) % n]
    return weight


class Product(nn.Cell):
    def __init__(self, form, shape):
        super().__init__()
        self.form = form
        self.index = Tensor(dense_index(shape))

    def construct(self, x, generators):
        return fft_product(x, generators) if self.form == "fft" else dense_product(x, generators, self.index)


class WeightedSum(nn.Cell):
    """The sum of the product times given weights, for gradients."""

    def __init__(self, product, weights):
        super().__init__()
        self.product, self.weights = product, Tensor(weights)

    def construct(self, x, generators):
        return (self.product(x, generators) * self.weights).sum()


def draw(rng, shape, *leading):
    _, _, b_in, n = shape
    return rng.standard_normal((*leading, b_in * n)).astype(np.float32), rng.standard_normal(shape).astype(np.float32)


def finite_difference(function, at, step=1e-3):
    """Return the gradient of a scalar function of a float64 array by central differences."""
    gradient = np.zeros_like(at)
    for place in np.ndindex(at.shape):
        here = at[place]
        at[place] = here + step
        above = function(at)
        at[place] = here - step
        gradient[place] = (above - function(at)) / (2 * step)
        at[place] = here
    return gradient


def test_a_block_by_hand():
    weight = block_circulant(np.array([[[[1.0, 2.0, 3.0]]]]))
    assert weight.tolist() == [[1, 3, 2], [2, 1, 3], [3, 2, 1]]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_gathered_weight_is_the_matrix_to_the_last_bit(shape, rng):
    _, generators = draw(rng, shape)
    weight = dense_weight(Tensor(generators), Tensor(dense_index(shape))).asnumpy()
    assert np.array_equal(weight, block_circulant(generators).astype(np.float32))


@pytest.mark.parametrize("form", ["fft", "dense"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_both_forms_equal_the_matrix_product(shape, form, rng):
    x, generators = draw(rng, shape, 2, 3)
    expected = x.astype(np.float64) @ block_circulant(generators).T
    y = Product(form, shape)(Tensor(x), Tensor(generators)).asnumpy()
    assert y.dtype == np.float32
    assert y.shape == expected.shape
    assert np.abs(y - expected).max() < 1e-5


@pytest.mark.parametrize("form", ["fft", "dense"])
@pytest.mark.parametrize("leading", [(5,), (2, 3, 4)])
def test_any_number_of_leading_axes_is_kept(leading, form, rng):
    shape = (2, 3, 2, 4)
    x, generators = draw(rng, shape, *leading)
    y = Product(form, shape)(Tensor(x), Tensor(generators)).asnumpy()
    assert y.shape == (*leading, 24)
    assert np.abs(y - x.astype(np.float64) @ block_circulant(generators).T).max() < 1e-5


@pytest.mark.parametrize("form", ["fft", "dense"])
@pytest.mark.parametrize("shape", [(2, 2, 2, 5), (1, 4, 2, 6)], ids=str)
def test_value_and_gradients_in_both_modes(shape, form, mode, rng):
    x, generators = draw(rng, shape, 2, 3)
    weights = rng.standard_normal((2, 3, shape[0] * shape[1] * shape[3])).astype(np.float32)
    product = Product(form, shape)
    wide_x, wide_g = x.astype(np.float64), generators.astype(np.float64)

    value, (to_x, to_g) = ms.value_and_grad(WeightedSum(product, weights), (0, 1))(Tensor(x), Tensor(generators))

    assert abs(float(value) - (wide_x @ block_circulant(wide_g).T * weights).sum()) < 1e-4
    expected_x = finite_difference(lambda at: (at @ block_circulant(wide_g).T * weights).sum(), wide_x.copy())
    expected_g = finite_difference(lambda at: (wide_x @ block_circulant(at).T * weights).sum(), wide_g.copy())
    assert to_x.shape == x.shape
    assert to_g.shape == generators.shape
    assert np.abs(to_x.asnumpy() - expected_x).max() < 1e-5
    assert np.abs(to_g.asnumpy() - expected_g).max() < 2e-5


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_both_forms_have_the_same_gradients(shape, rng):
    x, generators = draw(rng, shape, 2, 3)
    weights = rng.standard_normal((2, 3, shape[0] * shape[1] * shape[3])).astype(np.float32)
    gradients = [
        ms.grad(WeightedSum(Product(form, shape), weights), (0, 1))(Tensor(x), Tensor(generators))
        for form in ("fft", "dense")
    ]
    for by_fft, by_dense in zip(*gradients, strict=True):
        assert np.abs(by_fft.asnumpy() - by_dense.asnumpy()).max() < 1e-5
    assert np.abs(gradients[1][1].asnumpy()).min() > 0


@pytest.mark.parametrize("shape", [shape for shape in SHAPES if shape[-1] % 2 == 0], ids=str)
def test_products_on_half_blocks_are_the_matrix_product(shape, rng):
    paths, b_out, b_in, n = shape
    x, generators = draw(rng, shape, 2, 3)
    x_1, x_2 = (half.asnumpy().astype(np.float64) for half in split_halves(Tensor(x), b_in))
    of_sums, of_differences = half_weights(generators)
    assert of_sums.shape == of_differences.shape == (paths, b_out * n // 2, b_in * n // 2)
    expected = x.astype(np.float64) @ block_circulant(generators).T
    for path, whole in enumerate(np.split(expected, paths, axis=-1)):
        p, q = (x_1 + x_2) @ of_sums[path].T, (x_1 - x_2) @ of_differences[path].T
        y = join_halves(Tensor(p + q), Tensor(p - q), b_out).asnumpy()
        assert np.abs(y - whole).max() < 1e-5


def test_halves_of_blocks_by_hand():
    first, second = split_halves(Tensor(np.arange(8.0).reshape(1, 1, 8)), 2)
    assert (first.asnumpy().ravel().tolist(), second.asnumpy().ravel().tolist()) == ([0, 1, 4, 5], [2, 3, 6, 7])
    assert join_halves(first, second, 2).asnumpy().ravel().tolist() == list(range(8))
