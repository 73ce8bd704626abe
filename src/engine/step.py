# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""One training step, compiled as a static graph."""

from collections.abc import Callable

import mindspore as ms
from mindspore import Tensor, ops

from src.models.contract import Backbone
from src.optim.adamw import AdamW
from src.optim.ema import MovingAverage

Step = Callable[[Tensor, Tensor, Tensor | None, Tensor], tuple[Tensor, Tensor]]


def soft_cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the mean over the batch of the cross-entropy of ``logits`` (B, K) with soft ``targets`` (B, K)."""
    return -(targets * ops.log_softmax(logits, -1)).sum(-1).mean()


def gradient_function(model: Backbone, parameters: ms.ParameterTuple) -> Callable:
    """Return (images, targets, masks) -> ((loss, logits), gradients) of ``parameters``, in their order."""

    def loss_of(images: Tensor, targets: Tensor, masks: Tensor | None) -> tuple[Tensor, Tensor]:
        logits = model(images, masks)
        return soft_cross_entropy(logits, targets), logits

    return ms.value_and_grad(loss_of, None, parameters, has_aux=True)


def compile_step(model: Backbone, optimizer: AdamW, average: MovingAverage | None) -> Step:
    """Return the step of a training run.

    It takes images (B, 3, H, W), soft targets (B, K), stochastic-depth masks (L, B) or None, and the learning rate, a
    float32 scalar; it updates weights, optimizer and average, and returns the loss before it and the logits (B, K).
    """
    gradients_of = gradient_function(model, optimizer.parameters)

    @ms.jit
    def step(images: Tensor, targets: Tensor, masks: Tensor | None, lr: Tensor) -> tuple[Tensor, Tensor]:
        (loss, logits), gradients = gradients_of(images, targets, masks)
        loss = ops.depend(loss, optimizer(gradients, lr))
        if average is not None:
            loss = ops.depend(loss, average())
        return loss, logits

    return step
