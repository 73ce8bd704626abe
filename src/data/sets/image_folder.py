# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""ImageNet-style folders: a folder a class."""

from pathlib import Path

import numpy as np
from PIL import Image

from src.data.picture_files import picture_files, read_picture
from src.data.source import Source
from src.errors import UserError
from src.logs import get_logger

_log = get_logger(__name__)


class ImageFolder(Source):
    """``root/<class>/<picture>``: one class a folder, in sorted order."""

    def __init__(self, root: Path) -> None:
        """List the pictures of ``root``.

        Raises:
            UserError: no class folder, or one without a picture.
        """
        self.name = str(root)
        folders = sorted(path for path in root.iterdir() if path.is_dir())
        hidden = [path.name for path in folders if path.name.startswith(".")]
        if hidden:
            _log.info("%s: hidden folders left out: %s", root, ", ".join(hidden))
        folders = [path for path in folders if not path.name.startswith(".")]
        if not folders:
            raise UserError(f"{root}: no class folder; expected one folder of pictures a class")
        self.classes = tuple(folder.name for folder in folders)
        self.files: list[Path] = []
        labels: list[int] = []
        for label, folder in enumerate(folders):
            files = picture_files(folder)
            if not files:
                raise UserError(f"{folder}: no picture in this class folder; remove the folder or fill it")
            self.files += files
            labels += [label] * len(files)
        self.labels = np.array(labels, np.int32)

    def picture(self, index: int) -> Image.Image:
        """Return picture ``index`` in RGB."""
        return read_picture(self.files[index])

    def picture_name(self, index: int) -> str:
        """Return ``class/file``."""
        file = self.files[index]
        return f"{file.parent.name}/{file.name}"
