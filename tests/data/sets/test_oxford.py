# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Flowers-102 and the Oxford-IIIT Pets as they are distributed, small."""

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from src.data.sources import open_source
from src.errors import UserError


def save(path, colour):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (4, 3), (colour, 0, 0)).save(path)


def write_flowers(root):
    """Write seven pictures: 1, 4 and 6 to train, 2 to validate, 3, 5 and 7 to test."""
    for number in range(1, 8):
        save(root / "jpg" / f"image_{number:05d}.jpg", 30 * number)
    savemat(root / "imagelabels.mat", {"labels": np.array([[102, 1, 1, 7, 102, 7, 1]], np.uint8)})
    parts = {"trnid": [[1, 4, 6]], "valid": [[2]], "tstid": [[3, 5, 7]]}
    savemat(root / "setid.mat", {key: np.array(value, np.uint16) for key, value in parts.items()})


@pytest.mark.parametrize("folder", ["", "flowers-102"])
@pytest.mark.parametrize("data_format", ["auto", "flowers102"])
def test_flowers(tmp_path, folder, data_format):
    write_flowers(tmp_path / folder)
    train, test = (open_source(str(tmp_path), split, data_format) for split in ("train", "val"))
    assert (len(train.classes), train.classes[0], train.classes[101]) == (102, "001", "102")
    assert train.labels.tolist() == [101, 6, 6, 0]
    assert test.labels.tolist() == [0, 101, 0]
    assert [train.picture_name(i) for i in (0, 3)] == ["image_00001.jpg", "image_00002.jpg"]
    assert abs(int(np.asarray(test.picture(1))[0, 0, 0]) - 150) < 8


def test_damaged_and_missing_flowers_are_named(tmp_path):
    write_flowers(tmp_path)
    (tmp_path / "jpg" / "image_00005.jpg").unlink()
    with pytest.raises(UserError, match=r"image_00005\.jpg: missing; .* lists it, and 0 more"):
        open_source(str(tmp_path), "val")
    (tmp_path / "setid.mat").write_bytes(b"no MATLAB at all" * 20)
    with pytest.raises(UserError, match=r"setid\.mat: not a file of MATLAB arrays"):
        open_source(str(tmp_path), "train")


def write_pets(lists, images):
    lists.mkdir(parents=True, exist_ok=True)
    names = ["Abyssinian_1", "american_bulldog_10", "Abyssinian_3", "american_bulldog_2"]
    for number, name in enumerate(names):
        save(images / f"{name}.jpg", 50 * number)
    (lists / "trainval.txt").write_text(f"#Image CLASS-ID SPECIES BREED ID\n{names[0]} 1 1 1\n{names[1]} 2 2 1\n")
    (lists / "test.txt").write_text(f"{names[3]} 2 2 1\n{names[2]} 1 1 1\n")


@pytest.mark.parametrize("layout", ["annotations", "beside"])
def test_pets(tmp_path, layout):
    lists = tmp_path / "annotations" if layout == "annotations" else tmp_path
    write_pets(lists, tmp_path / "images")
    for split, labels in (("train", [0, 1]), ("val", [1, 0])):
        source = open_source(str(tmp_path), split)
        assert source.classes == ("Abyssinian", "american_bulldog")
        assert source.labels.tolist() == labels
        assert source.picture(1).mode == "RGB"


def test_a_line_of_another_form_is_named(tmp_path):
    write_pets(tmp_path, tmp_path / "images")
    (tmp_path / "test.txt").write_text("Abyssinian_1 cat\n")
    with pytest.raises(UserError, match=r"test\.txt: line 1: expected a picture and the number of its breed"):
        open_source(str(tmp_path), "val")
    for file, split in (("test.txt", "val"), ("trainval.txt", "train")):
        (tmp_path / file).write_text("\n")
        with pytest.raises(UserError, match="lists no picture"):
            open_source(str(tmp_path), split)


def test_a_format_that_is_not_there_is_said(tmp_path):
    for name, said in (("flowers102", "no Flowers-102 there"), ("pets", "no Oxford-IIIT Pets there")):
        with pytest.raises(UserError, match=said):
            open_source(str(tmp_path), "val", name)
