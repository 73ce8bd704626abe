# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""A network as a function of NumPy arrays, for evaluation and prediction."""

from collections.abc import Callable

import numpy as np
from mindspore import Tensor

from src.models.contract import Backbone

Logits = Callable[[np.ndarray], np.ndarray]  # images float32 (B, 3, H, W), normalised -> logits float32 (B, K)


def network_logits(model: Backbone) -> Logits:
    """Return the classifier that a MindSpore network is.

    A batch smaller than the largest seen is filled up with zeros, so that the last, incomplete one of an evaluation
    does not compile the network again.
    """
    full = 0

    def logits(images: np.ndarray) -> np.ndarray:
        nonlocal full
        full = max(full, len(images))
        padding = np.zeros((full - len(images), *images.shape[1:]), images.dtype)
        return model(Tensor(np.concatenate([images, padding]))).asnumpy()[: len(images)]

    return logits
