# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""A contact sheet: pictures with the classes that a network names for them."""

from collections.abc import Sequence
from pathlib import Path

from src.deploy.inputs import PictureInput
from src.deploy.predict import Prediction
from src.plot import GRID, PALETTE, PRINT_RESOLUTION, Box, Canvas, fitted, text_width

_TILE, _GAP, _LINE = 200, 20, 20  # side of a picture, space between two, height of a line of text; pixels
_COLUMNS = 5
_LINES = 3  # classes that are named below a picture
_BASE = 13  # from the top of a line to the feet of its letters
_NUMBER = text_width("100 %")


def draw_sheet(pictures: Sequence[PictureInput], predictions: Sequence[Prediction], path: Path) -> None:
    """Write a PNG file: each picture, the file's name, the likeliest classes with bars as long as their probabilities.

    Args:
        pictures: at least one.
        predictions: of each.
        path: the file.

    Raises:
        UserError: a picture that can't be read.
    """
    columns = min(_COLUMNS, len(pictures))
    height = _TILE + (1 + _LINES) * _LINE + _GAP
    rows = -(-len(pictures) // columns)
    canvas = Canvas(_GAP + columns * (_TILE + _GAP), _GAP + rows * height, PRINT_RESOLUTION)
    for i, (picture, prediction) in enumerate(zip(pictures, predictions, strict=True)):
        left, top = _GAP + i % columns * (_TILE + _GAP), _GAP + i // columns * height
        _draw_tile(canvas, picture, prediction, left, top)
    canvas.save(path)


def _draw_tile(canvas: Canvas, picture: PictureInput, prediction: Prediction, left: float, top: float) -> None:
    image = picture.read()
    scale = _TILE / max(image.size)
    width, height = (max(1, round(side * scale)) for side in image.size)
    across, down = left + (_TILE - width) / 2, top + _TILE - height  # centred, standing on the text
    canvas.image(image, Box(across, down, across + width, down + height))
    y = top + _TILE + 4
    canvas.text((left, y + _BASE), fitted(picture.path.name, _TILE), "ls", colour="#777777")
    for guess in prediction.guesses[:_LINES]:
        y += _LINE
        canvas.area(_bar(left, y, _TILE), GRID + "80")
        canvas.area(_bar(left, y, _TILE * guess.probability), PALETTE[1] + "50")
        canvas.text((left + 4, y + _BASE), fitted(guess.title, _TILE - _NUMBER - 12), "ls")
        canvas.text((left + _TILE - 4, y + _BASE), f"{100 * guess.probability:.0f} %", "rs")


def _bar(left: float, top: float, width: float) -> list[tuple[float, float]]:
    right, bottom = left + width, top + _LINE - 3
    return [(left, top - 1), (right, top - 1), (right, bottom), (left, bottom)]
