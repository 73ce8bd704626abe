# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The optimizer that a config asks for, and what all of them have."""

import mindspore as ms
import numpy as np
import pytest
from mindspore import Parameter, ParameterTuple, Tensor

from src.config import GroupRule, OptimConfig
from src.errors import UserError
from src.optim.adamw import AdamW
from src.optim.optimizer import build_optimizer
from src.optim.sgd import SGD

NAMES = ("adamw", "sgd", "momentum")


def parameters():
    return [Parameter(Tensor(np.ones((2, 3), np.float32)), name=name) for name in ("body.weight", "head.weight")]


def test_the_name_chooses():
    kinds = [type(build_optimizer(parameters(), OptimConfig(name=name), set())) for name in NAMES]
    assert kinds == [AdamW, SGD, SGD]


@pytest.mark.parametrize("name", NAMES)
def test_a_factor_of_zero_freezes_and_another_scales(name, mode):
    """With the same gradient the head moves half as far as it would alone; weight decay stays out of it."""

    def moved(*rules):
        optimizer = build_optimizer(parameters(), OptimConfig(name=name, weight_decay=0.0, groups=rules), set())
        assert isinstance(optimizer.parameters, ParameterTuple)
        gradient = Tensor(np.full((2, 3), 0.5, np.float32))
        assert optimizer((gradient, gradient), Tensor(0.1, ms.float32))
        return [1.0 - p.asnumpy().mean() for p in optimizer.parameters]

    alike = moved()
    assert alike[0] == alike[1] > 0.04
    body, head = moved(GroupRule("body.*", lr_scale=0.0), GroupRule("head.*", lr_scale=0.5))
    assert body == 0
    assert head == pytest.approx(alike[1] / 2, rel=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_a_rule_that_matches_nothing_is_a_mistake(name):
    with pytest.raises(UserError, match=r"optim\.groups\[0\]\.names=tail\.\*: matches no parameter"):
        build_optimizer(parameters(), OptimConfig(name=name, groups=(GroupRule("tail.*"),)), set())
