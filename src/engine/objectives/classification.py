# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Classification: the cross-entropy of logits with soft targets."""

import numpy as np
from mindspore import Tensor, ops

from src.data.batch import Batch
from src.engine.objectives.objective import Forward


class Classification:
    """mean over the batch of -sum_k target_k log softmax(logits)_k, of all parameters."""

    def trainable(self, name: str) -> bool:
        """Say that every parameter is learned."""
        return True

    def arrays(self, batch: Batch) -> tuple[np.ndarray, ...]:
        """Return images (B, 3, H, W) and soft targets (B, K)."""
        return batch.images, batch.targets

    def loss(
        self, forward: Forward, arrays: tuple[Tensor, ...], drop_path: Tensor | None, seeds: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Return the loss () and the logits (B, K)."""
        logits = forward(arrays[0], drop_path, seeds)
        return -(arrays[1] * ops.log_softmax(logits, -1)).sum(-1).mean(), logits
