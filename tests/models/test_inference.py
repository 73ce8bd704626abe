# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""A network as a function of arrays: what an incomplete batch is filled with does not show."""

import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor

from src.models.inference import network_logits
from tests.tiny import tiny_model


def test_an_incomplete_batch_is_filled_for_the_network(rng):
    sizes = []

    def network(images):
        sizes.append(images.shape[0])
        return images.mean((2, 3))

    logits = network_logits(network)
    for count in (4, 4, 1):
        images = rng.standard_normal((count, 3, 8, 8)).astype(np.float32)
        np.testing.assert_allclose(logits(images), images.mean(axis=(2, 3)), rtol=0, atol=1e-6)
    assert sizes == [4, 4, 4]


@pytest.mark.parametrize("mode", [ms.PYNATIVE_MODE], indirect=True, ids=["pynative"])
def test_a_filled_batch_gives_the_network_s_logits(rng, mode):
    model = tiny_model("circulant2")
    model.set_train(False)
    logits = network_logits(model)
    images = rng.standard_normal((3, 3, 32, 32)).astype(np.float32)
    logits(images)
    np.testing.assert_allclose(logits(images[:2]), model(Tensor(images[:2])).asnumpy(), rtol=0, atol=1e-6)
