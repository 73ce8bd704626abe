# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""What a step takes of a data set."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Batch:
    """What a step takes."""

    images: np.ndarray  # float32 (B, 3, H, W), normalised, or what else the model takes
    labels: np.ndarray  # int32 (B,), indices of the model's outputs; of a mixed picture, that of its larger part
    positions: np.ndarray  # int64 (B,), of the pictures in the epoch's global order
    targets: np.ndarray | None = None  # float32 (B, K), soft targets; of training only
    unreadable: np.ndarray | None = None  # int64 (B, tries), pictures that others took the place of, -1: none
