# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The cross-entropy against its formula, and what it takes of a batch."""

import mindspore as ms
import numpy as np
from mindspore import Tensor

from src.data.batch import Batch
from src.engine.objectives.classification import Classification


def test_the_loss_is_the_mean_cross_entropy_and_its_gradient_softmax_less_target(rng, mode):
    logits = rng.standard_normal((4, 7)).astype(np.float32)
    targets = rng.dirichlet(np.ones(7), 4).astype(np.float32)

    def loss_of(inputs, soft):
        return Classification().loss(lambda x, drop_path, seeds: x * 2.0, (inputs, soft), None, None)

    (loss, outputs), gradient = ms.value_and_grad(loss_of, 0, has_aux=True)(Tensor(logits), Tensor(targets))
    wide = 2.0 * logits.astype(np.float64)
    share = np.exp(wide) / np.exp(wide).sum(1, keepdims=True)
    np.testing.assert_array_equal(outputs.asnumpy(), 2 * logits)
    np.testing.assert_allclose(float(loss), -(targets * np.log(share)).sum(1).mean(), rtol=1e-6)
    np.testing.assert_allclose(gradient.asnumpy(), 2 * (share - targets) / 4, rtol=0, atol=1e-6)


def test_it_takes_images_and_soft_targets_and_trains_everything():
    batch = Batch(np.zeros((2, 3, 4, 4)), np.zeros(2, np.int32), np.arange(2), np.eye(2))
    images, targets = Classification().arrays(batch)
    assert images is batch.images
    assert targets is batch.targets
    assert Classification().trainable("head.weight")
