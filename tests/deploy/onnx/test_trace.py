# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""What MindSpore traces is put into ONNX operator by operator."""

import mindspore as ms
import numpy as np
import pytest
from mindspore import Parameter, Tensor, nn, ops

pytest.importorskip("onnx")

from src.deploy.onnx.trace import trace
from tests.deploy.onnx.test_simplify import run


class Odd(nn.Cell):
    """Uses what the models use in other ways than they do."""

    def __init__(self, weight):
        super().__init__()
        self.weight = Parameter(Tensor(weight), name="weight")

    def construct(self, images):
        x = images.reshape(-1, 3, 64)
        first, second = ops.split(x, 32, axis=2)
        x = ops.cat((second, ops.zeros((images.shape[0], 1, 32), ms.float32), first), axis=1)  # (B, 7, 32)
        x = x[:, 1:6]
        y = ops.matmul(x, self.weight.T) + ops.broadcast_to(self.weight[:1, :4], (x.shape[0], -1, -1))
        y = ops.slice(y, (0, 1, 0), (-1, -1, 3))  # (B, 4, 3)
        return (y - y.sum(axis=-1, keepdims=True) / 2).mean(axis=1)


def test_operators_in_unusual_places(rng):
    network = Odd(rng.standard_normal((4, 32)).astype(np.float32))
    graph = trace(network, (3, 8, 8))
    for batch in (1, 3):
        images = rng.standard_normal((batch, 3, 8, 8)).astype(np.float32)
        np.testing.assert_allclose(run(graph, images), network(Tensor(images)).asnumpy(), rtol=0, atol=1e-5)


class Unknown(nn.Cell):
    """Uses an operator that no model uses."""

    def construct(self, images):
        return ops.cumsum(images, 1)


def test_an_operator_without_a_translation_is_named():
    with pytest.raises(NotImplementedError, match=r"operators\.py: no translation of MindSpore's CumSum"):
        trace(Unknown(), (3, 8, 8))
