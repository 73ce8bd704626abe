# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""One training step: gradients, their mean, the check that they are finite, clipping, optimizer and moving average.

What a step is made of is compiled as static graphs: a single one, or one that adds up the gradients of several batches
and one that takes the step; or, where blocks are computed again on the way back, one for each block.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Parameter, ParameterTuple, Tensor, nn, ops

from src.config import Config
from src.distributed import Ranks, device_target
from src.models.contract import Backbone
from src.optim.ema import MovingAverage

_CLIP_EPS = 1e-6  # added to the norm, as PyTorch's clip_grad_norm_ does
_Gradients = tuple[Tensor, ...]  # in the order of the optimizer's parameters
_Arguments = tuple[Tensor | None, ...]  # images, targets, masks, keys
_Scaler = ms.amp.DynamicLossScaler | None


@dataclass(frozen=True)
class Inputs:
    """What a batch gives to a step."""

    images: np.ndarray  # float32 (B, 3, H, W), normalised
    targets: np.ndarray  # float32 (B, K), soft targets
    masks: np.ndarray | None = None  # float32 (L, B), of stochastic depth (``drop_path_masks``)
    keys: np.ndarray | None = None  # int32 (B,), of dropout (``dropout_keys``)

    def tensors(self) -> _Arguments:
        """Return them as the tensors that a graph takes."""
        arrays = (self.images, self.targets, self.masks, self.keys)
        return tuple(None if array is None else Tensor(array) for array in arrays)


class TrainStep:
    """One step of the optimizer along the mean gradient of some batches and of all ranks.

    Where the loss or a gradient is not finite, weights, optimizer and average stay as they were. With float16 products
    the loss is multiplied before the way back by a scale, which such a step halves, and which doubles after
    ``loss_scale_window`` steps in a row without one (Micikevicius et al., 2018).
    """

    def __init__(
        self, model: Backbone, optimizer: nn.Cell, average: MovingAverage | None, config: Config, ranks: Ranks
    ) -> None:
        """Build for a ``model`` made with ``training_settings(config)``; graphs are compiled by the first step.

        Args:
            model: in training mode whenever a step is taken; evaluating it stays float32 in any precision.
            optimizer: of the model's trainable parameters, from ``build_optimizer``.
            average: of the same, or None.
            config: of the run.
            ranks: that take each step together.
        """
        train = config.train
        half = train.precision == "float16"
        precision = _float16_products if half else _as_it_is
        self._scaler = ms.amp.DynamicLossScaler(train.loss_scale, 2, train.loss_scale_window) if half else None
        self._accumulate = train.accumulate
        finish = _update(optimizer, average, config.optim.clip_norm, ranks, self._scaler)
        if train.recompute:
            gradients = _RecomputedGradients(model, optimizer.parameters, precision, self._scaler)
            self._take = _added_step(gradients, finish, optimizer.parameters, train.accumulate, compiled=False)
            return
        gradients = _scaled_gradient_function(_forward(model, precision), optimizer.parameters, self._scaler)
        if train.accumulate == 1:
            self._take = _whole_step(gradients, finish)
        else:
            self._take = _added_step(gradients, finish, optimizer.parameters, train.accumulate, compiled=True)

    def __call__(self, batches: Sequence[Inputs], lr: float) -> tuple[float, list[np.ndarray], bool]:
        """Take one step at the rate ``lr``.

        Args:
            batches: ``train.accumulate`` of them, of the same size.
            lr: learning rate.

        Returns:
            The loss before the step, as the mean over the batches and all ranks; the logits (B, K) of each batch,
            float32; whether the step was taken.

        Raises:
            ValueError: another number of batches.
        """
        if len(batches) != self._accumulate:
            raise ValueError(f"{len(batches)} batches: a step takes {self._accumulate}")
        loss, logits, taken = self._take([batch.tensors() for batch in batches], Tensor(lr, ms.float32))
        return float(loss.asnumpy()), logits, bool(taken.asnumpy())

    def state(self) -> dict[str, Parameter]:
        """Return what a checkpoint needs beside weights, optimizer and average: the loss scale and its counter."""
        if self._scaler is None:
            return {}
        return {"loss_scale": self._scaler.scale_value, "loss_scale_counter": self._scaler.counter}


