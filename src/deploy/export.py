# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Export: a file that leaves this project, verified against the network before it stands."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from src.checkpoint.adapt import load_model, portable
from src.deploy.mindir import read_mindir, write_mindir
from src.deploy.onnx import read_onnx, require_onnx, write_onnx
from src.errors import UserError
from src.logs import get_logger
from src.models.inference import Logits, network_logits

TOLERANCE = 1e-4  # largest difference of a logit between the file and the network
_BATCHES = (1, 2, 7)  # that the file is compared at
_log = get_logger(__name__)


class VerificationError(RuntimeError):
    """An exported file does not compute what the network computes; it was removed."""


@dataclass(frozen=True)
class Export:
    """A file that was written and verified."""

    path: Path
    difference: float  # largest of a logit against the network
    megabytes: float


def export(
    checkpoint: str, file_format: Literal["MINDIR", "ONNX"], output_path: Path | None = None, batch_size: int = 1
) -> Export:
    """Write the model of a checkpoint as a file for deployment, and verify it.

    Args:
        checkpoint: a record; the file takes its name.
        file_format: MINDIR takes any batch, ONNX one of ``batch_size``.
        output_path: folder of the file; the checkpoint's own by default.
        batch_size: of an ONNX file.

    Raises:
        UserError: the checkpoint can't be read, a package is missing, the folder can't be written to.
        VerificationError: the file computes something else; it is not left behind, and an older one stays.
    """
    if file_format == "ONNX":
        require_onnx()  # said before the work, not after it
    if batch_size < 1:
        raise UserError(f"--batch_size {batch_size}: must be at least 1")
    model, record = load_model(checkpoint)
    description = record.description
    folder = output_path or Path(checkpoint).parent
    path = folder / f"{Path(checkpoint).stem}.{file_format.lower()}"
    partial = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{path}: could not be written ({error.strerror})") from None
    try:
        network = portable(model)
        if file_format == "MINDIR":
            write_mindir(network, description, partial)
            classify, _ = read_mindir(partial)
        else:
            write_onnx(network, description, partial, batch_size)
            classify, _ = read_onnx(partial)
        difference = largest_difference(classify, network_logits(model), description.preprocessing.size)
        if not difference <= TOLERANCE:  # a NaN is no agreement either
            raise VerificationError(f"{path}: its logits differ from the network's by {difference:.2e}; not written")
        os.replace(partial, path)
    except OSError as error:
        raise UserError(f"{path}: could not be written ({error.strerror})") from None
    finally:
        partial.unlink(missing_ok=True)
    _log.info("%s: %.1f MB, logits within %.1e of the network's", path, path.stat().st_size / 1e6, difference)
    return Export(path, difference, path.stat().st_size / 1e6)


def largest_difference(classify: Logits, reference: Logits, size: int) -> float:
    """Return the largest difference of a logit between two classifiers, on normal noise in batches of 1, 2 and 7."""
    rng = np.random.default_rng(0)
    differences = []
    for batch in _BATCHES:
        images = rng.standard_normal((batch, 3, size, size)).astype(np.float32)
        differences.append(np.abs(classify(images) - reference(images)).max())
    return float(np.max(differences))
