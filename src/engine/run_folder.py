# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The run folder: everything that a training run leaves."""

import fcntl
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from src.checkpoint.history import load_newest, remove_partial_files, save_newest
from src.checkpoint.record import Description, Record, save_record
from src.config import Config, dump_config
from src.engine.curves import draw_curves
from src.engine.metrics.metric import Metric
from src.errors import UserError
from src.logs import start_logging


class RunFolder:
    """``config.yaml``, ``metrics.jsonl``, ``train.log``, ``curves.png``, ``skipped.txt`` and the checkpoints."""

    def __init__(self, path: Path, resume: bool = False) -> None:
        """Name the folder; ``start`` makes it.

        Raises:
            UserError: it holds a run already, which is not to be resumed, or which another process is working on.
        """
        self.path = path
        self.last, self.best = path / "last.ckpt", path / "best.ckpt"
        self._config, self._metrics = path / "config.yaml", path / "metrics.jsonl"
        self._epochs: list[dict[str, Any]] = []
        self._lock: int | None = None
        if self._config.exists() and not resume:
            raise UserError(f"--output_path {path}: holds a run already; --resume continues it, or name another folder")
        if path.is_dir():
            self._take()

    def newest(self) -> Record | None:
        """Return the newest intact checkpoint; None where there is none.

        Raises:
            UserError: there are some, and all are damaged.
        """
        return load_newest(self.last) if self.path.is_dir() else None

    def start(self, config: Config, from_: Description | None = None) -> None:
        """Make the folder, or make it what it was when the checkpoint ``from_`` was written.

        Raises:
            UserError: the folder can't be made or written.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._take()
            for file in (self.last, self.best):
                remove_partial_files(file)
            self._replace(self._config, dump_config(config))
            self._rewind(from_ or Description())
        except OSError as error:
            raise UserError(f"--output_path {self.path}: can't be made ({error.strerror})") from None
        start_logging(self.path / "train.log")

    def add_step(self, **values: Any) -> None:
        """Append the line of a logged step."""
        self._append({"kind": "step", **values})

    def add_epoch(self, metric: type[Metric], **values: Any) -> None:
        """Append the line of an epoch, and draw the curves anew, those of the score of ``metric`` among them."""
        self._append({"kind": "epoch", **values})
        self._epochs.append(values)
        draw_curves(self._epochs, self.path / "curves.png", metric)

    def save_last(self, record: Record, keep: int) -> None:
        """Write the checkpoint that a run is resumed from; ``keep`` of them stay."""
        save_newest(self.last, record, keep)

    def save_best(self, record: Record) -> None:
        """Write the checkpoint with the best score."""
        save_record(self.best, record)

    def write_skipped(self, lines: Sequence[str]) -> None:
        """Write the list of pictures that others took the place of."""
        self._replace(self.path / "skipped.txt", "".join(f"{line}\n" for line in lines))

    def close(self) -> None:
        """Let another training have the folder."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _take(self) -> None:
        """Claim the folder for this process, as long as it lives."""
        if self._lock is not None:
            return
        self._lock = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(f"--output_path {self.path}: another training is at work there") from None
        except OSError:  # a file system without locks
            return

    def _rewind(self, description: Description) -> None:
        """Drop the metrics of everything after a checkpoint, and a line that was cut off."""
        try:
            text = self._metrics.read_text(encoding="utf-8")
        except FileNotFoundError:
            return
        lines = [line for line in map(_parse, text.splitlines()) if line and _happened(line, description)]
        self._replace(self._metrics, "".join(f"{json.dumps(line)}\n" for line in lines))
        kept = [dict(line) for line in lines if line["kind"] == "epoch"]
        self._epochs = [{key: value for key, value in line.items() if key != "kind"} for line in kept]

    def _append(self, line: dict[str, Any]) -> None:
        with self._metrics.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def _replace(self, path: Path, text: str) -> None:
        partial = path.with_name(f".{path.name}.partial")
        try:
            partial.write_text(text, encoding="utf-8")
            os.replace(partial, path)
        finally:
            partial.unlink(missing_ok=True)


class NoFolder(RunFolder):
    """What ranks other than the first have in its place: nothing is read and nothing is written."""

    def __init__(self, path: Path) -> None:
        """Name the folder that the first rank writes."""
        self.last = path / "last.ckpt"

    def close(self) -> None:
        """Do nothing."""

    def newest(self) -> None:
        """Return None."""

    def start(self, config: Config, from_: Description | None = None) -> None:
        """Do nothing."""

    def add_step(self, **values: Any) -> None:
        """Do nothing."""

    def add_epoch(self, metric: type[Metric], **values: Any) -> None:
        """Do nothing."""

    def save_last(self, record: Record, keep: int) -> None:
        """Do nothing."""

    def save_best(self, record: Record) -> None:
        """Do nothing."""

    def write_skipped(self, lines: Sequence[str]) -> None:
        """Do nothing."""


def _parse(line: str) -> dict[str, Any] | None:
    try:
        return json.loads(line)
    except ValueError:
        return None


def _happened(line: dict[str, Any], description: Description) -> bool:
    """Say whether a line of metrics lies before a checkpoint."""
    place = "epoch" if line["kind"] == "epoch" else "step"
    return line[place] <= getattr(description, place)
