# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Export: a file that leaves this project, verified against the network before it stands."""

import os
import platform
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

import numpy as np

from src import __version__
from src.checkpoint.adapt import load_model, portable
from src.checkpoint.metadata import file_digest, properties
from src.data.picture_files import all_picture_files, read_picture
from src.data.transforms import eval_picture
from src.deploy.classifier import Classifier
from src.deploy.latency import Latency, compare_latency
from src.deploy.load import load_classifier
from src.deploy.mindir import write_mindir
from src.deploy.onnx.file import require_onnx, write_onnx
from src.deploy.report import Entry, add_to_report
from src.deploy.verify import BOUNDS, Verification, VerificationError, draw_pictures, verify
from src.distributed import available_cores
from src.errors import UserError
from src.logs import get_logger
from src.machine import processor_name
from src.models.contract import Backbone
from src.models.inference import network_logits
from src.overlay import plain

Precision = Literal["float32", "float16", "int8"]
_CALIBRATION = 64  # pictures at most that the ranges of int8 are found with
_LATENCY_BATCHES = (1, 8)
_log = get_logger(__name__)


@dataclass(frozen=True)
class Target:
    """What kind of file is wanted."""

    file_format: Literal["MINDIR", "ONNX"]
    precision: Precision = "float32"
    raw: bool = False  # takes pictures uint8 (B, H, W, 3) and normalises them itself; ONNX alone

    def __post_init__(self) -> None:
        if self.file_format == "MINDIR" and (self.raw or self.precision == "int8"):
            raise UserError("--file_format MINDIR: has float32 and float16, and takes normalised pictures")

    def file_name(self, stem: str) -> str:
        """Return the name of the file: what is not float32 of normalised pictures says so."""
        parts = (stem, self.precision if self.precision != "float32" else "", "uint8" if self.raw else "")
        return ".".join((*filter(None, parts), self.file_format.lower()))


@dataclass(frozen=True)
class Export:
    """A file that was written and verified."""

    path: Path
    target: Target
    verification: Verification
    latency: tuple[tuple[Latency, Latency], ...]  # of the file, of the network; a batch size each

    def report(self, checkpoint: str, score: float | None) -> Entry:
        """Return what is known of it as plain values for JSON."""
        return {
            "format": self.target.file_format,
            "precision": self.target.precision,
            "input": "uint8 (B, H, W, 3)" if self.target.raw else "float32 (B, 3, H, W), normalised",
            "bytes": self.path.stat().st_size,
            "sha256": file_digest(self.path),
            "checkpoint": Path(checkpoint).name,
            "checkpoint_sha256": file_digest(Path(checkpoint)),
            "score": score,
            "noise": {str(batch): plain(found) for batch, found in self.verification.noise.items()},
            "pictures": plain(self.verification.pictures),
            "latency": plain(self.latency),
            "threads": available_cores(),
            "processor": processor_name(),
            "versions": _versions(),
        }


def export(
    checkpoint: str,
    target: Target,
    output_path: Path | None = None,
    data_path: str | None = None,
    latency_runs: int = 0,
) -> Export:
    """Write the model of a checkpoint as a file for deployment, and verify it.

    Args:
        checkpoint: a record; the file takes its name.
        target: the kind of file.
        output_path: folder of the file; the checkpoint's own by default.
        data_path: a folder of pictures that int8 is calibrated and every file is verified with; drawn ones by default.
        latency_runs: calls that the latency is taken from; 0 takes none.

    Raises:
        UserError: the checkpoint can't be read, a package is missing, the folder can't be written to.
        VerificationError: the file computes something else; it is not left behind, and an older one stays.
    """
    if latency_runs < 0:
        raise UserError(f"--latency_runs {latency_runs}: must be at least 0")
    if target.file_format == "ONNX":
        require_onnx()  # said before the work, not after it
    if target.precision == "int8" and data_path is None:
        raise UserError("--precision int8: --data_path names the pictures that it is calibrated with")
    model, record = load_model(checkpoint)
    reference = Classifier(network_logits(model), record.description)
    folder = output_path or Path(checkpoint).parent
    path = folder / target.file_name(Path(checkpoint).stem)
    with _pictures(data_path) as pictures, _writing(path) as partial:
        _write(model, properties(record.description, Path(checkpoint)), target, reference, pictures, partial)
        classifier = load_classifier(str(partial))
        verification = verify(classifier, reference, pictures)
        if fault := verification.fault(BOUNDS[target.precision]):
            raise VerificationError(f"{path}: {fault}; not written")
        # a fresh one of the network: that which has seen larger batches fills smaller ones up to them
        pair = [classifier, Classifier(network_logits(model), record.description)]
        latency = tuple(tuple(compare_latency(pair, n, latency_runs)) for n in _LATENCY_BATCHES if latency_runs)
    found = Export(path, target, verification, latency)
    add_to_report(folder, path.name, found.report(checkpoint, record.description.score))
    worst = max(difference.absolute for difference in (*verification.noise.values(), verification.pictures))
    _log.info("%s: %.1f MB, logits within %.1e of the network's", path, path.stat().st_size / 1e6, worst)
    return found


def _versions() -> dict[str, str]:
    """Return the versions of what takes part in an export; packages that are not installed are left out."""
    found = {"augvit-mindspore": __version__, "python": platform.python_version()}
    for package in ("mindspore", "numpy", "onnx", "onnxruntime"):
        with suppress(PackageNotFoundError):
            found[package] = version(package)
    return found


def _write(
    model: Backbone,
    about: Mapping[str, str],
    target: Target,
    reference: Classifier,
    pictures: Sequence[Path],
    path: Path,
) -> None:
    if target.file_format == "MINDIR":
        write_mindir(portable(model), about, path, target.precision)
        return
    calibration = _batches(reference, target.raw, pictures) if target.precision == "int8" else ()
    write_onnx(portable(model, "traced"), about, path, target.precision, target.raw, calibration)


def _batches(reference: Classifier, raw: bool, files: Sequence[Path]) -> Iterator[np.ndarray]:
    """Yield pictures one at a time as the file takes them, evenly chosen from all."""
    for path in files[:: -(-len(files) // _CALIBRATION)]:
        picture = eval_picture(read_picture(path), reference.description.preprocessing)[None]
        yield picture if raw else reference.prepare(picture)


@contextmanager
def _pictures(data_path: str | None) -> Iterator[Sequence[Path]]:
    """Yield the pictures of a folder, or drawn ones, which are gone afterwards."""
    if data_path is None:
        with tempfile.TemporaryDirectory() as folder:
            yield draw_pictures(Path(folder))
        return
    files = all_picture_files(Path(data_path)) if Path(data_path).is_dir() else []
    if not files:
        raise UserError(f"--data_path {data_path}: no folder with pictures")
    yield files


@contextmanager
def _writing(path: Path) -> Iterator[Path]:
    """Yield a place beside ``path``; what stands there takes the name of ``path`` if all goes well, and goes if not.

    Raises:
        UserError: it could not be written.
    """
    partial = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield partial
            os.replace(partial, path)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise UserError(f"{path}: could not be written ({error.strerror})") from None
