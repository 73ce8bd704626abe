# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The pictures that networks are looked at with: one file, or a sample of a folder, without classes."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from src.config import DataConfig
from src.data.loader import EvalLoader
from src.data.picture_files import all_picture_files, read_picture
from src.data.source import Source
from src.distributed import available_cores
from src.errors import UserError
from src.preprocessing import Preprocessing

_PIXELS = 16 * 224**2  # in a batch, at most; large enough to keep the cores busy, small enough for any memory
_BATCH = 64  # pictures in a batch, at most: small pictures may have as many tokens as large ones


class PictureFiles(Source):
    """Pictures of a list of files; all have the same class, which means nothing."""

    def __init__(self, name: str, files: Sequence[Path]) -> None:
        """Build of ``files``; ``name`` is where they come from."""
        self.name, self.classes, self.files = name, ("",), tuple(files)
        self.labels = np.zeros(len(files), np.int32)

    def picture(self, index: int) -> Image.Image:
        """Return picture ``index`` in RGB."""
        return read_picture(self.files[index])

    def picture_name(self, index: int) -> str:
        """Return the path of the file."""
        return str(self.files[index])


def sample_pictures(path: str, count: int) -> PictureFiles:
    """Return ``count`` pictures of a folder, evenly spaced in the sorted list of all at any depth, or the one file.

    Evenly, so that the pictures of class folders come from all over the classes. All of them where there are fewer.

    Raises:
        UserError: nothing there, or a count below 1.
    """
    if count < 1:
        raise UserError(f"--pictures {count}: must be at least 1")
    root = Path(path)
    if root.is_file():
        return PictureFiles(path, [root])
    if not root.is_dir():
        raise UserError(f"--data_path {path}: no such file or folder")
    files = all_picture_files(root)
    if not files:
        raise UserError(f"--data_path {path}: no picture in this folder, at any depth")
    chosen = np.arange(min(count, len(files))) * len(files) // min(count, len(files))
    return PictureFiles(path, [files[i] for i in chosen])


def picture_loader(source: Source, preprocessing: Preprocessing) -> EvalLoader:
    """Return the loader of all pictures of ``source`` as a network with this preprocessing sees them."""
    size = max(1, min(_PIXELS // math.prod(preprocessing.sides), _BATCH, len(source)))
    data = DataConfig(eval_batch_size=size, workers=available_cores())
    return EvalLoader(source, np.zeros(1, np.int32), data, preprocessing)
