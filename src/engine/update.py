# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""What follows the way back: the mean over the ranks, the look at what is not finite, clipping, optimizer, average."""

from collections.abc import Callable

import mindspore as ms
from mindspore import ParameterTuple, Tensor, nn, ops

from src.distributed import Ranks, device_target
from src.optim.ema import MovingAverage
from src.optim.grouped import GroupedOptimizer

_CLIP_EPS = 1e-6  # added to the norm, as PyTorch's clip_grad_norm_ does
Gradients = tuple[Tensor, ...]  # in the order of the optimizer's parameters


def build_update(
    optimizer: GroupedOptimizer,
    average: MovingAverage | None,
    clip_norm: float,
    ranks: Ranks,
    scaler: ms.amp.DynamicLossScaler | None,
) -> Callable:
    """Return (loss, gradients, lr) -> (loss, whether the step was taken): all that follows the way back."""
    rank_mean = _rank_mean(optimizer.parameters, ranks)
    measure = _norm if clip_norm or device_target() != "CPU" else _sum
    limit = _clipping(clip_norm) if clip_norm else _unchanged

    def finish(loss: Tensor, gradients: Gradients, lr: Tensor) -> tuple[Tensor, Tensor]:
        loss, gradients = rank_mean(loss, gradients)
        if scaler is not None:
            gradients = scaler.unscale(gradients)
        size = measure(gradients)
        taken = ops.isfinite(loss + size)  # of all ranks alike, because what is not finite stays so in a sum
        if taken:
            taken = ops.depend(taken, optimizer(limit(gradients, size), lr))
            if average is not None:
                taken = ops.depend(taken, average())
        if scaler is not None:
            taken = ops.depend(taken, scaler.adjust(taken))
        return loss, taken

    return finish


def _rank_mean(parameters: ParameterTuple, ranks: Ranks) -> Callable:
    """Return (loss, gradients) -> their means over the ranks."""
    if ranks.size == 1:
        return _own
    reducer = nn.DistributedGradReducer(parameters, mean=True, degree=ranks.size)
    all_reduce = ops.AllReduce()

    def mean(loss: Tensor, gradients: Gradients) -> tuple[Tensor, Gradients]:
        return all_reduce(loss.reshape(1)).reshape(()) / ranks.size, reducer(gradients)

    return mean


def _own(loss: Tensor, gradients: Gradients) -> tuple[Tensor, Gradients]:
    return loss, gradients


def _sum(gradients: Gradients) -> Tensor:
    """Return the sum of all numbers, not finite where one of them is not: on a CPU the quickest look at all."""
    total = ops.zeros((), ms.float32)
    for gradient in gradients:
        rows = gradient.reshape(-1, gradient.shape[-1])  # (M, C)
        total = total + ops.matmul(ops.ones((1, rows.shape[0]), ms.float32), rows).sum()
    return total


def _norm(gradients: Gradients) -> Tensor:
    """Return the norm of all numbers together; not finite where one of them is not, or is beyond 1e19."""
    halves = ops.zeros((), ms.float32)
    for gradient in gradients:
        halves = halves + ops.L2Loss()(gradient)  # half of the sum of squares
    return ops.sqrt(2.0 * halves)


def _clipping(clip_norm: float) -> Callable:
    """Return (gradients, norm) -> gradients with a norm of ``clip_norm`` at most (Pascanu et al., 2013)."""

    def clip(gradients: Gradients, norm: Tensor) -> Gradients:
        factor = ops.minimum(clip_norm / (norm + _CLIP_EPS), Tensor(1.0, ms.float32))
        clipped = ()
        for gradient in gradients:
            clipped += (gradient * factor,)
        return clipped

    return clip


def _unchanged(gradients: Gradients, _: Tensor) -> Gradients:
    return gradients