def training_settings(config: Config) -> dict[str, Any]:
    """Return the settings that a model needs for ``TrainStep``, over those of ``config.model``.

    Native kernels are float32 only, so float16 products go with portable operators.
    """
    return {"kernels": "portable"} if config.train.precision == "float16" else {}


def soft_cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the mean over the batch of the cross-entropy of ``logits`` (B, K) with soft ``targets`` (B, K)."""
    return -(targets * ops.log_softmax(logits, -1)).sum(-1).mean()


def gradient_function(model: Callable[..., Tensor], parameters: ParameterTuple) -> Callable:
    """Return (images, targets, masks=None, keys=None) -> ((loss, logits), gradients) of ``parameters``, in their order.

    ``model`` is a ``Backbone``, or a function that takes and returns what a ``Backbone`` does.
    """

    def loss_of(
        images: Tensor, targets: Tensor, masks: Tensor | None = None, keys: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        logits = model(images, masks, keys)
        return soft_cross_entropy(logits, targets), logits

    return ms.value_and_grad(loss_of, None, parameters, has_aux=True)


def _scaled_gradient_function(model: Callable[..., Tensor], parameters: ParameterTuple, scaler: _Scaler) -> Callable:
    """Return ``gradient_function`` with the gradients of the scaled loss, where there is a ``scaler``."""
    if scaler is None:
        return gradient_function(model, parameters)

    def loss_of(
        images: Tensor, targets: Tensor, masks: Tensor | None, keys: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        logits = model(images, masks, keys)
        loss = soft_cross_entropy(logits, targets)
        return scaler.scale(loss), loss, logits

    scaled = ms.value_and_grad(loss_of, None, parameters, has_aux=True)

    def gradients_of(
        images: Tensor, targets: Tensor, masks: Tensor | None, keys: Tensor | None
    ) -> tuple[tuple[Tensor, Tensor], _Gradients]:
        (_, loss, logits), gradients = scaled(images, targets, masks, keys)
        return (loss, logits), gradients

    return gradients_of


def _forward(model: Backbone, precision: Callable) -> Callable[..., Tensor]:
    """Return a model as a function with products in the given precision and float32 logits."""

    def forward(images: Tensor, masks: Tensor | None, keys: Tensor | None) -> Tensor:
        return model(images, masks, keys)

    lower = precision(forward)

    def logits_of(images: Tensor, masks: Tensor | None, keys: Tensor | None) -> Tensor:
        return lower(images, masks, keys).astype(ms.float32)

    return logits_of


def _as_it_is(function: Callable) -> Callable:
    return function


def _float16_products(function: Callable) -> Callable:
    """Return a function of tensors with products in float16; LayerNorm, softmax and GELU stay float32.

    A function and not the model, so that an evaluation of the model stays float32, as that of its checkpoint is.
    """
    return ms.amp.auto_mixed_precision(function, "auto", ms.float16)


class _RecomputedGradients:
    """What ``gradient_function`` returns, with blocks computed again on the way back (Chen et al., 2016).

    On the way forth only the tokens between the blocks are kept; each block has a graph of its own that computes it
    again, and its gradients, bit for bit those of the whole. ``Cell.recompute`` is no way to it: native kernels make a
    graph with a cycle, and what goes into a Cell that has a gradient of its own is kept all the same.
    """

    def __init__(self, model: Backbone, parameters: ParameterTuple, precision: Callable, scaler: _Scaler) -> None:
        """Build for a ``model`` and its ``parameters``."""
        inner = [ParameterTuple(block.trainable_params()) for block in model.blocks]
        self._names = [[p.name for p in group] for group in inner]
        in_blocks = {name for names in self._names for name in names}
        outer = ParameterTuple([p for p in parameters if p.name not in in_blocks])
        self._outer_names = [p.name for p in outer]
        self._order = [p.name for p in parameters]
        self._forth = _tokens_between(model, precision)
        self._last = _last_gradients(model, outer, precision, scaler)
        self._blocks = [_block_gradients(model, i, group, precision) for i, group in enumerate(inner)]
        self._first = _first_gradients(model, outer, precision)

    def __call__(
        self, images: Tensor, targets: Tensor, masks: Tensor | None, keys: Tensor | None
    ) -> tuple[tuple[Tensor, Tensor], _Gradients]:
        """Return ((loss, logits), gradients)."""
        tokens = list(self._forth(images, masks, keys))
        (_, loss, logits), (dtokens, late) = self._last(tokens.pop(), targets)
        found = {}
        for names, gradients_of in zip(reversed(self._names), reversed(self._blocks), strict=True):
            dtokens, gradients = gradients_of(tokens.pop(), masks, keys, dtokens)
            found.update(zip(names, gradients, strict=True))
        early = self._first(images, keys, dtokens, ms.mutable(late))
        found.update(zip(self._outer_names, early, strict=True))
        return (loss, logits), tuple(found[name] for name in self._order)


def _tokens_between(model: Backbone, precision: Callable) -> Callable:
    """Return (images, masks, keys) -> the tokens that enter each block, and those that leave the last."""

    def forth(images: Tensor, masks: Tensor | None, keys: Tensor | None) -> tuple[Tensor, ...]:
        tokens = model.enter(images, keys)
        passed = (tokens,)
        for i in range(len(model.blocks)):
            tokens = model.advance(i, tokens, masks, keys)
            passed += (tokens,)
        return passed

    return ms.jit(precision(forth))


def _last_gradients(model: Backbone, parameters: ParameterTuple, precision: Callable, scaler: _Scaler) -> Callable:
    """Return (tokens, targets) -> ((scaled loss, loss, logits), (their gradients to tokens, to parameters))."""

    def head(tokens: Tensor) -> Tensor:
        return model.forward_head(model.leave(tokens))

    lower = precision(head)

    def loss_of(tokens: Tensor, targets: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        logits = lower(tokens).astype(ms.float32)
        loss = soft_cross_entropy(logits, targets)
        return loss if scaler is None else scaler.scale(loss), loss, logits

    return ms.jit(ms.value_and_grad(loss_of, 0, parameters, has_aux=True))


def _block_gradients(model: Backbone, index: int, parameters: ParameterTuple, precision: Callable) -> Callable:
    """Return (tokens, masks, keys, dout) -> (gradients to tokens, to parameters) of a block."""

    def block(tokens: Tensor, masks: Tensor | None, keys: Tensor | None) -> Tensor:
        return model.advance(index, tokens, masks, keys)

    lower = precision(block)

    def product(tokens: Tensor, masks: Tensor | None, keys: Tensor | None, dout: Tensor) -> Tensor:
        return (lower(tokens, masks, keys) * dout).sum()  # the gradient of this is dout, passed through the block

    return ms.jit(ms.grad(product, 0, parameters))


def _first_gradients(model: Backbone, parameters: ParameterTuple, precision: Callable) -> Callable:
    """Return (images, keys, dout, late) -> ``late`` and the gradients of what stands before the blocks, added up."""

    def enter(images: Tensor, keys: Tensor | None) -> Tensor:
        return model.enter(images, keys)

    lower = precision(enter)

    def product(images: Tensor, keys: Tensor | None, dout: Tensor) -> Tensor:
        return (lower(images, keys) * dout).sum()

    early = ms.grad(product, None, parameters)

    @ms.jit
    def gradients_of(images: Tensor, keys: Tensor | None, dout: Tensor, late: _Gradients) -> _Gradients:
        gradients = early(images, keys, dout)
        return ops.HyperMap()(ops.add, gradients, late)

    return gradients_of


def _whole_step(gradients_of: Callable, finish: Callable) -> Callable:
    """Return the step of one batch, a single graph."""

    @ms.jit
    def step(
        images: Tensor, targets: Tensor, masks: Tensor | None, keys: Tensor | None, lr: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        (loss, logits), gradients = gradients_of(images, targets, masks, keys)
        loss, taken = finish(loss, gradients, lr)
        return loss, logits, taken

    def take(batches: list[_Arguments], lr: Tensor) -> tuple[Tensor, list[np.ndarray], Tensor]:
        loss, logits, taken = step(*batches[0], lr)
        return loss, [logits.asnumpy()], taken

    return take


def _added_step(
    gradients_of: Callable, finish: Callable, parameters: ParameterTuple, count: int, compiled: bool
) -> Callable:
    """Return the step of ``count`` batches: a graph that adds up loss and gradients, and one that takes the step.

    ``compiled`` says that ``gradients_of`` goes into the first graph; else it is made of graphs of its own.
    """
    sums = parameters.clone(prefix="sum", init="zeros")
    total = Parameter(Tensor(0.0, ms.float32), name="loss_sum")

    def add(loss: Tensor, gradients: _Gradients) -> Tensor:
        finite = ops.depend(ops.isfinite(loss), ops.assign_add(total, loss))
        if finite:  # else the step will not be taken; and without a branch, waiting for a graph takes a core on a CPU
            for i in range(len(sums)):
                finite = ops.depend(finite, ops.assign_add(sums[i], gradients[i]))
        return finite

    @ms.jit
    def add_batch(images: Tensor, targets: Tensor, masks: Tensor | None, keys: Tensor | None) -> tuple[Tensor, Tensor]:
        (loss, logits), gradients = gradients_of(images, targets, masks, keys)
        return logits, add(loss, gradients)

    add_gradients = ms.jit(add)

    def add_parts(*batch: Tensor | None) -> tuple[Tensor, Tensor]:
        (loss, logits), gradients = gradients_of(*batch)
        return logits, add_gradients(loss, ms.mutable(gradients))

    add_one = add_batch if compiled else add_parts

    @ms.jit
    def step(lr: Tensor) -> tuple[Tensor, Tensor]:
        gradients = ()
        for own in sums:
            gradients += (own / count,)
        loss, taken = finish(total / count, gradients, lr)
        done = ops.assign(total, ops.depend(Tensor(0.0, ms.float32), taken))
        for own in sums:
            done = ops.depend(done, ops.assign(own, ops.depend(ops.zeros_like(own), taken)))
        return ops.depend(loss, done), taken

    def take(batches: list[_Arguments], lr: Tensor) -> tuple[Tensor, list[np.ndarray], Tensor]:
        logits = [add_one(*batch)[0].asnumpy() for batch in batches]
        loss, taken = step(lr)
        return loss, logits, taken

    return take


def _update(
    optimizer: nn.Cell, average: MovingAverage | None, clip_norm: float, ranks: Ranks, scaler: _Scaler
) -> Callable:
    """Return (loss, gradients, lr) -> (loss, whether the step was taken): all that follows the way back."""
    rank_mean = _rank_mean(optimizer.parameters, ranks)
    measure = _norm if clip_norm or device_target() != "CPU" else _sum
    limit = _clipping(clip_norm) if clip_norm else _unchanged

    def finish(loss: Tensor, gradients: _Gradients, lr: Tensor) -> tuple[Tensor, Tensor]:
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

    def mean(loss: Tensor, gradients: _Gradients) -> tuple[Tensor, _Gradients]:
        return all_reduce(loss.reshape(1)).reshape(()) / ranks.size, reducer(gradients)

    return mean


def _own(loss: Tensor, gradients: _Gradients) -> tuple[Tensor, _Gradients]:
    return loss, gradients


def _sum(gradients: _Gradients) -> Tensor:
    """Return the sum of all numbers, not finite where one of them is not: on a CPU the quickest look at all."""
    total = ops.zeros((), ms.float32)
    for gradient in gradients:
        rows = gradient.reshape(-1, gradient.shape[-1])
        total = total + ops.matmul(ops.ones((1, rows.shape[0]), ms.float32), rows).sum()
    return total


def _norm(gradients: _Gradients) -> Tensor:
    """Return the norm of all numbers together; not finite where one of them is not, or is beyond 1e19."""
    halves = ops.zeros((), ms.float32)
    for gradient in gradients:
        halves = halves + ops.L2Loss()(gradient)  # half of the sum of squares
    return ops.sqrt(2.0 * halves)


def _clipping(clip_norm: float) -> Callable:
    """Return (gradients, norm) -> gradients with a norm of ``clip_norm`` at most (Pascanu et al., 2013)."""

    def clip(gradients: _Gradients, norm: Tensor) -> _Gradients:
        factor = ops.minimum(clip_norm / (norm + _CLIP_EPS), Tensor(1.0, ms.float32))
        clipped = ()
        for gradient in gradients:
            clipped += (gradient * factor,)
        return clipped

    return clip


def _unchanged(gradients: _Gradients, _: Tensor) -> _Gradients:
    return gradients
