# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""What a sweep came to: a table and a picture, mean and spread over the seeds."""

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from src.engine.metrics.accuracy import Accuracy
from src.engine.sweep import Trial
from src.errors import UserError
from src.plot import GRID, INK, PALETTE, PRINT_RESOLUTION, Box, Canvas, Scale, text_width, ticks

# of an epoch: of the weights, and of their average where one is kept
_SCORES = (f"val_{Accuracy.score}", f"ema_{Accuracy.score}")
_LINE, _PLOT, _MARGIN = 26, 460, 24  # height of a row, width of the axis, pixels


@dataclass(frozen=True)
class Row:
    """What the seeds of one row came to, percent, after the last epoch."""

    name: str
    note: str
    scores: tuple[tuple[float, ...], ...]  # of the weights, then of their average where one is kept; one a seed


def rows(trials: Sequence[Trial]) -> list[Row]:
    """Return what the finished trials came to, in their order."""
    table: dict[str, list[Trial]] = {}
    for trial in trials:
        if trial.finished():
            table.setdefault(trial.row, []).append(trial)
    result = []
    for name, own in table.items():
        last = [trial.epochs()[-1] for trial in own]
        scores = tuple(tuple(epoch[key] for epoch in last) for key in _SCORES if key in last[0])
        result.append(Row(name, own[0].note, scores))
    return result


def markdown(table: Sequence[Row]) -> str:
    """Return the table: mean and spread (the standard deviation of one seed) of the score, percent."""
    lines = ["| | weights | moving average | seeds | |", "|---|---|---|---|---|"]
    for row in table:
        cells = [mean_and_spread(scores) for scores in row.scores]
        cells += [""] * (len(_SCORES) - len(cells))
        lines.append(f"| `{row.name}` | {' | '.join(cells)} | {len(row.scores[0])} | {row.note} |")
    return "\n".join(lines) + "\n"


def mean_and_spread(scores: Sequence[float]) -> str:
    """Return ``37.96 ± 1.00``: the mean, and the standard deviation where there are two scores or more."""
    mean = f"{statistics.mean(scores):.2f}"
    return mean if len(scores) == 1 else f"{mean} ± {statistics.stdev(scores):.2f}"


def write_report(table: Sequence[Row], folder: Path) -> None:
    """Write ``sweep.md``, ``sweep.json`` and ``sweep.png`` into ``folder``.

    Raises:
        UserError: a file can't be written.
    """
    try:
        (folder / "sweep.md").write_text(markdown(table), encoding="utf-8")
        (folder / "sweep.json").write_text(json.dumps([asdict(row) for row in table], indent=1), encoding="utf-8")
        if table:
            draw(table, folder / "sweep.png")
    except OSError as error:
        raise UserError(f"--output_path {folder}: could not be written ({error.strerror})") from None


def draw(table: Sequence[Row], path: Path) -> None:
    """Write a PNG picture: a line a row, a dot a seed, a bar at the mean, of the weights."""
    left = _MARGIN + max(text_width(row.name) for row in table) + 16
    low, high = (limit(limit(row.scores[0]) for row in table) for limit in (min, max))
    marks = ticks(low, high)
    scale = Scale(marks[0], marks[-1])
    box = Box(left, 48, left + _PLOT, 48 + _LINE * len(table))
    canvas = Canvas(round(box.right) + _MARGIN, round(box.bottom) + 40, PRINT_RESOLUTION)
    canvas.text((left, 14), f"{Accuracy.label} after the last epoch, %: each seed, and the mean")
    for mark in marks:
        x = box.left + scale.place(mark) * _PLOT
        canvas.line([(x, box.top), (x, box.bottom)], GRID)
        canvas.text((x, box.bottom + 8), f"{mark:g}", "mt")
    for i, row in enumerate(table):
        y = box.top + (i + 0.5) * _LINE
        canvas.text((left - 12, y), row.name, "rm")
        mean = box.left + scale.place(statistics.mean(row.scores[0])) * _PLOT
        canvas.line([(mean, y - 8), (mean, y + 8)], INK, 2)
        for score in row.scores[0]:
            canvas.dot((box.left + scale.place(score) * _PLOT, y), PALETTE[1], 4)
    canvas.save(path)
