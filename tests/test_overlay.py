# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Laying a table over a dataclass: every key, type and choice is checked, and messages say what is right."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest

from src.errors import UserError
from src.overlay import overlay


@dataclass(frozen=True)
class Inner:
    rate: float = 0.5
    betas: tuple[float, float] = (0.9, 0.999)

    def __post_init__(self):
        if not 0 <= self.rate <= 1e6:
            raise UserError(f"rate={self.rate}: must lie in [0, 1e6]")


@dataclass(frozen=True)
class Outer:
    name: str = "net"
    count: int = 3
    flag: bool = False
    kind: Literal["a", "b"] = "a"
    sizes: tuple[int, ...] = (1, 2)
    limit: float | None = None
    side: int | tuple[int, int] = 8
    table: Mapping[str, Any] = field(default_factory=dict)
    inner: Inner = field(default_factory=Inner)


def message(changes, where=""):
    with pytest.raises(UserError) as caught:
        overlay(Outer(), changes, where)
    return str(caught.value)


def test_changes_lie_over_the_base_which_stays_as_it_was():
    base = Outer()
    changed = overlay(base, {"count": 5, "inner": {"rate": 0.25}, "table": {"x": [1]}})
    assert changed == Outer(count=5, inner=Inner(rate=0.25), table={"x": [1]})
    assert base == Outer()
    assert overlay(base, {}) == base


@pytest.mark.parametrize(
    ("key", "given", "taken"),
    [
        ("name", 2024, "2024"),
        ("count", "1e3", 1000),
        ("count", 4.0, 4),
        ("flag", "yes", True),
        ("flag", "OFF", False),
        ("kind", "b", "b"),
        ("side", 9, 9),
        ("side", [3, "4"], (3, 4)),
        ("sizes", [], ()),
        ("sizes", [7, "8", 9.0], (7, 8, 9)),
        ("limit", "1e-3", 1e-3),
        ("limit", 2, 2.0),
        ("limit", None, None),
        ("limit", "none", None),
        ("limit", "null", None),
    ],
)
def test_values_are_taken_as_the_type_of_the_field(key, given, taken):
    value = getattr(overlay(Outer(limit=0.5), {key: given}), key)
    assert value == taken
    assert type(value) is type(taken)


def test_nested_values_are_coerced_too():
    assert overlay(Outer(), {"inner": {"rate": "1e-3", "betas": ["0.8", 0]}}).inner == Inner(0.001, (0.8, 0.0))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"cuont": 1}, "cuont: no such key; did you mean count?"),
        ({"inner": {"rato": 1}}, "inner.rato: no such key; did you mean rate?"),
        ({"inner": {"zzz": 1}}, "inner.zzz: no such key; known: betas, rate"),
        ({3: 1}, "3: no such key; known: count, flag, inner, kind, limit, name, side, sizes, table"),
        ({"count": True}, "count=True: expected int, got bool"),
        ({"count": 1.5}, "count=1.5: expected int, got float"),
        ({"count": "many"}, "count='many': expected a number"),
        ({"count": None}, "count=None: expected int, got NoneType"),
        ({"count": float("inf")}, "count=inf: expected a finite number"),
        ({"flag": 1}, "flag=1: expected bool, got int"),
        ({"flag": "maybe"}, "flag='maybe': expected bool, got str"),
        ({"name": ["net"]}, "name=['net']: expected str, got list"),
        ({"name": True}, "name=True: expected str, got bool"),
        ({"kind": "c"}, "kind='c': must be one of a, b"),
        ({"kind": ["a"]}, "kind=['a']: must be one of a, b"),
        ({"sizes": 3}, "sizes=3: expected a list such as [1, 2]"),
        ({"sizes": "12"}, "sizes='12': expected a list such as [1, 2]"),
        ({"sizes": [1, 2.5]}, "sizes[1]=2.5: expected int, got float"),
        ({"limit": "low"}, "limit='low': expected a number"),
        ({"limit": False}, "limit=False: expected float, got bool"),
        ({"table": [1]}, "table=[1]: expected a table of keys"),
        ({"inner": 3}, "inner: expected a table of keys, got 3"),
        ({"inner": None}, "inner: expected a table of keys, got None"),
        ({"inner": {"rate": True}}, "inner.rate=True: expected float, got bool"),
        ({"inner": {"rate": "nan"}}, "inner.rate='nan': expected a finite number"),
        ({"inner": {"rate": -1}}, "inner.rate=-1.0: must lie in [0, 1e6]"),
        ({"inner": {"betas": [0.9]}}, "inner.betas=[0.9]: expected 2 values, got 1"),
        ({"inner": {"betas": [0.9, "x"]}}, "inner.betas[1]='x': expected a number"),
    ],
)
def test_a_message_names_the_key_the_value_and_what_is_allowed(changes, said):
    assert message(changes) == said


def test_a_message_begins_with_the_place_in_the_tree():
    assert message({"cuont": 1}, "model").startswith("model.cuont: ")
    assert message({"inner": {"rate": -1}}, "model").startswith("model.inner.rate=-1.0: ")
    assert message(3, "model") == "model: expected a table of keys, got 3"
    assert message(3) == "config: expected a table of keys, got 3"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_is_not_finite_is_refused_where_yaml_gives_a_float(value):
    assert message({"limit": value}) == f"limit={value}: expected a finite number"
    assert message({"inner": {"betas": [0.9, value]}}) == f"inner.betas[1]={value}: expected a finite number"


def test_a_whole_number_beyond_the_floats_is_refused():
    assert message({"limit": 10**400}).startswith("limit=1000")
