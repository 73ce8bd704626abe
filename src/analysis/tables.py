# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Tables of text, for a terminal and in Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """Cells of text under a header; columns are as wide as what stands in them."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    left: int = 1  # columns aligned to the left; the others, numbers, to the right

    def text(self) -> str:
        """Return the lines of the table with columns apart by two spaces and a rule under the header."""
        widths = self._widths()
        rule = ["-" * width for width in widths]
        lines = ["  ".join(self._padded(row, widths)).rstrip() for row in (self.header, rule, *self.rows)]
        return "\n".join(lines)

    def markdown(self) -> str:
        """Return the table as GitHub's Markdown has it."""
        widths = self._widths()
        rule = ["-" * width if i < self.left else "-" * (width - 1) + ":" for i, width in enumerate(widths)]
        lines = [f"| {' | '.join(self._padded(row, widths))} |" for row in (self.header, rule, *self.rows)]
        return "\n".join(lines)

    def _widths(self) -> list[int]:
        return [max(3, *map(len, column)) for column in zip(self.header, *self.rows, strict=True)]

    def _padded(self, row: Sequence[str], widths: Sequence[int]) -> list[str]:
        return [
            text.ljust(width) if i < self.left else text.rjust(width)
            for i, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
