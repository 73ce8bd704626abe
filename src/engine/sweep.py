# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""A set of trainings, each with several seeds, one after the other, from where they were stopped."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from src.config import load_config
from src.errors import SignalError, UserError
from src.logs import duration, get_logger

_TRAIN = Path(__file__).resolve().parents[2] / "train.py"
_log = get_logger(__name__)


@dataclass(frozen=True)
class Trial:
    """One training: a row of the table with one seed."""

    row: str  # of the table
    note: str  # the first comment of the row's overlay: what it is
    seed: int
    config: Path  # the overlay over the base
    folder: Path  # of the run

    def epochs(self) -> list[dict[str, float]]:
        """Return the metrics of the epochs that are done."""
        path = self.folder / "metrics.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        whole = [json.loads(line) for line in lines if line.endswith("}")]  # a killed run may leave half a line
        return [line for line in whole if line["kind"] == "epoch"]

    def finished(self) -> bool:
        """Say whether the last epoch is done."""
        if not (self.folder / "config.yaml").exists():
            return False
        config = load_config(self.folder / "config.yaml")
        return len(self.epochs()) == config.train.epochs + config.optim.cooldown_epochs


def plan(base: Path, overlays: Sequence[Path], seeds: Sequence[int], output: Path) -> list[Trial]:
    """Return the trials of every overlay over ``base`` with every seed, and write their configs into ``output``.

    Raises:
        UserError: an overlay that can't be read, or two of the same name.
    """
    names = [overlay.stem for overlay in overlays]
    for name in names:
        if names.count(name) > 1:
            raise UserError(f"{name}: two overlays have this name; the rows of the table could not be told apart")
    trials = []
    for overlay in overlays:
        config = output / f"{overlay.stem}.yaml"
        output.mkdir(parents=True, exist_ok=True)
        config.write_text(yaml.safe_dump({"base": [str(base.resolve()), str(overlay.resolve())]}), encoding="utf-8")
        load_config(config)
        first = overlay.read_text(encoding="utf-8").splitlines()[:1]
        note = first[0].removeprefix("#").strip() if first and first[0].startswith("#") else ""
        trials += [Trial(overlay.stem, note, seed, config, output / f"{overlay.stem}_{seed}") for seed in seeds]
    return trials


def run(trials: Sequence[Trial], arguments: Sequence[str]) -> None:
    """Train every trial that is not finished, from where it stands, with ``arguments`` for ``train.py``.

    Raises:
        SignalError: INT or TERM came; the trial at work has written its checkpoint.
        UserError: a training failed; what it said stands above.
    """
    left = [trial for trial in trials if not trial.finished()]
    if len(left) < len(trials):
        _log.info("%d of %d trainings are done", len(trials) - len(left), len(trials))
    started = time.monotonic()
    for i, trial in enumerate(left):
        if i:
            rest = (time.monotonic() - started) / i * (len(left) - i)
            _log.info("%d of %d  %s left", i, len(left), duration(rest))
        _log.info("%s, seed %d", trial.row, trial.seed)
        files = ["--config_path", str(trial.config), "--output_path", str(trial.folder), "--resume"]
        command = [sys.executable, str(_TRAIN), *files, *arguments, f"seed={trial.seed}"]
        with subprocess.Popen(command) as process, _handing_on(process) as received:
            status = process.wait()
        if received:
            raise SignalError(received[0])
        if status:
            raise UserError(f"{trial.folder}: the training failed with exit status {status}")


@contextmanager
def _handing_on(process: subprocess.Popen) -> Iterator[list[int]]:
    """Hand signals on to ``process`` instead of dying of them, and yield those that came."""
    received: list[int] = []

    def hand_on(number: int, _: object) -> None:
        received.append(number)
        process.send_signal(number)

    before = {number: signal.signal(number, hand_on) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
