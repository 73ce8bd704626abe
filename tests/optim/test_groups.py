# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Which weight decay and which factor on the learning rate a parameter has."""

import numpy as np
import pytest
from mindspore import Parameter, Tensor

from src.config import GroupRule, OptimConfig
from src.errors import UserError
from src.optim.groups import Group, groups_of

SHAPES = {"blocks.0.fc.weight": (3, 2), "blocks.0.fc.bias": (3,), "blocks.1.fc.weight": (3, 2), "token": (1, 1, 2)}


def groups(*rules, no_decay=("token",)):
    parameters = [Parameter(Tensor(np.ones(shape, np.float32)), name=name) for name, shape in SHAPES.items()]
    optim = OptimConfig(weight_decay=0.5, groups=rules)
    return dict(zip(SHAPES, groups_of(parameters, optim, set(no_decay)), strict=True))


def test_without_rules_biases_and_exempt_names_do_not_decay():
    assert groups() == {
        "blocks.0.fc.weight": Group(0.5, 1.0),
        "blocks.0.fc.bias": Group(0.0, 1.0),
        "blocks.1.fc.weight": Group(0.5, 1.0),
        "token": Group(0.0, 1.0),
    }


def test_the_first_rule_that_matches_holds():
    rules = GroupRule("*.bias", 2.0), GroupRule("blocks.0.*", 0.1), GroupRule("*", 0.3)
    assert {name: group.lr_scale for name, group in groups(*rules).items()} == {
        "blocks.0.fc.weight": 0.1,
        "blocks.0.fc.bias": 2.0,
        "blocks.1.fc.weight": 0.3,
        "token": 0.3,
    }


def test_a_rule_s_decay_holds_for_biases_and_exempt_names_too():
    rules = GroupRule("blocks.0.*", weight_decay=0.2), GroupRule("token", weight_decay=0.1)
    decays = {name: group.weight_decay for name, group in groups(*rules).items()}
    assert decays == {"blocks.0.fc.weight": 0.2, "blocks.0.fc.bias": 0.2, "blocks.1.fc.weight": 0.5, "token": 0.1}


def test_a_rule_without_decay_keeps_the_exemptions():
    decays = {name: group.weight_decay for name, group in groups(GroupRule("*", 0.5)).items()}
    assert decays == {"blocks.0.fc.weight": 0.5, "blocks.0.fc.bias": 0.0, "blocks.1.fc.weight": 0.5, "token": 0.0}


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ([GroupRule("tokens")], r"optim\.groups\[0\]\.names=tokens: matches no parameter; did you mean token\?"),
        ([GroupRule("TOKEN"), GroupRule("*")], r"optim\.groups\[0\]\.names=TOKEN: matches no parameter; known: blocks"),
        (
            [GroupRule("*.weight"), GroupRule("blocks.1.*")],
            r"optim\.groups\[1\]\.names=blocks\.1\.\*: matches no parameter that the rules before it leave",
        ),
    ],
)
def test_a_rule_that_no_parameter_goes_by_is_a_mistake(rules, said):
    with pytest.raises(UserError, match=said):
        groups(*rules)
