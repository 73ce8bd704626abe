# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Which pictures a command line names, and what is refused."""

import io
from pathlib import Path

import pytest

from src.deploy.inputs import PictureInput, find_pictures
from src.errors import UserError


def test_a_picture_on_standard_input(picture_folder):
    path = picture_folder / "val" / "red" / "1.png"
    (found,) = find_pictures(["-"], io.BytesIO(path.read_bytes()))
    assert found.path == Path("-")
    assert found.read().tobytes() == PictureInput(path).read().tobytes()


def test_names_on_standard_input_stand_where_it_is_named(picture_folder):
    red, blue = (picture_folder / "val" / colour / "0.png" for colour in ("red", "blue"))
    text = f"{blue}\n\n{red}\n".encode()
    found = find_pictures([str(red), "-", str(red)], io.BytesIO(text))
    assert [picture.path for picture in found] == [red, blue, red, red]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b" \n", r"--input -: nothing came on standard input"),
        (b"no/such/file.png\n", r"--input -: no such file no/such/file\.png"),
        (b"\xff\xd8\xff broken", r"-: not a readable picture"),
    ],
)
def test_what_else_comes_on_standard_input(content, said):
    with pytest.raises(UserError, match=said):
        find_pictures(["-"], io.BytesIO(content))[0].read()


def test_inputs_that_hold_nothing_are_named(tmp_path):
    (tmp_path / "empty" / "deeper").mkdir(parents=True)
    with pytest.raises(UserError, match=r"--input .*empty: no picture in this folder"):
        find_pictures([str(tmp_path / "empty")], io.BytesIO())
    with pytest.raises(UserError, match=r"--input .*none\.png: no such file or folder"):
        find_pictures([str(tmp_path / "none.png")], io.BytesIO())
