# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""A part of a data set, with all of its classes."""

import numpy as np
from PIL import Image

from src.data.source import Source


class Subset(Source):
    """The first pictures of each class of another source, in its order."""

    def __init__(self, source: Source, per_class: int) -> None:
        """Keep ``per_class`` pictures of each class, or those that it has where it has fewer."""
        by_class = np.argsort(source.labels, kind="stable")
        counts = np.bincount(source.labels, minlength=len(source.classes))
        rank_in_class = np.arange(len(source)) - np.repeat(np.cumsum(counts) - counts, counts)
        self._source = source
        self._indices = np.sort(by_class[rank_in_class < per_class])
        self.name, self.classes = source.name, source.classes
        self.labels = source.labels[self._indices]

    def picture(self, index: int) -> Image.Image:
        """Return picture ``index`` in RGB; raises ``UserError`` naming it when it can't be read."""
        return self._source.picture(int(self._indices[index]))

    def picture_name(self, index: int) -> str:
        """Return the name that picture ``index`` has in the whole data set."""
        return self._source.picture_name(int(self._indices[index]))
