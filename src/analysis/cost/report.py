# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""What counting a network gives, and how it is shown: a row a module, sums of them, as a table and as plain values."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from src.analysis.cost.macs import BlockTokens
from src.analysis.tables import Table
from src.overlay import plain


@dataclass(frozen=True)
class Row:
    """What a module costs, or several together, for one picture."""

    name: str  # path of the module; "attn.qk" and "attn.av" are the two products of attention
    parameters: int  # numbers that it learns
    paper: float  # multiply-accumulates as Aug-ViT's tables count them
    executed: float  # multiply-accumulates as executed
    group: str = ""  # the part of the network that it belongs to


@dataclass(frozen=True)
class Complexity:
    """What a network costs for one picture."""

    model: str  # registered name
    settings: Any  # that rebuild it
    circulant: str  # implementation of its block-circulant products: native, fft, dense; "" where it has none
    tokens: tuple[BlockTokens, ...]  # of each block
    rows: tuple[Row, ...]  # of all modules in order
    fixed_parameters: int  # numbers that the official code keeps among its parameters without learning them

    @property
    def total(self) -> Row:
        """The sum of all modules."""
        return _sum("total", self.rows)

    def grouped(self) -> tuple[Row, ...]:
        """Return a row each for embeddings, for what the blocks of a stage have of a kind, and for the head."""
        return _merge(self.rows, lambda row: row.group)

    def to_depth(self, depth: int) -> tuple[Row, ...]:
        """Return the rows summed over modules whose names agree in their first ``depth`` parts."""
        return _merge(self.rows, lambda row: ".".join(row.name.split(".")[:depth]))

    def title(self) -> str:
        """Return a line that says what was counted."""
        height, width = self.settings.sides
        counts = ", ".join(str(count) for count in dict.fromkeys(tokens.count for tokens in self.tokens))
        circulant = f"; block-circulant products: {self.circulant}" if self.circulant else ""
        return f"{self.model}: {height} x {width} pixels, blocks of {counts} tokens{circulant}"

    def table(self, rows: Sequence[Row]) -> Table:
        """Return some of its rows and the total as a table."""
        return Table(
            ("module", "parameters", "MACs, paper (G)", "MACs, executed (G)"),
            [(row.name, f"{row.parameters:,}", _giga(row.paper), _giga(row.executed)) for row in (*rows, self.total)],
        )

    def report(self) -> dict[str, Any]:
        """Return everything as plain values for JSON."""
        return {
            "model": self.model,
            "settings": plain(self.settings),
            "circulant": self.circulant,
            "tokens": [plain(tokens) for tokens in self.tokens],
            "total": _plain(self.total),
            "fixed_parameters": self.fixed_parameters,
            "modules": [_plain(row) for row in self.rows],
        }


def _merge(rows: Iterable[Row], key: Callable[[Row], str]) -> tuple[Row, ...]:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return tuple(_sum(name, group) for name, group in groups.items())


def _sum(name: str, rows: Sequence[Row]) -> Row:
    return Row(
        name,
        sum(row.parameters for row in rows),
        sum(row.paper for row in rows),
        sum(row.executed for row in rows),
    )


def _giga(macs: float) -> str:
    return f"{macs / 1e9:.4f}"


def _plain(row: Row) -> dict[str, Any]:
    """Return a row for JSON, its multiply-accumulates as whole numbers."""
    macs = {"macs_paper": round(row.paper), "macs_executed": round(row.executed)}
    return {"name": row.name, "parameters": row.parameters, **macs, **({"group": row.group} if row.group else {})}
