# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""What a person reads while the program works: the log, and the progress line of long work."""

import logging
import sys
import time
from pathlib import Path
from typing import TextIO

_ROOT = "augvit"
_PLAIN_SECONDS = 10.0  # between two progress lines in a file; a terminal is rewritten twice a second
_TERMINAL_SECONDS = 0.5


def get_logger(name: str) -> logging.Logger:
    """Return the logger of a module; pass ``__name__``."""
    return logging.getLogger(f"{_ROOT}.{name}")


def start_logging(log_file: Path | None = None) -> None:
    """Send the project's log to standard output, and to ``log_file`` (appended, with times) when one is given."""
    root = logging.getLogger(_ROOT)
    root.setLevel(logging.INFO)
    root.propagate = False
    for handler in list(root.handlers):
        root.removeHandler(handler)
        handler.close()
    console = logging.StreamHandler(sys.stdout)
    console.setFormatter(logging.Formatter("%(message)s"))
    root.addHandler(console)
    if log_file is not None:
        file = logging.FileHandler(log_file, encoding="utf-8")
        file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%d %H:%M:%S"))
        root.addHandler(file)


def duration(seconds: float) -> str:
    """Return seconds as ``1:02:03`` or ``2:03``."""
    minutes, second = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{second:02d}" if hours else f"{minutes}:{second:02d}"


class Progress:
    """The progress of long work: one line that rewrites itself on a terminal, a plain line now and then in a file."""

    def __init__(self, title: str, total: int, stream: TextIO | None = None) -> None:
        """Start counting ``total`` units of work called ``title``; ``stream`` is standard output by default."""
        self.title, self.total = title, total
        self.done = 0
        self._stream = stream or sys.stdout
        self._terminal = self._stream.isatty()
        self._start = self._shown = time.monotonic()
        self._width = 0

    def advance(self, count: int, units: str, text: str = "", later: float = 0.0) -> None:
        """Count ``count`` more units and show the line when it is time.

        Args:
            count: units done since the last call.
            units: what is counted, for the rate ("images").
            text: what stands between the count and the rate.
            later: units that follow after ``total`` (the epochs to come), for the time left.
        """
        self.done += count
        now = time.monotonic()
        if now - self._shown < (_TERMINAL_SECONDS if self._terminal else _PLAIN_SECONDS):
            return
        self._shown = now
        rate = self.done / max(now - self._start, 1e-9)
        left = duration((self.total - self.done + later) / rate)
        parts = (f"{self.title} {self.done}/{self.total}", text, f"{rate:.1f} {units}/s", f"{left} left")
        self._write("  ".join(part for part in parts if part))

    def close(self) -> None:
        """Clear the line of a terminal, so that the log goes on where it stood."""
        if self._terminal and self._width:
            self._stream.write("\r" + " " * self._width + "\r")
            self._stream.flush()
            self._width = 0

    def _write(self, line: str) -> None:
        if self._terminal:
            self._stream.write("\r" + line.ljust(self._width))
            self._width = len(line)
        else:
            self._stream.write(line + "\n")
        self._stream.flush()
