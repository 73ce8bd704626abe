# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""From picture files to class names and probabilities, with a checkpoint, a MINDIR or an ONNX file alike."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from src.checkpoint.adapt import load_model
from src.checkpoint.record import Description
from src.data.picture_files import all_picture_files, read_picture
from src.data.transforms import eval_picture, normalise
from src.deploy.mindir import read_mindir
from src.deploy.onnx import read_onnx
from src.errors import UserError
from src.logs import Progress
from src.models.inference import Logits, network_logits

_BATCH = 16  # pictures a call; large enough to keep the cores busy, small enough for any memory


@dataclass(frozen=True)
class Classifier:
    """A network with what is needed to use it."""

    logits: Logits
    description: Description

    def title(self, index: int) -> str:
        """Return what a person reads for an output."""
        names = self.description.titles or self.description.classes
        return names[index] if names else f"class {index}"

    def name(self, index: int) -> str:
        """Return the class name that folders have, or the number where none is known."""
        return self.description.classes[index] if self.description.classes else str(index)


@dataclass(frozen=True)
class Guess:
    """One class and its probability."""

    name: str  # as folders are named
    title: str  # as a person reads it
    probability: float  # in [0, 1]


@dataclass(frozen=True)
class Prediction:
    """The likeliest classes of one picture, the likeliest first."""

    path: str
    guesses: tuple[Guess, ...]


def load_classifier(path: str) -> Classifier:
    """Return the classifier in a .ckpt, .mindir or .onnx file.

    Raises:
        UserError: no such file, another kind, or a damaged one.
    """
    file = Path(path)
    if not file.is_file():
        raise UserError(f"model {path}: no such file")
    if file.suffix == ".ckpt":
        model, record = load_model(path)
        return Classifier(network_logits(model), record.description)
    readers = {".mindir": read_mindir, ".onnx": read_onnx}
    if file.suffix not in readers:
        raise UserError(f"model {path}: expected a .ckpt, .mindir or .onnx file")
    return Classifier(*readers[file.suffix](file))


def predict(classifier: Classifier, inputs: Sequence[str], top: int = 5) -> list[Prediction]:
    """Return the ``top`` likeliest classes of every picture in ``inputs``, which are picture files and folders.

    Raises:
        UserError: an input is missing, empty or not a picture.
    """
    if top < 1:
        raise UserError(f"--top {top}: must be at least 1")
    files = list(_pictures(inputs))
    preprocessing = classifier.description.preprocessing
    progress = Progress("predicting", len(files))
    predictions: list[Prediction] = []
    for start in range(0, len(files), _BATCH):
        batch = files[start : start + _BATCH]
        pictures = np.stack([eval_picture(read_picture(path), preprocessing) for path in batch])
        probabilities = softmax(classifier.logits(normalise(pictures, preprocessing)))
        for path, row in zip(batch, probabilities, strict=True):
            best = np.argsort(-row, kind="stable")[:top]
            guesses = tuple(Guess(classifier.name(i), classifier.title(i), float(row[i])) for i in best)
            predictions.append(Prediction(str(path), guesses))
        progress.advance(len(batch), "images")
    progress.close()
    return predictions


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return the probabilities (B, K) of ``logits`` (B, K)."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def _pictures(inputs: Iterable[str]) -> Iterable[Path]:
    """Yield files as they are given, and what lies in folders, at any depth, in sorted order."""
    for text in inputs:
        path = Path(text)
        if path.is_dir():
            found = all_picture_files(path)
            if not found:
                raise UserError(f"--input {path}: no picture in this folder")
            yield from found
        elif path.is_file():
            yield path
        else:
            raise UserError(f"--input {path}: no such file or folder")
