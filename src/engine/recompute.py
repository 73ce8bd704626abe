# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Gradients with blocks that are computed again on the way back instead of being kept (Chen et al., 2016)."""

from collections.abc import Callable

import mindspore as ms
from mindspore import ParameterTuple, Tensor, ops

from src.engine.objectives.objective import Objective
from src.engine.precision import Lower, lowered
from src.engine.update import Gradients
from src.models.contract import Backbone, keep_all

_Scaler = ms.amp.DynamicLossScaler | None


class RecomputedGradients:
    """What ``gradient_function`` returns, in less memory.

    On the way forth only the tokens between the blocks are kept; each block has a graph of its own that computes it
    again, and its gradients, bit for bit those of the whole. ``Cell.recompute`` is no way to it: native kernels make a
    graph with a cycle, and what goes into a Cell that has a gradient of its own is kept all the same.
    """

    def __init__(
        self, network: Backbone, objective: Objective, parameters: ParameterTuple, precision: Lower, scaler: _Scaler
    ) -> None:
        """Build for a ``network`` and its ``parameters``."""
        inner = [ParameterTuple(block.trainable_params()) for block in network.blocks]
        self._names = [[p.name for p in group] for group in inner]
        in_blocks = {name for names in self._names for name in names}
        outer = ParameterTuple([p for p in parameters if p.name not in in_blocks])
        self._outer_names = [p.name for p in outer]
        self._order = [p.name for p in parameters]
        self._forth = _tokens_between(network, precision)
        self._last = _last_gradients(network, objective, outer, precision, scaler)
        self._blocks = [_block_gradients(network, i, group, precision) for i, group in enumerate(inner)]
        self._first = _first_gradients(network, outer, precision)

    def __call__(
        self, drop_path: Tensor | None, seeds: Tensor | None, images: Tensor, *arrays: Tensor
    ) -> tuple[tuple[Tensor, Tensor], Gradients]:
        """Return ((loss, outputs), gradients)."""
        tokens = list(self._forth(images, drop_path, seeds))
        (_, loss, outputs), (dtokens, late) = self._last(tokens.pop(), *arrays)
        found = {}
        for names, gradients_of in zip(reversed(self._names), reversed(self._blocks), strict=True):
            dtokens, gradients = gradients_of(tokens.pop(), drop_path, seeds, dtokens)
            found.update(zip(names, gradients, strict=True))
        early = self._first(images, seeds, dtokens, ms.mutable(late))
        found.update(zip(self._outer_names, early, strict=True))
        return (loss, outputs), tuple(found[name] for name in self._order)


def _tokens_between(network: Backbone, precision: Lower) -> Callable:
    """Return (images, drop_path, seeds) -> the tokens that enter each block, and those that leave the last."""

    def forth(images: Tensor, drop_path: Tensor | None, seeds: Tensor | None) -> tuple[Tensor, ...]:
        _, _, kept = network.walk(images, drop_path, seeds, watch=keep_all)
        return kept

    return ms.jit(precision(forth))


def _last_gradients(
    network: Backbone, objective: Objective, parameters: ParameterTuple, precision: Lower, scaler: _Scaler
) -> Callable:
    """Return (tokens, *arrays) -> ((scaled loss, loss, outputs), (their gradients to tokens, to parameters))."""

    def head(tokens: Tensor, drop_path: Tensor | None, seeds: Tensor | None) -> Tensor:
        return network.forward_head(network.leave(tokens))

    forward = lowered(head, precision)

    def loss_of(*arrays: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        loss, outputs = objective.loss(forward, arrays, None, None)
        return loss if scaler is None else scaler.scale(loss), loss, outputs

    return ms.jit(ms.value_and_grad(loss_of, 0, parameters, has_aux=True))


def _block_gradients(network: Backbone, index: int, parameters: ParameterTuple, precision: Lower) -> Callable:
    """Return (tokens, drop_path, seeds, dout) -> (gradients to tokens, to parameters) of a block."""

    def block(tokens: Tensor, drop_path: Tensor | None, seeds: Tensor | None) -> Tensor:
        behind, _ = network.advance(index, tokens, None, drop_path, seeds)
        return behind

    lower = precision(block)

    def product(tokens: Tensor, drop_path: Tensor | None, seeds: Tensor | None, dout: Tensor) -> Tensor:
        return (lower(tokens, drop_path, seeds) * dout).sum()  # its gradient is dout, passed through the block

    return ms.jit(ms.grad(product, 0, parameters))


def _first_gradients(network: Backbone, parameters: ParameterTuple, precision: Lower) -> Callable:
    """Return (images, seeds, dout, late) -> ``late`` and the gradients of what stands before the blocks, added up."""

    def embed(images: Tensor, seeds: Tensor | None) -> Tensor:
        return network.embed(images, seeds)

    lower = precision(embed)

    def product(images: Tensor, seeds: Tensor | None, dout: Tensor) -> Tensor:
        return (lower(images, seeds) * dout).sum()

    early = ms.grad(product, None, parameters)

    @ms.jit
    def gradients_of(images: Tensor, seeds: Tensor | None, dout: Tensor, late: Gradients) -> Gradients:
        gradients = early(images, seeds, dout)
        return ops.HyperMap()(ops.add, gradients, late)

    return gradients_of
