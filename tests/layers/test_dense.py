# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The dense layer: value and gradients by hand, and a bias that another layer may add."""

import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor

from src.layers.accelerate import accelerate
from src.layers.dense import Dense, DenseProduct, add_bias
from tests.native import KERNELS


@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize("shape", [(2, 4, 5), (7, 5), (3, 70, 5)], ids=str)
def test_value_and_gradients(shape, kernels, mode, rng):
    cell = accelerate(Dense(5, 19), kernels)
    weight, bias = (rng.standard_normal(own.shape).astype(np.float32) for own in (cell.weight, cell.bias))
    cell.weight.set_data(Tensor(weight))
    cell.bias.set_data(Tensor(bias))
    z, up = (rng.standard_normal((*shape[:-1], c)).astype(np.float32) for c in (5, 19))

    def loss(inputs):
        out = cell(inputs)
        return (out * Tensor(up)).sum(), out

    gradient = ms.value_and_grad(loss, 0, cell.trainable_params(), has_aux=True)
    (_, out), (dz, (dweight, dbias)) = gradient(Tensor(z))
    rows, up_rows = z.reshape(-1, 5), up.reshape(-1, 19)
    np.testing.assert_allclose(out.asnumpy(), z @ weight.T + bias, atol=1e-5)
    np.testing.assert_allclose(dz.asnumpy(), up @ weight, atol=1e-5)
    np.testing.assert_allclose(dweight.asnumpy(), up_rows.T @ rows, atol=1e-4)
    np.testing.assert_allclose(dbias.asnumpy(), up_rows.sum(0), atol=1e-4)


def test_the_bias_can_be_added_later(mode, rng):
    cell, product = Dense(5, 3), DenseProduct(5, 3)
    product.weight.set_data(cell.weight)
    cell.bias.set_data(Tensor(rng.standard_normal(3).astype(np.float32)))
    z = Tensor(rng.standard_normal((2, 4, 5)).astype(np.float32))
    np.testing.assert_array_equal(add_bias(product(z), cell.bias).asnumpy(), cell(z).asnumpy())
    assert add_bias(z, None) is z
