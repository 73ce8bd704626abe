# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The contact sheet has a place for each picture, and bars as long as the probabilities."""

import numpy as np
import pytest
from PIL import Image

from src.deploy.inputs import PictureInput
from src.deploy.predict import Guess, Prediction
from src.deploy.sheet import draw_sheet


@pytest.mark.parametrize(("count", "columns", "rows"), [(1, 1, 1), (5, 5, 1), (7, 5, 2)])
def test_each_picture_has_its_place(tmp_path, count, columns, rows):
    colours = [(40 * i, 250 - 30 * i, 128) for i in range(count)]
    pictures = []
    for i, colour in enumerate(colours):
        pictures.append(PictureInput(tmp_path / f"{i}.png"))
        Image.new("RGB", (300, 200) if i % 2 else (50, 100), colour).save(pictures[-1].path)
    guesses = (Guess("a", "a title", 0.75), Guess("b", "a title that is much too long to stand in its line", 0.25))
    draw_sheet(pictures, [Prediction(str(p.path), guesses) for p in pictures], tmp_path / "sheet.png")
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.size == (2 * (20 + 220 * columns), 2 * (20 + 300 * rows))
        pixels = np.asarray(sheet)
    for i, colour in enumerate(colours):
        x, y = 2 * (20 + 220 * (i % 5) + 100), 2 * (20 + 300 * (i // 5) + 195)  # the foot of the picture
        assert np.abs(pixels[y, x].astype(int) - colour).max() <= 2
    line = pixels[2 * (20 + 200 + 4 + 20) + 30, 40 : 40 + 400].astype(int)  # below the letters of the first class
    dark = (line[:, 0] < 200).mean()  # the bar is bluer than what is left of the line
    assert dark == pytest.approx(0.75, abs=0.02)
