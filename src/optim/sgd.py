# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Stochastic gradient descent with momentum and coupled weight decay, as PyTorch computes it."""

from collections.abc import Sequence

from mindspore import Parameter, Tensor, ops

from src.config import OptimConfig
from src.optim.grouped import GroupedOptimizer


class SGD(GroupedOptimizer):
    """One step of SGD on all parameters at once.

    g = g + wd p;  u = mu u + g;  p = p - lr u, or with Nesterov's momentum p = p - lr (g + mu u)

    (Sutskever et al., 2013, in PyTorch's form: the learning rate stands outside the velocity u.)
    """

    def __init__(self, parameters: Sequence[Parameter], optim: OptimConfig, no_decay: set[str]) -> None:
        """Build as ``GroupedOptimizer``, with Nesterov's momentum where ``optim.name`` is sgd."""
        super().__init__(parameters, optim, no_decay)
        self.momentum = optim.momentum
        self.velocities = self.parameters.clone(prefix="velocity", init="zeros")
        self.nesterov = optim.name == "sgd"

    def construct(self, gradients: tuple[Tensor, ...], lr: Tensor) -> Tensor:
        """Take one step along ``gradients`` (in the order of the parameters) at the rate ``lr``; returns True."""
        done = True
        for i in range(len(self.parameters)):
            p, velocity, gradient = self.parameters[i], self.velocities[i], gradients[i]
            if self.decays[i] > 0:
                gradient = gradient + p * self.decays[i]
            ahead = velocity * self.momentum + gradient
            # written out, because MindSpore's ApplyMomentum ignores use_nesterov on a CPU
            step = gradient + ahead * self.momentum if self.nesterov else ahead
            done = ops.depend(done, ops.assign(p, p - step * (lr * self.lr_scales[i])))
            done = ops.depend(done, ops.assign(velocity, ahead))
        return done

    def state(self) -> dict[str, Parameter]:
        """Return what a checkpoint needs beside the weights, by name."""
        return {p.name: p for p in self.velocities}
