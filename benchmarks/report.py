# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""What was measured as a dated Markdown file that says on which machine, with which versions, by which command."""

import datetime
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.contender import SIDES
from benchmarks.turns import machine
from src.errors import UserError

_ROOT = Path(__file__).resolve().parents[1]
# flags whose values are places of one machine, and what a reader puts there instead
_PLACES = {"--torch_python": "PYTHON_WITH_TORCH", "--data_path": "PICTURES", "--report": "FILE", "--picture": "FILE"}


def check_report_path(path: str | None) -> None:
    """Find out before long work whether a report could be written; None is none.

    Raises:
        UserError: not a .md file, or no such folder.
    """
    if path and Path(path).suffix != ".md":
        raise UserError(f"--report {path}: a report is a .md file")
    if path and not Path(path).parent.is_dir():
        raise UserError(f"--report {path}: no folder {Path(path).parent}")


def typed(arguments: Sequence[str]) -> str:
    """Return a command line (``sys.argv``) as a reader would type it elsewhere."""
    words, place = [f"benchmarks/{Path(arguments[0]).name}"], None
    for word in arguments[1:]:
        flag, equals, _ = word.partition("=")
        if place:
            words.append(place)
        else:
            words.append(f"{flag}={_PLACES[flag]}" if equals and flag in _PLACES else word)
        place = None if place else _PLACES.get(word)
    return f"python {shlex.join(words)}"


def versions(pythons: Mapping[str, str]) -> list[str]:
    """Return a line on each framework: its version and its threads, as its interpreter has them in ``pythons``.

    Raises:
        UserError: no such interpreter, or none that has the framework.
    """
    return [_said(python, f"import {SIDES[name]} as side; print(side.describe())") for name, python in pythons.items()]


def write_report(path: str | None, title: str, about: Sequence[str], body: str, arguments: Sequence[str]) -> None:
    """Write the file that ``--report`` names; None writes nothing.

    Args:
        path: a .md file.
        title: of the report; the day is added.
        about: lines on versions and whatever else holds for all of it; the line of the machine is added.
        body: Markdown.
        arguments: the command line.
    """
    if path is None:
        return
    lines = "\n".join(f"- {line}" for line in (machine(), *about))
    text = f"# {title}, {datetime.date.today().isoformat()}\n\n{lines}\n\n    {typed(arguments)}\n\n{body}\n"
    Path(path).write_text(text, encoding="utf-8")


def _said(python: str, program: str) -> str:
    try:
        done = subprocess.run([python, "-c", program], cwd=_ROOT, capture_output=True, text=True, check=True)
    except OSError as error:
        raise UserError(f"{python}: {error.strerror}; an interpreter of Python is needed") from None
    except subprocess.CalledProcessError as error:
        last = (error.stderr.strip() or f"ended with status {error.returncode}").splitlines()[-1]
        raise UserError(f"{python}: {last}") from None
    return done.stdout.strip().splitlines()[-1]
