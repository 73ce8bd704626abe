# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""How parameters start, as the official PyTorch code of DeiT and Aug-ViT starts them."""

import math

from mindspore import Parameter
from mindspore.common.initializer import TruncatedNormal, Uniform, initializer

TOKEN_STD = 0.02  # standard deviation of dense weights, tokens and positions (DeiT)


def token_parameter(name: str, *shape: int) -> Parameter:
    """Return a learned token or position table with truncated-normal values of deviation 0.02."""
    return Parameter(initializer(TruncatedNormal(TOKEN_STD), shape), name=name)


def fan_in_uniform(fan_in: int) -> Uniform:
    """Return the uniform distribution on +-1/sqrt(fan_in), PyTorch's default for dense layers and convolutions."""
    return Uniform(1.0 / math.sqrt(fan_in))
