# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""RandAugment (Cubuk et al., 2020) with timm's fifteen operations, levels and policy strings.

MindSpore's own one moves a quarter of the pictures out of sight and knows no spread of the magnitude.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

from src.errors import UserError

Fill = tuple[int, int, int]
Apply = Callable[[Image.Image, float, Image.Resampling, Fill], Image.Image]
_TOP_LEVEL = 10.0  # where timm's scale of magnitudes ends
_EXAMPLE = "rand-m9-mstd0.5-inc1"


@dataclass(frozen=True)
class Policy:
    """What a policy string says; the defaults are timm's."""

    magnitude: int = 10  # m: mean level of the operations
    layers: int = 2  # n: operations drawn for a picture
    probability: float = 0.5  # p: that a drawn operation is applied
    spread: float = 0.0  # mstd: standard deviation of the level; inf draws it uniformly from [0, magnitude]
    highest: float = _TOP_LEVEL  # mmax: largest level
    increasing: bool = False  # inc: a higher level always changes more


@dataclass(frozen=True)
class Drawn:
    """An operation to be applied, with everything that chance decides about it."""

    operation: "Operation"
    level: float  # in [0, Policy.highest]
    sign: int  # 1 or -1; some operations know no sign
    resampling: Image.Resampling  # of the geometric operations


@dataclass(frozen=True)
class Operation:
    """A row of the table: what an operation is called, what a level means to it, and what it does."""

    name: str
    argument: Callable[[float, int], float]  # of level and sign
    apply: Apply  # of picture, argument, resampling and fill


