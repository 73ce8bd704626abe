# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Where pictures come from: folders of every kind of file, and what is refused."""

import logging
import struct

import numpy as np
import pytest
from PIL import Image

from src.data.picture_files import picture_files, read_picture
from src.data.sets.image_folder import ImageFolder
from src.data.sources import open_source
from src.errors import UserError


def message(function, *arguments):
    with pytest.raises(UserError) as caught:
        function(*arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def save(path, size=(4, 3)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (1, 2, 3)).save(path)
    return path


# folders


def test_classes_are_the_sorted_folders_and_pictures_the_sorted_files(tmp_path):
    for name in ("zebra/1.png", "ant/b.PNG", "ant/a.jpeg", "ant/nested/c.png", "Bee/x.webp", "ant/notes.txt"):
        path = tmp_path / name
        save(path) if path.suffix != ".txt" else path.write_text("no picture")
    save(tmp_path / "ant" / "._a.jpeg", (9, 9))
    source = ImageFolder(tmp_path)
    assert source.classes == ("Bee", "ant", "zebra")
    assert [str(file.relative_to(tmp_path)) for file in source.files] == [
        "Bee/x.webp",
        "ant/a.jpeg",
        "ant/b.PNG",
        "zebra/1.png",
    ]
    assert source.labels.tolist() == [0, 1, 1, 2]
    assert source.labels.dtype == np.int32
    assert len(source) == 4
    assert source.name == str(tmp_path)
    assert source.picture(1).size == (4, 3)
    assert [file.name for file in picture_files(tmp_path / "ant")] == ["a.jpeg", "b.PNG"]


def test_hidden_folders_are_left_out_and_logged(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(logging.getLogger("augvit"), "propagate", True)
    save(tmp_path / "ant" / "0.png")
    save(tmp_path / ".cache" / "0.png")
    (tmp_path / ".empty").mkdir()
    with caplog.at_level(logging.INFO, logger="augvit"):
        source = ImageFolder(tmp_path)
    assert source.classes == ("ant",)
    assert caplog.messages == [f"{tmp_path}: hidden folders left out: .cache, .empty"]


def test_a_class_folder_without_a_picture_is_an_error(tmp_path):
    save(tmp_path / "ant" / "0.png")
    (tmp_path / "bee").mkdir()
    (tmp_path / "bee" / "readme.txt").write_text("none")
    expected = f"{tmp_path / 'bee'}: no picture in this class folder; remove the folder or fill it"
    assert message(ImageFolder, tmp_path) == expected


def test_a_folder_without_class_folders_is_an_error(tmp_path):
    save(tmp_path / "0.png")
    (tmp_path / ".git").mkdir()
    expected = f"{tmp_path}: no class folder; expected one folder of pictures a class"
    assert message(ImageFolder, tmp_path) == expected


def test_a_data_set_has_its_splits_in_folders(picture_folder):
    train, val = (open_source(str(picture_folder), split) for split in ("train", "val"))
    assert train.classes == val.classes == ("blue", "green", "red")
    assert (len(train), len(val)) == (24, 9)
    assert {file.parents[1].name for file in val.files} == {"val"}
    blue = np.asarray(val.picture(0)).reshape(-1, 3).mean(0)
    assert blue.argmax() == 2


@pytest.mark.parametrize("split", ["train", "val"])
def test_one_split_can_be_given_directly(split, picture_folder):
    source = open_source(str(picture_folder / "val"), split)
    assert source.classes == ("blue", "green", "red")
    assert len(source) == 9


@pytest.mark.parametrize(("there", "wanted"), [("train", "val"), ("val", "train")])
def test_a_missing_split_is_an_error(there, wanted, tmp_path):
    save(tmp_path / there / "ant" / "0.png")
    assert message(open_source, str(tmp_path), wanted) == f"--data_path {tmp_path}: has {there}/ but no {wanted}/"
    assert len(open_source(str(tmp_path), there)) == 1


def test_a_missing_folder_is_an_error(tmp_path):
    assert message(open_source, "", "val") == "--data_path: missing; it names the folder of the data set"
    assert message(open_source, str(tmp_path / "no"), "val") == f"--data_path {tmp_path / 'no'}: no such folder"
    file = save(tmp_path / "0.png")
    assert message(open_source, str(file), "val") == f"--data_path {file}: no such folder"


# files


def read(image, path, **options):
    """Save a picture, read it back through the project, and return its pixels."""
    image.save(path, **options)
    result = read_picture(path)
    assert result.mode == "RGB"
    return np.asarray(result)


@pytest.fixture
def pixels(rng):
    return rng.integers(0, 256, (5, 7, 4), dtype=np.uint8)


def test_gray_becomes_three_equal_planes(tmp_path, pixels):
    gray = pixels[..., 0]
    assert np.array_equal(read(Image.fromarray(gray), tmp_path / "x.png"), np.stack([gray] * 3, -1))


@pytest.mark.parametrize("depth", [3, 4])
def test_colours_stay_and_transparency_is_dropped(tmp_path, pixels, depth):
    assert np.array_equal(read(Image.fromarray(pixels[..., :depth]), tmp_path / "x.png"), pixels[..., :3])


def test_gray_with_transparency_is_gray(tmp_path, pixels):
    image = Image.merge("LA", [Image.fromarray(np.ascontiguousarray(pixels[..., i])) for i in (0, 3)])
    assert np.array_equal(read(image, tmp_path / "x.png"), np.stack([pixels[..., 0]] * 3, -1))


def test_black_and_white_becomes_0_and_255(tmp_path, pixels):
    dots = pixels[..., 0] > 127
    assert np.array_equal(read(Image.fromarray(dots), tmp_path / "x.png"), np.stack([dots * np.uint8(255)] * 3, -1))


@pytest.mark.parametrize("transparency", [None, 2, bytes([0, 128, 255])])
def test_a_palette_gives_its_colours_whatever_is_transparent(tmp_path, transparency):
    palette = np.array([[10, 20, 30], [200, 100, 50], [7, 8, 9]], np.uint8)
    indices = np.array([[0, 1, 2], [2, 1, 0]], np.uint8)
    image = Image.fromarray(indices, "L")
    image = Image.frombytes("P", image.size, image.tobytes())
    image.putpalette(palette.tobytes())
    options = {} if transparency is None else {"transparency": transparency}
    assert np.array_equal(read(image, tmp_path / "x.png", **options), palette[indices])
    with Image.open(tmp_path / "x.png") as saved:
        assert saved.mode == "P"
        assert ("transparency" in saved.info) == bool(options)


def test_sixteen_bits_keep_their_upper_eight(tmp_path, rng):
    values = rng.integers(0, 65536, (5, 7)).astype(np.uint16)
    values[0, :3] = 0, 255, 65535
    image = Image.fromarray(values)
    assert image.mode == "I;16"
    expected = np.stack([values >> 8] * 3, -1).astype(np.uint8)
    assert np.array_equal(read(image, tmp_path / "x.png"), expected)
    assert np.array_equal(read(image, tmp_path / "x.tif"), expected)


def test_cmyk_becomes_rgb(tmp_path):
    # a colour alone, so that JPEG keeps it: little cyan, much yellow, no black
    image = Image.new("CMYK", (16, 16), (30, 90, 200, 0))
    result = read(image, tmp_path / "x.jpg", quality=100)
    assert np.abs(result.astype(int) - (225, 165, 55)).max() <= 3


def test_a_gif_is_its_first_picture_whatever_it_is_called(tmp_path):
    frames = [Image.new("RGB", (6, 4), colour) for colour in ((250, 0, 0), (0, 0, 250))]
    path = tmp_path / "cat.gif"
    frames[0].save(path, save_all=True, append_images=frames[1:])
    wrong_name = path.with_suffix(".jpg")
    wrong_name.write_bytes(path.read_bytes())
    for file in (path, wrong_name):
        result = read_picture(file)
        assert result.mode == "RGB"
        assert np.asarray(result).reshape(-1, 3).tolist() == [[250, 0, 0]] * 24


def test_a_picture_is_not_turned_by_its_exif(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn
    Image.new("RGB", (8, 4)).save(tmp_path / "x.jpg", exif=exif)
    assert read_picture(tmp_path / "x.jpg").size == (8, 4)


@pytest.mark.parametrize(
    "damage",
    [lambda raw: raw[: len(raw) // 2], lambda raw: b"", lambda raw: b"this is text\n", lambda raw: raw[:20]],
    ids=["truncated", "empty", "text", "header"],
)
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".gif", ".bmp", ".webp"])
def test_an_unreadable_picture_is_named(tmp_path, suffix, damage, rng):
    path = tmp_path / f"picture{suffix}"
    Image.fromarray(rng.integers(0, 256, (40, 40, 3), dtype=np.uint8)).save(path)
    path.write_bytes(damage(path.read_bytes()))
    assert message(read_picture, path).startswith(f"{path}: not a readable picture (")


def test_a_picture_that_is_gone_is_named(tmp_path):
    save(tmp_path / "ant" / "0.png")
    source = ImageFolder(tmp_path)
    source.files[0].unlink()
    assert message(source.picture, 0).startswith(f"{tmp_path / 'ant' / '0.png'}: not a readable picture (")


def test_a_picture_too_large_to_be_one_is_named(tmp_path):
    # a header of 60000 x 60000 pixels on nothing
    path = tmp_path / "bomb.bmp"
    path.write_bytes(b"BM" + struct.pack("<IHHIIiiHHIIiiII", 54, 0, 0, 54, 40, 60000, 60000, 1, 24, 0, 0, 0, 0, 0, 0))
    assert message(read_picture, path).startswith(f"{path}: not a readable picture (")
