# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""From picture files to class names and probabilities, with a checkpoint, a MINDIR or an ONNX file alike."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from src.data.transforms import eval_picture
from src.deploy.classifier import Classifier
from src.deploy.inputs import PictureInput
from src.errors import UserError
from src.logs import Progress

_BATCH = 16  # pictures a call; large enough to keep the cores busy, small enough for any memory


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


def predict(classifier: Classifier, pictures: Sequence[PictureInput], top: int = 5) -> list[Prediction]:
    """Return the ``top`` likeliest classes of every picture.

    Raises:
        UserError: an input that is not a picture, or ``top`` below 1.
    """
    if top < 1:
        raise UserError(f"--top {top}: must be at least 1")
    preprocessing = classifier.description.preprocessing
    progress = Progress("predicting", len(pictures))
    predictions: list[Prediction] = []
    for start in range(0, len(pictures), _BATCH):
        batch = pictures[start : start + _BATCH]
        crops = np.stack([eval_picture(picture.read(), preprocessing) for picture in batch])
        probabilities = softmax(classifier.classify(crops))
        for picture, row in zip(batch, probabilities, strict=True):
            best = np.argsort(-row, kind="stable")[:top]
            guesses = tuple(Guess(classifier.name(i), classifier.title(i), float(row[i])) for i in best)
            predictions.append(Prediction(str(picture.path), guesses))
        progress.advance(len(batch), "images")
    progress.close()
    return predictions


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return the probabilities (B, K) of ``logits`` (B, K)."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
