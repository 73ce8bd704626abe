# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""What each parameter has of its own: its weight decay, and a factor on the learning rate."""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from mindspore import Parameter

from src.config import GroupRule, OptimConfig
from src.errors import UserError, did_you_mean


@dataclass(frozen=True)
class Group:
    """What an optimizer does differently from one parameter to another."""

    weight_decay: float  # coefficient, not negative
    lr_scale: float = 1.0  # factor on the learning rate, not negative


def groups_of(parameters: Sequence[Parameter], optim: OptimConfig, no_decay: set[str]) -> tuple[Group, ...]:
    """Return the group of each parameter: that of the first rule whose pattern its name matches, else the default.

    Args:
        parameters: with the names they have in the model.
        optim: rules, and the weight decay of parameters that have one.
        no_decay: names the model exempts, ``Backbone.no_weight_decay()``.

    Raises:
        UserError: a rule that no parameter goes by.
    """
    chosen = [_first_rule(parameter.name, optim.groups) for parameter in parameters]
    names = [parameter.name for parameter in parameters]
    for i, rule in enumerate(optim.groups):
        if i not in chosen:
            raise UserError(f"optim.groups[{i}].names={rule.names}: {_why_unused(rule, names)}")
    rules = [GroupRule() if i is None else optim.groups[i] for i in chosen]
    return tuple(
        Group(_weight_decay(parameter, rule, optim, no_decay), rule.lr_scale)
        for parameter, rule in zip(parameters, rules, strict=True)
    )


def _first_rule(name: str, rules: Sequence[GroupRule]) -> int | None:
    return next((i for i, rule in enumerate(rules) if fnmatchcase(name, rule.names)), None)


def _why_unused(rule: GroupRule, names: Sequence[str]) -> str:
    if any(fnmatchcase(name, rule.names) for name in names):
        return "matches no parameter that the rules before it leave"
    return f"matches no parameter{did_you_mean(rule.names, names)}"


def _weight_decay(parameter: Parameter, rule: GroupRule, optim: OptimConfig, no_decay: set[str]) -> float:
    """Return the rule's own decay; else none for biases, norms and everything the model exempts by name."""
    if rule.weight_decay is not None:
        return rule.weight_decay
    exempt = parameter.ndim <= 1 or parameter.name in no_decay
    return 0.0 if exempt else optim.weight_decay
