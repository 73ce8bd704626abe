# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The run folder: everything that a training run leaves."""

import json
from pathlib import Path
from typing import Any

from src.config import Config, dump_config
from src.engine.curves import draw_curves
from src.errors import UserError


class RunFolder:
    """``config.yaml``, ``metrics.jsonl``, ``train.log``, ``curves.png``, ``last.ckpt`` and ``best.ckpt``."""

    def __init__(self, path: Path) -> None:
        """Name the folder; ``start`` makes it.

        Raises:
            UserError: it holds a run already.
        """
        if (path / "config.yaml").exists():
            raise UserError(f"--output_path {path}: holds a run already; name another folder, or remove that one")
        self.path = path
        self.log, self.last, self.best = path / "train.log", path / "last.ckpt", path / "best.ckpt"
        self._metrics = path / "metrics.jsonl"
        self._epochs: list[dict[str, Any]] = []

    def start(self, config: Config) -> None:
        """Make the folder and write the resolved config, every default in it.

        Raises:
            UserError: the folder can't be made.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            (self.path / "config.yaml").write_text(dump_config(config), encoding="utf-8")
        except OSError as error:
            raise UserError(f"--output_path {self.path}: can't be made ({error.strerror})") from None

    def add_step(self, **values: Any) -> None:
        """Append the line of a logged step."""
        self._append({"kind": "step", **values})

    def add_epoch(self, **values: Any) -> None:
        """Append the line of an epoch, and draw the curves anew."""
        self._append({"kind": "epoch", **values})
        self._epochs.append(values)
        draw_curves(self._epochs, self.path / "curves.png")

    def _append(self, line: dict[str, Any]) -> None:
        with self._metrics.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
