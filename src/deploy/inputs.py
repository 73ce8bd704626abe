# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The pictures that a command line names: files, folders, and standard input."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from PIL import Image

from src.data.picture_files import all_picture_files, read_picture
from src.errors import UserError

STANDARD_INPUT = "-"


@dataclass(frozen=True)
class PictureInput:
    """A picture that is read when it is needed."""

    path: Path  # or what it is called
    content: bytes | None = None  # of the file, where it is in memory

    def read(self) -> Image.Image:
        """Return the picture in RGB; raises ``UserError`` naming it when it can't be read."""
        return read_picture(self.path, self.content)


def find_pictures(inputs: Sequence[str], stream: BinaryIO) -> list[PictureInput]:
    """Return the pictures of files as they are given, and those of folders, at any depth, in sorted order.

    ``-`` stands for standard input, ``stream``: a picture, or the names of pictures, one a line.

    Raises:
        UserError: an input that is not there, or a folder without pictures.
    """
    return [picture for text in inputs for picture in _pictures(text, stream)]


def _pictures(text: str, stream: BinaryIO) -> Iterator[PictureInput]:
    path = Path(text)
    if text == STANDARD_INPUT:
        yield from _from_stream(stream)
    elif path.is_dir():
        found = all_picture_files(path)
        if not found:
            raise UserError(f"--input {path}: no picture in this folder")
        yield from map(PictureInput, found)
    elif path.is_file():
        yield PictureInput(path)
    else:
        raise UserError(f"--input {path}: no such file or folder")


def _from_stream(stream: BinaryIO) -> Iterator[PictureInput]:
    content = stream.read()
    if not content.strip():
        raise UserError(f"--input {STANDARD_INPUT}: nothing came on standard input")
    names = _lines(content)
    if names is None:
        yield PictureInput(Path(STANDARD_INPUT), content)
        return
    for name in names:
        if not Path(name).is_file():
            raise UserError(f"--input {STANDARD_INPUT}: no such file {name}")
        yield PictureInput(Path(name))


def _lines(content: bytes) -> list[str] | None:
    """Return the lines of a text that are not empty; None where it is no text, as no format of pictures is."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else [line for line in text.splitlines() if line.strip()]
