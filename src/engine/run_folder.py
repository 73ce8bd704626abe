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
        """Make the folder.

        Raises:
            UserError: it holds a run already, or can't be made.
        """
        if (path / "config.yaml").exists():
            raise UserError(f"--output_path {path}: holds a run already; name another folder, or remove that one")
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"--output_path {path}: can't be made ({error.strerror})") from None
        self.path = path
        self.log, self.last, self.best = path / "train.log", path / "last.ckpt", path / "best.ckpt"
        self._metrics = path / "metrics.jsonl"
        self._epochs: list[dict[str, Any]] = []

    def write_config(self, config: Config) -> None:
        """Write the resolved config, every default in it."""
        (self.path / "config.yaml").write_text(dump_config(config), encoding="utf-8")

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
