# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Lay a mapping over a frozen dataclass, checking every key, type and choice on the way.

It serves the config tree (``src/config.py``) and the settings of each model family, so that a typo is found in the same
words everywhere.
"""

import dataclasses
import math
import types
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

from src.errors import UserError, did_you_mean

T = TypeVar("T")
_TRUE_WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def overlay(base: T, changes: Mapping[str, Any], where: str = "") -> T:
    """Return a copy of the dataclass ``base`` with ``changes`` laid over it.

    Nested mappings go over nested dataclasses. Values are coerced by the field's type: ``"1e-3"`` is a float where a
    float is wanted (PyYAML reads it as a string), a list becomes a tuple. The dataclass checks ranges in its own
    ``__post_init__``.

    Args:
        base: an instance that holds every default.
        changes: field names to values.
        where: dotted place of ``base`` in the tree, for messages.

    Raises:
        UserError: unknown key, wrong type, value that is not a choice.
    """
    fields = {field.name: field for field in dataclasses.fields(base)}
    hints = typing.get_type_hints(type(base))
    if not isinstance(changes, Mapping):
        raise UserError(f"{where or 'config'}: expected a table of keys, got {changes!r}")
    values = {}
    for key, value in changes.items():
        place = f"{where}.{key}" if where else str(key)
        if key not in fields:
            raise UserError(f"{place}: no such key{did_you_mean(str(key), fields)}")
        current = getattr(base, key)
        if dataclasses.is_dataclass(current):
            values[key] = overlay(current, value, place)
        else:
            values[key] = coerce(value, hints[key], place)
    try:
        return dataclasses.replace(base, **values)
    except UserError as error:
        raise UserError(f"{where}.{error}" if where else str(error)) from None


def plain(settings: Any) -> Any:
    """Return a dataclass (or what is in it) as plain dictionaries, lists and scalars, for YAML and JSON."""
    if dataclasses.is_dataclass(settings):
        return {name: plain(getattr(settings, name)) for name in (f.name for f in dataclasses.fields(settings))}
    if isinstance(settings, Mapping):
        return {key: plain(value) for key, value in settings.items()}
    return [plain(value) for value in settings] if isinstance(settings, (list, tuple)) else settings


def coerce(value: Any, wanted: Any, place: str) -> Any:
    """Return ``value`` as the type ``wanted`` (a scalar, tuple, Literal, Optional, mapping or dataclass) or raise."""
    origin, arguments = typing.get_origin(wanted), typing.get_args(wanted)
    if origin in (typing.Union, types.UnionType):
        return _coerce_union(value, arguments, place)
    if origin is typing.Literal:
        if value not in arguments:
            raise UserError(f"{place}={value!r}: must be one of {', '.join(map(str, arguments))}")
        return value
    if origin is tuple:
        return _coerce_tuple(value, arguments, place)
    if dataclasses.is_dataclass(wanted):
        return overlay(wanted(), value, place)
    if origin is not None and issubclass(origin, Mapping):
        if not isinstance(value, Mapping):
            raise UserError(f"{place}={value!r}: expected a table of keys")
        return dict(value)
    return _coerce_scalar(value, wanted, place)


def _coerce_union(value: Any, arguments: tuple[Any, ...], place: str) -> Any:
    """Return a value of an optional type, or of a scalar or a tuple: a list is the latter."""
    kinds = [kind for kind in arguments if kind is not type(None)]
    nothing = value is None or (isinstance(value, str) and value.lower() in ("none", "null", ""))
    if nothing and len(kinds) < len(arguments):
        return None
    listed = isinstance(value, (list, tuple))
    fitting = [kind for kind in kinds if (typing.get_origin(kind) is tuple) == listed]
    return coerce(value, (fitting or kinds)[0], place)


def _coerce_tuple(value: Any, arguments: tuple[Any, ...], place: str) -> tuple[Any, ...]:
    if isinstance(value, str) or not isinstance(value, (list, tuple)):
        raise UserError(f"{place}={value!r}: expected a list such as [1, 2]")
    kinds = [arguments[0]] * len(value) if arguments[-1] is Ellipsis else list(arguments)
    if len(kinds) != len(value):
        raise UserError(f"{place}={list(value)}: expected {len(kinds)} values, got {len(value)}")
    return tuple(coerce(item, kind, f"{place}[{i}]") for i, (item, kind) in enumerate(zip(value, kinds, strict=True)))


def _coerce_scalar(value: Any, wanted: type, place: str) -> Any:
    if wanted is bool and isinstance(value, str) and value.lower() in _TRUE_WORDS:
        return _TRUE_WORDS[value.lower()]
    if wanted is float and isinstance(value, (int, float, str)) and not isinstance(value, bool):
        return _number(value, place)
    if type(value) is wanted:
        return value
    if wanted is int and isinstance(value, (str, float)) and not isinstance(value, bool):
        number = _number(value, place)
        if number == int(number):
            return int(number)
    if wanted is str and isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)  # a folder or a model may be called 2024
    raise UserError(f"{place}={value!r}: expected {wanted.__name__}, got {type(value).__name__}")


def _number(value: Any, place: str) -> float:
    try:
        number = float(value)
    except (ValueError, OverflowError):
        raise UserError(f"{place}={value!r}: expected a number") from None
    if not math.isfinite(number):
        raise UserError(f"{place}={value!r}: expected a finite number")
    return number
