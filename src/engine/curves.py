# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The curves of a run, drawn with Pillow: loss and accuracy over the epochs."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

_WIDTH, _HEIGHT, _GAP = 560, 400, 24  # of one panel and between panels, pixels
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 20, 44, 48  # margins of a panel around its axes, pixels
_INK, _GRID, _PAPER = "#333333", "#e3e3e3", "#ffffff"
_SCALE = 2  # drawn twice as large and reduced, which smooths the lines


@dataclass(frozen=True)
class _Series:
    label: str
    key: str  # in an epoch's metrics
    colour: str


_PANELS: tuple[tuple[str, tuple[_Series, ...]], ...] = (
    ("loss", (_Series("training", "loss", "#c1272d"),)),
    (
        "top-1 accuracy, %",
        (
            _Series("training (augmented)", "train_top1", "#c1272d"),
            _Series("validation", "val_top1", "#0a5fa5"),
            _Series("validation, averaged weights", "ema_top1", "#2e8b57"),
        ),
    ),
)


def draw_curves(epochs: Sequence[dict[str, Any]], path: Path) -> None:
    """Write a PNG picture of the metrics of some epochs; each has ``epoch`` (from 1) and the keys of the series."""
    width = len(_PANELS) * _WIDTH + (len(_PANELS) - 1) * _GAP
    picture = Image.new("RGB", (width * _SCALE, _HEIGHT * _SCALE), _PAPER)
    for i, (title, series) in enumerate(_PANELS):
        points = {s: [(e["epoch"], e[s.key]) for e in epochs if _drawable(e.get(s.key))] for s in series}
        _Panel(picture, i * (_WIDTH + _GAP), title, {s: p for s, p in points.items() if p}).draw()
    partial = path.with_suffix(".partial.png")
    picture.resize((width, _HEIGHT), Image.Resampling.LANCZOS).save(partial)
    partial.replace(path)


class _Panel:
    """One pair of axes with its lines."""

    def __init__(
        self, picture: Image.Image, left: int, title: str, points: dict[_Series, list[tuple[float, float]]]
    ) -> None:
        self._pen, self._left, self._title, self._points = ImageDraw.Draw(picture), left, title, points
        self._font = ImageFont.load_default(13 * _SCALE)
        xs = [x for line in points.values() for x, _ in line] or [1]
        ys = [y for line in points.values() for _, y in line] or [0]
        self._x_ticks = [x for x in ticks(1, max(max(xs), 2)) if x >= 1 and x == int(x)]
        self._y_ticks = ticks(min(ys), max(ys))
        x_low, x_high = 1, max(max(xs), 2)
        y_low, y_high = self._y_ticks[0], self._y_ticks[-1]
        across, down = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
        self._x: Callable[[float], float] = lambda x: left + _LEFT + across * (x - x_low) / (x_high - x_low)
        self._y: Callable[[float], float] = lambda y: _TOP + down * (1 - (y - y_low) / (y_high - y_low))

    def draw(self) -> None:
        """Draw grid, axes, lines and legend."""
        left, right = self._left + _LEFT, self._left + _WIDTH - _RIGHT
        bottom = _HEIGHT - _BOTTOM
        self._text(left, 12, self._title, "lt")
        for y in self._y_ticks:
            self._line([(left, self._y(y)), (right, self._y(y))], _GRID, 1)
            self._text(left - 8, self._y(y), f"{y:g}", "rm")
        for x in self._x_ticks:
            self._line([(self._x(x), bottom), (self._x(x), bottom + 4)], _INK, 1)
            self._text(self._x(x), bottom + 8, f"{x:g}", "mt")
        self._line([(left, _TOP), (left, bottom), (right, bottom)], _INK, 1)
        self._text((left + right) / 2, _HEIGHT - 8, "epoch", "mb")
        for series, line in self._points.items():
            self._plot([(self._x(x), self._y(y)) for x, y in line], series.colour)
        self._legend(right)

    def _legend(self, right: float) -> None:
        """Name the lines in a box in the lower right corner of the accuracies, the upper right one of the losses."""
        if len(self._points) < 2:
            return
        for i, series in enumerate(reversed(self._points)):
            y = _HEIGHT - _BOTTOM - 16 - 20 * i
            self._line([(right - 216, y), (right - 192, y)], series.colour, 3)
            self._text(right - 184, y, series.label, "lm")

    def _plot(self, points: list[tuple[float, float]], colour: str) -> None:
        self._line(points, colour, 2)
        if len(points) <= 20:  # dots on a long curve hide it
            for x, y in points:
                box = [(v + d) * _SCALE for d in (-3, 3) for v in (x, y)]
                self._pen.ellipse(box, fill=colour)

    def _line(self, points: list[tuple[float, float]], colour: str, width: int) -> None:
        if len(points) > 1:
            scaled = [(x * _SCALE, y * _SCALE) for x, y in points]
            self._pen.line(scaled, fill=colour, width=width * _SCALE, joint="curve")

    def _text(self, x: float, y: float, text: str, anchor: str) -> None:
        self._pen.text((x * _SCALE, y * _SCALE), text, fill=_INK, font=self._font, anchor=anchor)


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Return round numbers, at most ``most`` + 1, that span [low, high]: steps of 1, 2 or 5 times a power of ten."""
    if high <= low:
        low, high = low - 0.5, high + 0.5
    magnitude = 10.0 ** math.floor(math.log10((high - low) / most))
    for step in (m * magnitude for m in (1, 2, 5, 10, 20)):
        first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
        if last - first <= most:
            break
    return [round(i * step, 12) for i in range(first, last + 1)]


def _drawable(value: Any) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)
