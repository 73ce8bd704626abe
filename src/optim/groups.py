# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Which parameters have weight decay."""

from mindspore import Parameter


def weight_decay_of(parameter: Parameter, weight_decay: float, no_decay: set[str]) -> float:
    """Return the weight decay of one parameter: none for biases, norms and everything the model exempts by name.

    Args:
        parameter: with the name it has in the model.
        weight_decay: of those that have one.
        no_decay: names the model exempts, ``Backbone.no_weight_decay()``.
    """
    exempt = parameter.ndim <= 1 or parameter.name in no_decay
    return 0.0 if exempt else weight_decay
