# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The optimizer that a config asks for."""

from collections.abc import Sequence

from mindspore import Parameter

from src.config import OptimConfig
from src.optim.adamw import AdamW
from src.optim.grouped import GroupedOptimizer
from src.optim.sgd import SGD

_OPTIMIZERS = {"adamw": AdamW, "sgd": SGD, "momentum": SGD}


def build_optimizer(parameters: Sequence[Parameter], optim: OptimConfig, no_decay: set[str]) -> GroupedOptimizer:
    """Return the optimizer ``optim.name`` for ``parameters``.

    Args:
        parameters: with the names they have in the model.
        optim: of the run.
        no_decay: names the model exempts from weight decay, ``Backbone.no_weight_decay()``.

    Raises:
        UserError: a rule of ``optim.groups`` that no parameter goes by.
    """
    return _OPTIMIZERS[optim.name](parameters, optim, no_decay)
