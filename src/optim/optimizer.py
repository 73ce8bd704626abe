# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The optimizer that a config asks for."""

from collections.abc import Sequence

from mindspore import Parameter, nn

from src.config import OptimConfig
from src.optim.adamw import AdamW
from src.optim.sgd import SGD

_OPTIMIZERS = {"adamw": AdamW, "sgd": SGD, "momentum": SGD}


def build_optimizer(parameters: Sequence[Parameter], optim: OptimConfig, no_decay: set[str]) -> nn.Cell:
    """Return the optimizer ``optim.name`` for ``parameters``.

    It has ``parameters`` (a ParameterTuple), ``construct(gradients, lr)`` (one step, returns True) and ``state()``
    (what a checkpoint needs beside the weights, by name).

    Args:
        parameters: with the names they have in the model.
        optim: of the run.
        no_decay: names the model exempts from weight decay, ``Backbone.no_weight_decay()``.

    Raises:
        UserError: a rule of ``optim.groups`` that no parameter goes by.
    """
    return _OPTIMIZERS[optim.name](parameters, optim, no_decay)
