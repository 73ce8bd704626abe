# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The curves of a run, drawn with Pillow: loss and score over the epochs."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from src.engine.metrics.metric import Metric
from src.plot import Axes, Box, Canvas, Point, Scale, ticks

_WIDTH, _HEIGHT, _GAP = 560, 400, 24  # of one panel and between panels, pixels
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 20, 44, 48  # margins of a panel around its axes, pixels


@dataclass(frozen=True)
class _Series:
    label: str
    key: str  # in an epoch's metrics
    colour: str


def draw_curves(epochs: Sequence[dict[str, Any]], path: Path, metric: type[Metric]) -> None:
    """Write a PNG picture of the metrics of some epochs; each has ``epoch`` (from 1) and the keys of the series."""
    panels = _panels(metric)
    canvas = Canvas(len(panels) * _WIDTH + (len(panels) - 1) * _GAP, _HEIGHT)
    for i, (title, series) in enumerate(panels):
        points = {s: [(e["epoch"], e[s.key]) for e in epochs if _drawable(e.get(s.key))] for s in series}
        _draw_panel(canvas, i * (_WIDTH + _GAP), title, {s: p for s, p in points.items() if p})
    canvas.save(path)


def _panels(metric: type[Metric]) -> tuple[tuple[str, tuple[_Series, ...]], ...]:
    """Return the title and the series of each pair of axes."""
    scores = (
        _Series("training (augmented)", f"train_{metric.score}", "#c1272d"),
        _Series("validation", f"val_{metric.score}", "#0a5fa5"),
        _Series("validation, averaged weights", f"ema_{metric.score}", "#2e8b57"),
    )
    return ("loss", (_Series("training", "loss", "#c1272d"),)), (metric.title, scores)


def _draw_panel(canvas: Canvas, left: int, title: str, lines: dict[_Series, list[Point]]) -> None:
    """Draw one pair of axes with its lines and their legend."""
    last = max([x for line in lines.values() for x, _ in line] + [2])
    ys = [y for line in lines.values() for _, y in line] or [0]
    x_ticks = [x for x in ticks(1, last) if x >= 1 and x == int(x)]
    y_ticks = ticks(min(ys), max(ys))
    box = Box(left + _LEFT, _TOP, left + _WIDTH - _RIGHT, _HEIGHT - _BOTTOM)
    axes = Axes(canvas, box, Scale(1, last), Scale(y_ticks[0], y_ticks[-1]))
    axes.frame(title, "epoch", x_ticks, y_ticks)
    for series, line in lines.items():
        axes.curve(line, series.colour)
    if len(lines) > 1:
        _draw_legend(canvas, box, list(lines))


def _draw_legend(canvas: Canvas, box: Box, series: Sequence[_Series]) -> None:
    """Name the lines in the lower right corner, where curves of accuracies leave room."""
    for i, one in enumerate(reversed(series)):
        y = box.bottom - 16 - 20 * i
        canvas.line([(box.right - 216, y), (box.right - 192, y)], one.colour, 3)
        canvas.text((box.right - 184, y), one.label, "lm")


def _drawable(value: Any) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)
