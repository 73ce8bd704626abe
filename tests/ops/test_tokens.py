# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Tokens picked by their place."""

import mindspore as ms
import numpy as np
from mindspore import Tensor

from src.ops.tokens import first_token


def test_the_first_token_and_its_gradient(rng, mode):
    tokens = Tensor(rng.standard_normal((2, 5, 3)).astype(np.float32))
    factor = Tensor(rng.standard_normal((2, 3)).astype(np.float32))

    def product(tokens):
        return (first_token(tokens) * factor).sum()

    value, gradient = ms.value_and_grad(product)(tokens)
    np.testing.assert_array_equal(first_token(tokens).asnumpy(), tokens.asnumpy()[:, 0])
    np.testing.assert_allclose(value.asnumpy(), (tokens.asnumpy()[:, 0] * factor.asnumpy()).sum(), rtol=1e-5)
    np.testing.assert_array_equal(gradient.asnumpy()[:, 0], factor.asnumpy())
    assert not gradient.asnumpy()[:, 1:].any()
