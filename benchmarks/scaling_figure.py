# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The picture of ``benchmarks/scaling.py``: panels with curves, one legend for all of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from src.plot import (
    GRID,
    PALETTE,
    PRINT_RESOLUTION,
    Axes,
    Box,
    Canvas,
    Point,
    Scale,
    text_width,
    ticks,
)

_MARGIN = 28  # around the picture, pixels
_TITLE, _LABEL, _SMALL = 19, 14, 13  # sizes of letters
_PANEL = (430, 360)  # width and height of a panel with its margins
_PAR = "#999999"  # colour of the line at 1 where the axis begins below
_COLUMNS = 3  # panels side by side, at most
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 24, 56, 62  # margins of a panel around its axes
_LINE, _KEY = 24, 92  # height of a line of the legend; what an entry takes beside its text


@dataclass
class Panel:
    """A pair of axes."""

    x_label: str
    log: bool  # whether steps along x are factors
    curves: dict[str, list[Point]] = field(default_factory=dict)  # by name; the same name has one colour everywhere


def draw(panels: Sequence[Panel], title: str, note: str, y_label: str, path: Path) -> None:
    """Write the panels as a PNG; the y axis, the same in all of them, begins at 1 or below the smallest value."""
    columns = min(_COLUMNS, len(panels))
    width = columns * _PANEL[0] + 2 * _MARGIN
    inner = width - 2 * _MARGIN
    notes, names = _wrapped(note, inner), list(dict.fromkeys(name for panel in panels for name in panel.curves))
    legend, head = _flowed(names, inner), 50 + 18 * len(notes)
    bottom = head + -(-len(panels) // columns) * _PANEL[1]
    canvas = Canvas(width, bottom + _LINE * len(legend) + _MARGIN, PRINT_RESOLUTION)
    canvas.text((_MARGIN, 16), title, size=_TITLE)
    for i, line in enumerate(notes):
        canvas.text((_MARGIN, 44 + 18 * i), line, size=_SMALL, colour="#666666")
    canvas.line([(_MARGIN, head), (width - _MARGIN, head)], GRID)
    colours = {name: PALETTE[i % len(PALETTE)] for i, name in enumerate(names)}
    values = [y for panel in panels for curve in panel.curves.values() for _, y in curve]
    marks = ticks(min(1.0, *values), max(values))
    for i, panel in enumerate(panels):
        left, top = _MARGIN + i % columns * _PANEL[0], head + i // columns * _PANEL[1]
        box = Box(left + _LEFT, top + _TOP, left + _PANEL[0] - _RIGHT, top + _PANEL[1] - _BOTTOM)
        _draw_panel(canvas, box, panel, y_label, marks, colours)
    for i, line in enumerate(legend):
        _draw_legend(canvas, bottom + _LINE * i + _LINE // 2, {name: colours[name] for name in line})
    canvas.save(path)


def _draw_panel(
    canvas: Canvas, box: Box, panel: Panel, y_label: str, marks: list[float], colours: dict[str, str]
) -> None:
    places = sorted({x for curve in panel.curves.values() for x, _ in curve})
    axes = Axes(canvas, box, _scale(places, panel.log), Scale(marks[0], marks[-1]))
    axes.frame(y_label, panel.x_label, places, marks)
    if marks[0] < 1.0:
        height = axes.point(places[0], 1.0)[1]
        canvas.line([(box.left, height), (box.right, height)], _PAR)
    for name, curve in panel.curves.items():
        axes.curve(curve, colours[name])


def _draw_legend(canvas: Canvas, y: float, colours: dict[str, str]) -> None:
    x = _MARGIN + _LEFT
    for name, colour in colours.items():
        canvas.line([(x, y), (x + 36, y)], colour, 3)
        canvas.dot((x + 18, y), colour, 4)
        canvas.text((x + 48, y), name, "lm", _LABEL)
        x += text_width(name, _LABEL) + _KEY


def _scale(places: Sequence[float], log: bool) -> Scale:
    """Return an axis on which the first and the last place stand a little away from the ends."""
    low, high = places[0], places[-1]
    if log:
        room = (high / low) ** 0.05 if high > low else 2.0
        return Scale(low / room, high * room, log=True)
    room = 0.05 * (high - low) or 1.0
    return Scale(low - room, high + room)


def _wrapped(text: str, width: float) -> list[str]:
    """Return the lines of a text that is as wide as ``width`` pixels at most."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(longer, _SMALL) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _flowed(names: Sequence[str], width: float) -> list[list[str]]:
    """Return the entries of the legend, line by line."""
    lines: list[list[str]] = []
    used = width + 1.0
    for name in names:
        wide = text_width(name, _LABEL) + _KEY
        if used + wide > width:
            lines.append([])
            used = float(_LEFT)
        lines[-1].append(name)
        used += wide
    return lines
