# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Preprocessing at other sizes, squares and rectangles."""

import numpy as np
import pytest
from PIL import Image

from src.data.transforms import eval_picture
from src.errors import UserError
from src.preprocessing import Preprocessing, sides_of


def test_a_side_is_a_square():
    assert (sides_of(224), sides_of((3, 4))) == ((224, 224), (3, 4))
    assert Preprocessing().sides == (224, 224)


@pytest.mark.parametrize(("size", "resize"), [(384, 439), (112, 128), ((192, 384), 439), ((448, 224), 512), (224, 256)])
def test_another_size_cuts_off_as_much(size, resize):
    assert Preprocessing(224, 256).resized(size) == Preprocessing(size, resize)


def test_a_rectangle_has_to_fit_into_what_is_resized():
    assert Preprocessing.cropping((96, 192), 0.875).resize == 219
    with pytest.raises(UserError, match=r"resize=100: must not be smaller than the crop of \(50, 101\)"):
        Preprocessing((50, 101), 100)


def test_a_rectangle_is_cut_out_of_the_middle():
    columns = np.tile(np.arange(120, dtype=np.uint8)[None, :, None], (80, 1, 3))
    picture = eval_picture(Image.fromarray(columns), Preprocessing((20, 60), 80))
    assert picture.shape == (20, 60, 3)
    assert picture[0, :, 0].tolist() == list(range(30, 90))
