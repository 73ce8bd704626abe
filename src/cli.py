# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""What all command lines share: flags, and the reports that they write."""

import argparse
import json
from pathlib import Path
from typing import Any

from src.errors import UserError

DEVICES = ("CPU", "GPU", "Ascend")


def door_parser(description: str) -> argparse.ArgumentParser:
    """Return the argument parser that every executable starts from, with the flags that all of them have."""
    parser = argparse.ArgumentParser(description=description, allow_abbrev=False)
    parser.add_argument("--device_target", choices=DEVICES, help="where to compute (default: what is there)")
    parser.add_argument("--device_id", type=int, default=0, help="which of several devices (default 0)")
    return parser


def write_report(path: str | None, report: Any) -> None:
    """Write a report as JSON to the file that ``--report`` names; None writes nothing.

    Raises:
        UserError: the file can't be written.
    """
    if path is None:
        return
    try:
        Path(path).write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise UserError(f"--report {path}: {error.strerror}") from None
