# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The classifier in a file: a checkpoint, a MINDIR or an ONNX file."""

from pathlib import Path

from src.checkpoint.adapt import load_model
from src.deploy.classifier import Classifier
from src.deploy.mindir import read_mindir
from src.deploy.onnx.file import read_onnx
from src.errors import UserError
from src.models.inference import network_logits


def load_classifier(path: str) -> Classifier:
    """Return the classifier in a .ckpt, .mindir or .onnx file.

    Raises:
        UserError: no such file, another kind, or a damaged one.
    """
    file = Path(path)
    readers = {".ckpt": read_checkpoint, ".mindir": read_mindir, ".onnx": read_onnx}
    if not file.is_file():
        raise UserError(f"model {path}: no such file")
    if file.suffix not in readers:
        raise UserError(f"model {path}: expected a .ckpt, .mindir or .onnx file")
    return readers[file.suffix](file)


def read_checkpoint(path: Path) -> Classifier:
    """Return the classifier in a checkpoint.

    Raises:
        UserError: not a checkpoint of this project, or a damaged one.
    """
    model, record = load_model(str(path))
    return Classifier(network_logits(model), record.description)
