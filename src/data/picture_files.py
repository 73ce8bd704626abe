# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Files of pictures: which there are in a folder, and one of them in RGB."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from src.errors import UserError

EXTENSIONS = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm"})


def picture_files(folder: Path) -> list[Path]:
    """Return the picture files of a folder by their extensions, sorted, hidden ones left out."""
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in EXTENSIONS and path.is_file() and not path.name.startswith(".")
    )


def all_picture_files(folder: Path) -> list[Path]:
    """Return the picture files at any depth below a folder: its own, then those of each folder in sorted order."""
    folders = [folder, *sorted(path for path in folder.rglob("*") if path.is_dir())]
    return [file for each in folders for file in picture_files(each)]


def read_picture(path: Path, content: bytes | None = None) -> Image.Image:
    """Return the picture of a file in RGB: gray, CMYK, palette, 16-bit and RGBA ones are converted.

    Transparency is dropped, and no EXIF rotation is applied, as torchvision's loader does it. Where ``content`` is
    given, it is what stands in the file, and ``path`` a name for messages.

    Raises:
        UserError: the file is not a picture, or is cut off.
    """
    try:
        with Image.open(path if content is None else io.BytesIO(content)) as image:
            return _to_rgb(image)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise UserError(f"{path}: not a readable picture ({' '.join(str(error).split())})") from None


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "RGB":
        image.load()
        return image  # convert() would copy it
    if image.mode.startswith("I"):  # 16 bits a pixel: keep the upper 8, which convert() would clip
        return Image.fromarray((np.asarray(image).astype(np.uint32) >> 8).clip(0, 255).astype(np.uint8)).convert("RGB")
    if image.mode == "P" and "transparency" in image.info:
        image = image.convert("RGBA")
    return image.convert("RGB")
