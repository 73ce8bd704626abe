# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Checkpoints as self-describing records: everything that evaluation, export and inference need, in one file.

A record is an ordinary MindSpore ``.ckpt``: the weights under their own names, other tensors under ``ema.``,
``optimizer.`` and ``table.``, and one string entry with the rest as JSON, a SHA-256 over all of it among it. It is
written to a temporary file, synced and renamed, because ``mindspore.save_checkpoint`` removes the old file before the
new one stands, and reads a file that was cut off between two entries without a word.
"""

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import mindspore as ms
import numpy as np
from google.protobuf.message import DecodeError
from mindspore import Tensor
from mindspore.train.checkpoint_pb2 import Checkpoint

from src import __version__
from src.errors import UserError
from src.networks.settings import Task
from src.overlay import overlay, plain
from src.preprocessing import Preprocessing

EMA, OPTIMIZER, TABLE = "ema.", "optimizer.", "table."  # prefixes of what is not a weight
_ENTRY = "record"  # name of the JSON entry
# types of tensors as the format calls them
_NAMES = ("Bool", "Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64")
_DTYPES = {name: np.dtype(name.lower()) for name in (*_NAMES, "Float16", "Float32", "Float64")}


@dataclass(frozen=True)
class RunState:
    """Where a training stood when its record was written: what it needs, beside the tensors, to go on undisturbed."""

    ranks: int = 1  # that trained together
    epoch_pictures: int = 0  # pictures trained on in the epoch after the completed ones
    metric: dict[str, float] = field(default_factory=dict)  # what was counted on those, ``Metric.counts``
    loss_sum: float = 0.0  # of the steps of that epoch
    loss_count: int = 0  # steps in that sum
    not_finite: int = 0  # steps of the run that were passed over
    unreadable: tuple[int, ...] = ()  # training pictures that others took the place of
    pictures: str = ""  # digest of the training pictures


@dataclass(frozen=True)
class Description:
    """What a record says of its tensors."""

    model: str = ""  # registered name
    settings: dict[str, Any] = field(default_factory=dict)  # all settings of the model's family
    task: Task = "classify"  # what the outputs are for
    preprocessing: Preprocessing = field(default_factory=Preprocessing)  # how pictures become inputs
    classes: tuple[str, ...] | None = None  # names that folders are matched to, in the order of the outputs
    titles: tuple[str, ...] | None = None  # what a person reads for each class
    config: dict[str, Any] = field(default_factory=dict)  # of the run that made it; empty for converted weights
    epoch: int = 0  # epochs completed
    step: int = 0  # optimizer steps taken
    score: float | None = None  # figure of the evaluation after ``epoch`` that decides which is best; None within one
    best_score: float | None = None  # the best of the run so far
    state: RunState = field(default_factory=RunState)  # of the run
    origin: str = ""  # where the weights come from
    version: str = __version__  # of this project
    mindspore_version: str = ms.__version__  # that wrote the file

    @property
    def network(self) -> dict[str, Any]:
        """The tree that the network is rebuilt from (``registry.create_network``); a record without one has none."""
        return {"model": self.model, "settings": self.settings, "task": self.task}


@dataclass(frozen=True)
class Record:
    """A checkpoint in memory: tensors by the names they have in the file, and what they are."""

    description: Description
    tensors: dict[str, np.ndarray]

    @property
    def weights(self) -> dict[str, np.ndarray]:
        """The weights of the model."""
        return {name: value for name, value in self.tensors.items() if not name.startswith((EMA, OPTIMIZER, TABLE))}

    def part(self, prefix: str) -> dict[str, np.ndarray]:
        """Return the tensors under a prefix, without it."""
        return {name[len(prefix) :]: value for name, value in self.tensors.items() if name.startswith(prefix)}


def save_record(path: Path, record: Record, before_replacing: Callable[[], None] = lambda: None) -> None:
    """Write a record; the file that stands at ``path`` is replaced only once the new one is safe on the disk.

    ``before_replacing`` is called in between, when both are there.

    Raises:
        UserError: the file can't be written (no room, no permission), or a tensor could not be read back; what stood
            there is untouched.
    """
    if not path.parent.is_dir():
        raise UserError(f"{path}: could not be written (no such folder)")
    for name, value in record.tensors.items():
        if value.dtype not in _DTYPES.values() or not value.size:
            raise UserError(f"{path}: could not be written ({name} is {value.dtype} {list(value.shape)})")
    table = plain(record.description)
    entry = json.dumps({**table, "sha256": _digest(table, record.tensors)})
    partial = path.with_name(f".{path.stem}.{os.getpid()}.ckpt")
    try:
        tensors = [{"name": name, "data": Tensor(value)} for name, value in record.tensors.items()]
        ms.save_checkpoint(tensors, str(partial), append_dict={_ENTRY: entry})
        partial.chmod(0o644)  # the framework leaves it read-only
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        before_replacing()
        os.replace(partial, path)
        _sync_folder(path.parent)
    except (OSError, RuntimeError, ValueError) as error:
        raise UserError(f"{path}: could not be written ({' '.join(str(error).split())})") from None
    finally:
        for leftover in (partial, partial.with_suffix(".tmp")):  # the second is the framework's own
            leftover.unlink(missing_ok=True)


def partial_files(path: Path) -> list[Path]:
    """Return what processes that were killed while they wrote ``path`` have left."""
    return [file for suffix in ("ckpt", "tmp") for file in path.parent.glob(f".{path.stem}.*.{suffix}")]


def load_record(path: str | Path) -> Record:
    """Read and verify a record.

    Raises:
        UserError: no such file, not a checkpoint of this project, or a damaged one.
    """
    if not Path(path).is_file():
        raise UserError(f"checkpoint {path}: no such file")
    entries = _read_entries(Path(path))
    text = entries.pop(_ENTRY, None)
    if not isinstance(text, str):
        raise UserError(
            f"checkpoint {path}: not written by this project; tools/convert.py makes such a file of weights"
        )
    tensors = {name: value for name, value in entries.items() if isinstance(value, np.ndarray)}
    try:
        table = json.loads(text)
        intact = table.pop("sha256") == _digest(table, tensors)
    except (ValueError, KeyError, AttributeError):
        raise UserError(f"checkpoint {path}: damaged (its description can't be read)") from None
    if not intact:
        raise UserError(f"checkpoint {path}: damaged (its checksum does not agree with its content)")
    return Record(read_description(table, f"checkpoint {path}"), tensors)


def read_description(table: dict[str, Any], origin: str) -> Description:
    """Return the description of a table of JSON, also of one that an older version wrote.

    Raises:
        UserError: it is not a description; ``origin`` says where it comes from.
    """
    state = table.get("state")
    if isinstance(state, dict) and "epoch_top1" in state:  # the one metric of versions up to 0.1
        counts = {"top1": state.pop("epoch_top1"), "pictures": state.get("epoch_pictures", 0)}
        table = {**table, "state": {**state, "metric": counts}}
    return overlay(Description(), table, origin)


def _read_entries(path: Path) -> dict[str, np.ndarray | str]:
    """Return the entries of a MindSpore checkpoint.

    Not by ``mindspore.load_checkpoint``: a shape with a wrong bit lets it write beyond its memory, and no error can be
    caught then.
    """
    try:
        raw = path.read_bytes()
        checkpoint = Checkpoint()
        checkpoint.ParseFromString(raw)
        # a field that the format does not have is damage, too
        checkpoint.DiscardUnknownFields()
        if checkpoint.ByteSize() != len(raw) or not raw:
            raise ValueError("bytes that belong to nothing")
        slices: dict[str, list[Any]] = {}  # tensors beyond 512 MB are stored in several parts under one name
        for entry in checkpoint.value:
            slices.setdefault(entry.tag, []).append(entry.tensor)
        return {name: _entry_value(parts) for name, parts in slices.items()}
    except OSError as error:
        raise UserError(f"checkpoint {path}: {error.strerror}") from None
    except (ValueError, TypeError, KeyError, DecodeError) as error:
        raise UserError(f"checkpoint {path}: not a MindSpore checkpoint, or damaged ({error})") from None


def _entry_value(parts: list[Any]) -> np.ndarray | str:
    """Return the value of one entry: an array, or the text that ``append_dict`` makes of a string."""
    content = b"".join(part.tensor_content for part in parts)
    if parts[0].tensor_type == "str":
        return content.decode("utf-32-le")  # it is written as a NumPy string
    return np.frombuffer(content, _DTYPES[parts[0].tensor_type]).reshape(tuple(parts[0].dims))


def _digest(table: dict[str, Any], tensors: dict[str, np.ndarray]) -> str:
    """Return the SHA-256 over the description and every tensor with its name, type and shape, in sorted order."""
    digest = hashlib.sha256(json.dumps(table, sort_keys=True).encode())
    for name in sorted(tensors):
        value = np.ascontiguousarray(tensors[name])
        digest.update(f"{name} {value.dtype} {value.shape}".encode())
        digest.update(value.tobytes())
    return digest.hexdigest()


def _sync_folder(folder: Path) -> None:
    """Make a rename last through a power failure."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
