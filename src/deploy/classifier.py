# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""A network that classifies pictures, whatever file it comes from."""

from dataclasses import dataclass

import numpy as np

from src.checkpoint.record import Description
from src.data.transforms import normalise
from src.models.inference import Logits

INPUT, OUTPUT = "image", "logits"  # what an exported file calls its input and its output (B, K)


@dataclass(frozen=True)
class Classifier:
    """A network with what is needed to use it."""

    logits: Logits  # of what ``prepare`` returns
    description: Description
    raw: bool = False  # takes pictures as they are, uint8 (B, H, W, 3), and normalises them itself

    def prepare(self, pictures: np.ndarray) -> np.ndarray:
        """Return the network's input of pictures uint8 (B, H, W, 3) of the right size."""
        return pictures if self.raw else normalise(pictures, self.description.preprocessing)

    def classify(self, pictures: np.ndarray) -> np.ndarray:
        """Return the logits (B, K) of pictures uint8 (B, H, W, 3) of the right size."""
        return self.logits(self.prepare(pictures))

    def title(self, index: int) -> str:
        """Return what a person reads for an output."""
        names = self.description.titles or self.description.classes
        return names[index] if names else f"class {index}"

    def name(self, index: int) -> str:
        """Return the class name that folders have, or the number where none is known."""
        return self.description.classes[index] if self.description.classes else str(index)
