# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""How long a classifier takes for a batch."""

import time
from dataclasses import dataclass

import numpy as np

from src.deploy.classifier import Classifier

WARM_UP = 3  # calls that are not counted: the first compiles, or plans its memory
_PERCENTILES = (50, 90, 99)


@dataclass(frozen=True)
class Latency:
    """Milliseconds a call, at percentiles of the calls."""

    batch: int
    runs: int
    p50: float
    p90: float
    p99: float


def compare_latency(classifiers: list[Classifier], batch: int, runs: int) -> list[Latency]:
    """Return what each classifier takes for ``batch`` pictures, called in turn, ``runs`` times each after a warm-up."""
    sides = classifiers[0].description.preprocessing.sides
    pictures = np.random.default_rng(0).integers(0, 256, (batch, *sides, 3), dtype=np.uint8)
    inputs = [classifier.prepare(pictures) for classifier in classifiers]
    times = np.empty((runs + WARM_UP, len(classifiers)))
    for row in times:
        for i, classifier in enumerate(classifiers):
            started = time.perf_counter()
            classifier.logits(inputs[i])
            row[i] = time.perf_counter() - started
    found = 1e3 * np.percentile(times[WARM_UP:], _PERCENTILES, axis=0)
    return [Latency(batch, runs, *map(float, column)) for column in found.T]
