# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""What a data set is to everything that reads one: pictures by number, each with its class."""

import hashlib
from abc import ABC, abstractmethod
from typing import Literal

import numpy as np
from PIL import Image

Split = Literal["train", "val"]
_DIGEST_CHUNK = 65536  # names hashed at a time


class Source(ABC):
    """Pictures by number, each with its class.

    Attributes:
        name: what the pictures are, for messages.
        classes: names of the classes, in the order of the labels.
        labels: int32 (n,), the class of each picture.
    """

    name: str
    classes: tuple[str, ...]
    labels: np.ndarray

    def __len__(self) -> int:
        """Return the number of pictures."""
        return len(self.labels)

    @abstractmethod
    def picture(self, index: int) -> Image.Image:
        """Return picture ``index`` in RGB; raises ``UserError`` naming it when it can't be read."""

    @abstractmethod
    def picture_name(self, index: int) -> str:
        """Return the name of picture ``index`` within the data set."""

    def digest(self) -> str:
        """Return a SHA-256 over classes, labels and names: equal for two sources of the same pictures in one order."""
        digest = hashlib.sha256("\n".join(self.classes).encode())
        digest.update(np.ascontiguousarray(self.labels).tobytes())
        for start in range(0, len(self), _DIGEST_CHUNK):
            names = (self.picture_name(i) for i in range(start, min(start + _DIGEST_CHUNK, len(self))))
            digest.update("\n".join(names).encode())
        return digest.hexdigest()
