# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""What was found when files were exported: report.json and report.md beside them, an entry a file."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from src.deploy.latency import WARM_UP
from src.errors import UserError

Entry = Mapping[str, Any]  # what was found of a file, as JSON has it
_NAME = "report"


def add_to_report(folder: Path, name: str, entry: Entry) -> None:
    """Put what was found of the file ``name`` into the report of ``folder``, and leave what it says of other files.

    Raises:
        UserError: the report can't be written.
    """
    path = folder / f"{_NAME}.json"
    entries = {**_read(path), name: entry}
    present = {file: found for file, found in sorted(entries.items()) if (folder / file).exists()}
    try:
        _write(path, json.dumps(present, indent=2) + "\n")
        _write(path.with_suffix(".md"), markdown(present))
    except OSError as error:
        raise UserError(f"{path}: could not be written ({error.strerror})") from None


def markdown(entries: Mapping[str, Entry]) -> str:
    """Return the report as a person reads it."""
    parts = ["# Exported files", _table(_FILES, [_file_row(name, entry) for name, entry in entries.items()])]
    parts += ["## Against the network in MindSpore", _LOGITS]
    parts += [_table(_DIFFERENCES, [row for name, entry in entries.items() for row in _difference_rows(name, entry)])]
    rows = [row for name, entry in entries.items() for row in _latency_rows(name, entry)]
    parts += ["## Latency", _CALLS, _table(_LATENCIES, rows)] if rows else []
    parts += ["## Where they come from"]
    parts += [_table(_ORIGINS, [_origin_row(name, entry) for name, entry in entries.items()])]
    return "\n\n".join(parts) + "\n"


_FILES = ("file", "format", "precision", "input", "MB", "SHA-256")
_DIFFERENCES = ("file", "on", "largest absolute", "largest relative", "same class", "pictures")
_LATENCIES = ("file", "batch", "p50", "p90", "p99", "network p50", "p90", "p99", "calls", "threads")
_ORIGINS = ("file", "checkpoint", "its SHA-256", "top-1", "versions", "processor")
_LOGITS = "Largest difference of a logit, and that over the largest logit; noise in batches of so many, and pictures."
_CALLS = f"Milliseconds a call, file and network in turn, after {WARM_UP} calls each that warm up."


def _file_row(name: str, entry: Entry) -> list[str]:
    size = f"{entry['bytes'] / 1e6:.1f}"
    return [f"`{name}`", entry["format"], entry["precision"], entry["input"], size, f"`{entry['sha256'][:16]}`"]


def _difference_rows(name: str, entry: Entry) -> list[list[str]]:
    found = [(f"noise, {batch}", value) for batch, value in entry["noise"].items()]
    return [
        [
            f"`{name}`",
            where,
            f"{value['absolute']:.1e}",
            f"{value['relative']:.1e}",
            f"{100 * value['agreement']:.1f} %",
            str(value["pictures"]),
        ]
        for where, value in (*found, ("pictures", entry["pictures"]))
    ]


def _latency_rows(name: str, entry: Entry) -> list[list[str]]:
    return [
        [
            f"`{name}`",
            str(file["batch"]),
            *(f"{one[key]:.1f}" for one in (file, network) for key in ("p50", "p90", "p99")),
            str(file["runs"]),
            str(entry["threads"]),
        ]
        for file, network in entry["latency"]
    ]


def _origin_row(name: str, entry: Entry) -> list[str]:
    score = "" if entry["score"] is None else f"{entry['score']:.2f} %"
    versions = ", ".join(f"{package} {version}" for package, version in entry["versions"].items())
    digest = f"`{entry['checkpoint_sha256'][:16]}`"
    return [f"`{name}`", f"`{entry['checkpoint']}`", digest, score, versions, entry["processor"]]


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _read(path: Path) -> dict[str, Entry]:
    """Return what the report says so far; a file that is no report is replaced."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(path: Path, text: str) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
