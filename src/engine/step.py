# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""One training step: the gradients of an objective, added up over some batches, and what follows them.

What a step is made of is compiled as static graphs: a single one, or one that adds up the gradients of several batches
and one that takes the step; or, where blocks are computed again on the way back, one for each block.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import mindspore as ms
import numpy as np
from mindspore import Parameter, ParameterTuple, Tensor, ops

from src.config import Config
from src.distributed import Ranks
from src.engine.objectives.objective import Forward, Objective
from src.engine.precision import choose_precision, choose_scaler, lowered
from src.engine.recompute import RecomputedGradients
from src.engine.update import Gradients, build_update
from src.models.contract import Backbone
from src.optim.ema import MovingAverage
from src.optim.grouped import GroupedOptimizer

_Arguments = tuple[Tensor | None, ...]  # drop_path, seeds, then the arrays of the objective


@dataclass(frozen=True)
class Inputs:
    """What a batch gives to a step."""

    arrays: tuple[np.ndarray, ...]  # of ``Objective.arrays``
    drop_path: np.ndarray | None = None  # float32 (L, B), ``drop_path_factors``
    seeds: np.ndarray | None = None  # int32 (B,), ``dropout_seeds``

    def tensors(self) -> _Arguments:
        """Return them as the tensors that a graph takes."""
        return tuple(None if array is None else Tensor(array) for array in (self.drop_path, self.seeds, *self.arrays))


class TrainStep:
    """One step of the optimizer along the mean gradient of some batches and of all ranks.

    Where the loss or a gradient is not finite, weights, optimizer and average stay as they were. With float16 products
    the loss is multiplied before the way back by a scale, which such a step halves, and which doubles after
    ``loss_scale_window`` steps in a row without one.
    """

    def __init__(
        self,
        network: Backbone,
        objective: Objective,
        optimizer: GroupedOptimizer,
        average: MovingAverage | None,
        config: Config,
        ranks: Ranks,
    ) -> None:
        """Build for a ``network`` made with ``training_settings(config)``; graphs are compiled by the first step.

        Args:
            network: in training mode whenever a step is taken; evaluating it stays float32 in any precision.
            objective: what is minimised.
            optimizer: of the parameters that it trains, from ``build_optimizer``.
            average: of the same, or None.
            config: of the run.
            ranks: that take each step together.
        """
        self._scaler, precision, parameters = choose_scaler(config), choose_precision(config), optimizer.parameters
        self._accumulate, recompute = config.train.accumulate, config.train.recompute
        if recompute:
            gradients_of = RecomputedGradients(network, objective, parameters, precision, self._scaler)
        else:
            gradients_of = gradient_function(objective, lowered(network, precision), parameters, self._scaler)
        finish = build_update(optimizer, average, config.optim.clip_norm, ranks, self._scaler)
        if self._accumulate == 1 and not recompute:
            self._take = _whole_step(gradients_of, finish)
        else:
            self._take = _added_step(gradients_of, finish, parameters, self._accumulate, compiled=not recompute)

    def __call__(self, batches: Sequence[Inputs], lr: float) -> tuple[float, list[np.ndarray], bool]:
        """Take one step at the rate ``lr``.

        Args:
            batches: ``train.accumulate`` of them, of the same size.
            lr: learning rate.

        Returns:
            The loss before the step, as the mean over the batches and all ranks; the outputs for each batch, float32;
            whether the step was taken.

        Raises:
            ValueError: another number of batches.
        """
        if len(batches) != self._accumulate:
            raise ValueError(f"{len(batches)} batches: a step takes {self._accumulate}")
        loss, outputs, taken = self._take([batch.tensors() for batch in batches], Tensor(lr, ms.float32))
        return float(loss.asnumpy()), outputs, bool(taken.asnumpy())

    def state(self) -> dict[str, Parameter]:
        """Return what a checkpoint needs beside weights, optimizer and average: the loss scale and its counter."""
        if self._scaler is None:
            return {}
        return {"loss_scale": self._scaler.scale_value, "loss_scale_counter": self._scaler.counter}


def gradient_function(
    objective: Objective,
    forward: Forward,
    parameters: ParameterTuple,
    scaler: ms.amp.DynamicLossScaler | None = None,
) -> Callable:
    """Return (drop_path, seeds, *arrays) -> ((loss, outputs), gradients of ``parameters`` in their order).

    The gradients are those of the scaled loss where there is a ``scaler``. ``forward`` is a ``Backbone``, or a function
    that takes and returns what a ``Backbone`` does.
    """

    def loss_of(drop_path: Tensor | None, seeds: Tensor | None, *arrays: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        loss, outputs = objective.loss(forward, arrays, drop_path, seeds)
        return loss if scaler is None else scaler.scale(loss), loss, outputs

    scaled = ms.value_and_grad(loss_of, None, parameters, has_aux=True)

    def gradients_of(
        drop_path: Tensor | None, seeds: Tensor | None, *arrays: Tensor
    ) -> tuple[tuple[Tensor, Tensor], Gradients]:
        (_, loss, outputs), gradients = scaled(drop_path, seeds, *arrays)
        return (loss, outputs), gradients

    return gradients_of


def _whole_step(gradients_of: Callable, finish: Callable) -> Callable:
    """Return the step of one batch, a single graph."""

    @ms.jit
    def step(
        lr: Tensor, drop_path: Tensor | None, seeds: Tensor | None, *arrays: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        (loss, outputs), gradients = gradients_of(drop_path, seeds, *arrays)
        loss, taken = finish(loss, gradients, lr)
        return loss, outputs, taken

    def take(batches: list[_Arguments], lr: Tensor) -> tuple[Tensor, list[np.ndarray], Tensor]:
        loss, outputs, taken = step(lr, *batches[0])
        return loss, [outputs.asnumpy()], taken

    return take


def _added_step(
    gradients_of: Callable, finish: Callable, parameters: ParameterTuple, count: int, compiled: bool
) -> Callable:
    """Return the step of ``count`` batches: a graph that adds up loss and gradients, and one that takes the step.

    ``compiled`` says that ``gradients_of`` goes into the first graph; else it is made of graphs of its own.
    """
    sums = parameters.clone(prefix="sum", init="zeros")
    total = Parameter(Tensor(0.0, ms.float32), name="loss_sum")

    def add(loss: Tensor, gradients: Gradients) -> Tensor:
        finite = ops.depend(ops.isfinite(loss), ops.assign_add(total, loss))
        if finite:  # else the step will not be taken; and without a branch, waiting for a graph takes a core on a CPU
            for i in range(len(sums)):
                finite = ops.depend(finite, ops.assign_add(sums[i], gradients[i]))
        return finite

    @ms.jit
    def add_batch(drop_path: Tensor | None, seeds: Tensor | None, *arrays: Tensor) -> tuple[Tensor, Tensor]:
        (loss, outputs), gradients = gradients_of(drop_path, seeds, *arrays)
        return outputs, add(loss, gradients)

    add_gradients = ms.jit(add)

    def add_parts(*batch: Tensor | None) -> tuple[Tensor, Tensor]:
        (loss, outputs), gradients = gradients_of(*batch)
        return outputs, add_gradients(loss, ms.mutable(gradients))

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
        outputs = [add_one(*batch)[0].asnumpy() for batch in batches]
        loss, taken = step(lr)
        return loss, outputs, taken

    return take
