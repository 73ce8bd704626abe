# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The last few records of a run: ``last.ckpt``, the one before it as ``last-1.ckpt``, and so on."""

import os
from pathlib import Path

from src.checkpoint.record import Record, load_record, partial_files, save_record
from src.errors import UserError
from src.logs import get_logger

_log = get_logger(__name__)


def save_newest(path: Path, record: Record, keep: int) -> None:
    """Write a record to ``path``; the ``keep`` - 1 records before it stay, older ones go.

    At every moment ``path`` is a whole record, the old one or the new one.

    Raises:
        UserError: the file can't be written; what stood there is untouched.
    """
    save_record(path, record, before_replacing=lambda: _shift(path, keep))


def load_newest(path: Path) -> Record | None:
    """Return the newest intact record among ``path`` and its predecessors; None where there is no file at all.

    A damaged one is put aside under ``.damaged``, which the log says, and the intact one takes its place.

    Raises:
        UserError: there are files, and all of them are damaged.
    """
    complaints = []
    for file in _files(path):
        try:
            record = load_record(file)
        except UserError as error:
            complaints.append(str(error))
            continue
        _promote(path, file, complaints)
        return record
    if complaints:
        raise UserError("; ".join(complaints))
    return None


def remove_partial_files(path: Path) -> None:
    """Remove what a killed process left half-written beside ``path``; no other process may be writing there."""
    for leftover in partial_files(path):
        leftover.unlink(missing_ok=True)


def _files(path: Path) -> list[Path]:
    """Return ``path`` and its predecessors as far as they exist, newest first."""
    older = [file for file in path.parent.glob(f"{path.stem}-*{path.suffix}") if _age(path, file)]
    return [file for file in (path, *sorted(older, key=lambda file: _age(path, file))) if file.exists()]


def _age(path: Path, file: Path) -> int:
    """Return k of ``last-k.ckpt``; 0 for anything else."""
    number = file.stem[len(path.stem) + 1 :]
    return int(number) if number.isdecimal() else 0


def _older(path: Path, age: int) -> Path:
    return path.with_stem(f"{path.stem}-{age}") if age else path


def _shift(path: Path, keep: int) -> None:
    """Let each record stand as its predecessor too; ``path`` itself stays until it is replaced."""
    for file in _files(path)[keep:]:
        file.unlink()
    for age in range(keep - 1, 0, -1):
        if _older(path, age - 1).exists():
            _link(_older(path, age - 1), _older(path, age))


def _link(file: Path, name: Path) -> None:
    """Let ``name`` be another name of ``file``; where the file system has no links, move it."""
    extra = name.with_name(f".{name.name}.link")
    extra.unlink(missing_ok=True)
    try:
        os.link(file, extra)
    except OSError:
        os.replace(file, name)
        return
    os.replace(extra, name)
    extra.unlink(missing_ok=True)  # replacing one name of a file by another of the same leaves both


def _promote(path: Path, intact: Path, complaints: list[str]) -> None:
    """Put the damaged records that are newer than ``intact`` aside, and ``intact`` in the place of the newest."""
    for file, complaint in zip(_files(path), complaints, strict=False):
        aside = file.with_suffix(".damaged")
        _log.warning("%s; put aside as %s, taking the record before it", complaint, aside.name)
        os.replace(file, aside)
    if intact != path:
        os.replace(intact, path)