class RandAugment:
    """A few operations drawn for each picture, uniformly and with replacement."""

    def __init__(self, policy: Policy, resamplings: tuple[Image.Resampling, ...], fill: Fill) -> None:
        """Build; geometric operations draw one of ``resamplings`` and show the colour ``fill`` beyond the picture."""
        self._policy, self._resamplings, self._fill = policy, resamplings, fill
        self._operations = INCREASING if policy.increasing else PLAIN

    def __call__(self, image: Image.Image, rng: np.random.Generator) -> Image.Image:
        """Return an RGB picture with the operations that ``rng`` draws, of the same size."""
        for drawn in self.draw(rng):
            image = self.apply(image, drawn)
        return image

    def draw(self, rng: np.random.Generator) -> list[Drawn]:
        """Return the operations to apply, in order; those that chance leaves out are not among them."""
        policy, operations = self._policy, self._operations
        chosen = rng.integers(len(operations), size=policy.layers)
        chances = rng.random((policy.layers, 4))
        levels = self._levels(chances[:, 3], rng)
        return [
            Drawn(
                operations[which],
                float(level),
                -1 if chance[1] > 0.5 else 1,
                self._resamplings[int(chance[2] * len(self._resamplings))],
            )
            for which, chance, level in zip(chosen, chances, levels, strict=True)
            if chance[0] <= policy.probability
        ]

    def apply(self, image: Image.Image, drawn: Drawn) -> Image.Image:
        """Return a picture with one operation applied."""
        operation = drawn.operation
        return operation.apply(image, operation.argument(drawn.level, drawn.sign), drawn.resampling, self._fill)

    def _levels(self, chances: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        policy = self._policy
        if math.isinf(policy.spread):
            levels = policy.magnitude * chances
        else:
            levels = policy.magnitude + policy.spread * rng.standard_normal(policy.layers)
        return levels.clip(0.0, policy.highest)


def parse_policy(text: str) -> Policy:
    """Return the policy of timm's spelling: ``rand``, then parts such as m9, n2, p0.5, mstd0.5, mmax10, inc1.

    Raises:
        UserError: another family of policies, or a part that there is not.
    """
    family, *parts = text.split("-")
    if family != "rand":
        raise UserError(f"data.auto_augment={text}: only RandAugment is known here, such as {_EXAMPLE}")
    values = {}
    for part in parts:
        match = re.fullmatch(r"([a-z]+)(\d+(?:\.\d+)?)", part)
        reader = _PARTS.get(match.group(1)) if match else None
        field, value = reader(match.group(2)) if reader else (None, None)
        if value is None:
            raise UserError(
                f"data.auto_augment={text}: {part!r} means nothing; {_EXAMPLE} has m, mstd, inc1, n, p, mmax"
            )
        values[field] = value
    return Policy(**values)


def _whole(field: str, least: int = 0) -> Callable[[str], tuple[str, int | None]]:
    return lambda text: (field, int(text) if text.isdecimal() and int(text) >= least else None)


_PARTS: dict[str, Callable[[str], tuple[str, float | None]]] = {
    "m": _whole("magnitude"),
    "n": _whole("layers", 1),
    "p": lambda text: ("probability", float(text) if float(text) <= 1 else None),
    "mstd": lambda text: ("spread", float(text) if float(text) <= 100 else math.inf),
    "mmax": _whole("highest", 1),
    "inc": lambda text: ("increasing", {"0": False, "1": True}.get(text)),
}


def _lookup(table: Callable[[int, float], int]) -> Apply:
    """Return an operation that looks each value up in a table made for its argument."""
    return lambda image, argument, *_: image.point([table(value, argument) for value in range(256)] * 3)


def _enhance(enhancer: Callable[[Image.Image], ImageEnhance._Enhance]) -> Apply:
    return lambda image, factor, *_: enhancer(image).enhance(factor)


def _affine(matrix: Callable[[float, tuple[int, int]], tuple[float, ...]]) -> Apply:
    """Return a geometric operation; the matrix maps a point of the result to one of the picture, from its corner."""

    def apply(image: Image.Image, argument: float, resampling: Image.Resampling, fill: Fill) -> Image.Image:
        coefficients = matrix(argument, image.size)
        return image.transform(image.size, Image.Transform.AFFINE, coefficients, resample=resampling, fillcolor=fill)

    return apply


def _rotate(image: Image.Image, degrees: float, resampling: Image.Resampling, fill: Fill) -> Image.Image:
    return image.rotate(degrees, resample=resampling, fillcolor=fill)


def _none(level: float, sign: int) -> float:
    return 0.0


def _signed(largest: float) -> Callable[[float, int], float]:
    return lambda level, sign: sign * level / _TOP_LEVEL * largest


def _bits(level: float) -> int:
    return int(level / _TOP_LEVEL * 4)


def _threshold(level: float) -> int:
    return min(256, int(level / _TOP_LEVEL * 256))


def _factor(level: float, sign: int) -> float:
    return level / _TOP_LEVEL * 1.8 + 0.1


def _increasing_factor(level: float, sign: int) -> float:
    return max(0.1, 1.0 + sign * level / _TOP_LEVEL * 0.9)


# Pillow 13 refuses to keep 0 bits, which level 10 asks for: the table gives black, as older ones did
_posterize = _lookup(lambda value, bits: value & ~((1 << (8 - int(bits))) - 1) & 0xFF)
_solarize = _lookup(lambda value, threshold: value if value < threshold else 255 - value)
_solarize_add = _lookup(lambda value, add: min(255, value + int(add)) if value < 128 else value)
_ENHANCERS = (ImageEnhance.Color, ImageEnhance.Contrast, ImageEnhance.Brightness, ImageEnhance.Sharpness)


def _table(
    posterize: Callable[[float, int], float],
    solarize: Callable[[float, int], float],
    factor: Callable[[float, int], float],
) -> tuple[Operation, ...]:
    """Return timm's fifteen operations; the six that come in two kinds take what a level means from the arguments."""
    return (
        Operation("AutoContrast", _none, lambda image, *_: ImageOps.autocontrast(image)),
        Operation("Equalize", _none, lambda image, *_: ImageOps.equalize(image)),
        Operation("Invert", _none, lambda image, *_: ImageOps.invert(image)),
        Operation("Rotate", _signed(30.0), _rotate),
        Operation("Posterize", posterize, _posterize),
        Operation("Solarize", solarize, _solarize),
        Operation("SolarizeAdd", lambda level, _: min(128, int(level / _TOP_LEVEL * 110)), _solarize_add),
        *(Operation(enhancer.__name__, factor, _enhance(enhancer)) for enhancer in _ENHANCERS),
        Operation("ShearX", _signed(0.3), _affine(lambda shear, _: (1, shear, 0, 0, 1, 0))),
        Operation("ShearY", _signed(0.3), _affine(lambda shear, _: (1, 0, 0, shear, 1, 0))),
        Operation("TranslateX", _signed(0.45), _affine(lambda part, size: (1, 0, part * size[0], 0, 1, 0))),
        Operation("TranslateY", _signed(0.45), _affine(lambda part, size: (1, 0, 0, 0, 1, part * size[1]))),
    )


PLAIN = _table(lambda level, _: _bits(level), lambda level, _: _threshold(level), _factor)
INCREASING = _table(lambda level, _: 4 - _bits(level), lambda level, _: 256 - _threshold(level), _increasing_factor)
