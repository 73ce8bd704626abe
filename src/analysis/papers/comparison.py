# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Aug-ViT's printed parameters and MACs beside those of our networks, counted as the paper counts.

The paper's count has no biases of the projections, which the released code and our networks have, and has the fixed
positions and random features of T2T-ViT, which nobody learns.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from src.analysis.cost.count import build_to_count, measure
from src.analysis.papers.augvit import BASELINE, Entry
from src.analysis.tables import Table

_OURS = ("counted", "difference", "agrees")
_HEADER = ("row", "parameters (M)", *_OURS, "MACs (G)", *_OURS, "with biases (M)")


@dataclass(frozen=True)
class Figure:
    """A number of the paper and ours."""

    printed: str  # the paper's; with + a difference to the plain network
    counted: float  # ours, in the same unit
    reason: str  # what would explain that they differ; "" where they agree

    @property
    def agrees(self) -> bool:
        """Whether ours, rounded to as many digits as the paper prints, is the paper's."""
        return f"{self.counted:.{self._digits}f}" == self.printed.lstrip("+")

    def texts(self) -> tuple[str, str, str, str]:
        """Return the paper's, ours and the difference with two digits more, and whether they agree."""
        sign = "+" if self.printed.startswith("+") else ""
        digits = self._digits + 2
        difference = self.counted - float(self.printed)
        shown = f"{self.counted:{sign}.{digits}f}", f"{difference:+.{digits}f}"
        return self.printed, *shown, "yes" if self.agrees else "no"

    def report(self) -> dict[str, Any]:
        """Return it as plain values for JSON."""
        return {"paper": self.printed, "counted": self.counted, "agrees": self.agrees, "reason": self.reason}

    @property
    def _digits(self) -> int:
        return len(self.printed.partition(".")[2])


@dataclass(frozen=True)
class Comparison:
    """A row of the paper and ours."""

    entry: Entry
    parameters: Figure  # millions, as the paper counts
    macs: Figure  # 1e9
    with_biases: float  # millions that our network learns; of a row with +, more than the plain one

    def report(self) -> dict[str, Any]:
        """Return it as plain values for JSON."""
        return {
            "table": self.entry.table,
            "row": self.entry.label,
            "model": self.entry.model,
            "parameters_millions": self.parameters.report(),
            "macs_billions": self.macs.report(),
            "learned_millions": self.with_biases,
        }


def compare(entries: Sequence[Entry]) -> list[Comparison]:
    """Return the rows of the paper beside ours, each network counted once."""
    known: dict[str, tuple[float, float, float]] = {}

    def counts(model: str, settings: Any) -> tuple[float, float, float]:
        key = f"{model} {settings}"
        if key not in known:
            known[key] = _counts(model, settings)
        return known[key]

    found = []
    for entry in entries:
        parameters, macs, learned = counts(entry.model, entry.settings)
        base, base_macs, base_learned = counts(BASELINE, {})
        if not entry.parameters.startswith("+"):
            base = base_macs = base_learned = 0.0
        of_parameters = Figure(entry.parameters, parameters - base, entry.parameters_reason)
        of_macs = Figure(entry.macs, macs - base_macs, entry.macs_reason)
        found.append(Comparison(entry, of_parameters, of_macs, learned - base_learned))
    return found


def render(comparisons: Sequence[Comparison], markdown: bool = False) -> str:
    """Return a table for each of the paper's, the reasons of what differs, and what was counted how."""
    tables = {
        row.entry.table: [one for one in comparisons if one.entry.table == row.entry.table] for row in comparisons
    }
    parts = []
    for number, rows in tables.items():
        table = Table(_HEADER, [_texts(row) for row in rows])
        title = f"Table {number}"
        parts += [f"**{title}**" if markdown else title, table.markdown() if markdown else table.text()]
        parts += [text] if (text := "\n".join(_reasons(rows))) else []
    return "\n\n".join([*parts, _summary(comparisons)])


def _counts(model: str, settings: Any) -> tuple[float, float, float]:
    """Return the parameters (M) and MACs (G) as the paper counts, and what our network learns (M)."""
    shortcut = {**settings.get("shortcut", {}), "bias": False}
    paper = measure(build_to_count(model, **{**settings, "shortcut": shortcut}))
    ours = measure(build_to_count(model, **settings))
    counted = paper.total.parameters + paper.fixed_parameters
    return counted / 1e6, paper.total.paper / 1e9, ours.total.parameters / 1e6


def _texts(row: Comparison) -> tuple[str, ...]:
    sign = "+" if row.entry.parameters.startswith("+") else ""
    return row.entry.label, *row.parameters.texts(), *row.macs.texts(), f"{row.with_biases:{sign}.3f}"


def _reasons(rows: Sequence[Comparison]) -> list[str]:
    figures = [
        (row.entry.label, *pair) for row in rows for pair in (("parameters", row.parameters), ("MACs", row.macs))
    ]
    return [f"- {label}, {name}: {figure.reason}" for label, name, figure in figures if not figure.agrees]


def _summary(comparisons: Sequence[Comparison]) -> str:
    figures = [figure for row in comparisons for figure in (row.parameters, row.macs)]
    agreeing = sum(figure.agrees for figure in figures)
    return f"{agreeing} of {len(figures)} figures agree at the paper's printed precision. {_CONVENTION}"


_CONVENTION = """Parameters are counted without the
biases of the projections, as the paper does, and with T2T-ViT's fixed positions and random features. The last column is
what our networks learn, biases included. MACs of a block-circulant projection of d channels with b blocks a side are
2 d log2(d / b) + 2 b d a token."""
