# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Drawing: things stand where the numbers say, colours step evenly, files are complete."""

import numpy as np
import pytest
from PIL import Image

from src.plot import Axes, Box, Canvas, Scale, colour_map, log_ticks, paint, text_width, ticks


def oklab(rgb):
    """Return the OKLab lightness and colour (n, 3) of 8-bit sRGB (n, 3), by the forward matrices."""
    encoded = rgb / 255
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    to_cones = [[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566]]
    to_cones.append([0.0883024619, 0.2817188376, 0.6299787005])
    to_lab = [[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099]]
    to_lab.append([0.0259040371, 0.7827717662, -0.8086757660])
    return np.cbrt(linear @ np.array(to_cones).T) @ np.array(to_lab).T


def test_colours_step_evenly_from_dark_to_light():
    colours = colour_map()
    assert (colours.shape, colours.dtype) == ((256, 3), np.uint8)
    lab = oklab(colours.astype(float))
    assert (np.diff(lab[:, 0]) > 0).all()
    assert lab[0, 0] < 0.25
    assert lab[-1, 0] > 0.9
    steps = np.linalg.norm(np.diff(lab[::15], axis=0), axis=1)  # several at a time: 8 bits are coarse
    assert steps.max() < 1.25 * steps.min()


def test_paint_spans_the_scale_and_cuts_what_lies_beyond():
    pixels = np.asarray(paint(np.array([[-5.0, -1.0, 0.0, 1.0, 9.0]]), Scale(-1, 1)))[0]
    colours = colour_map()
    assert np.array_equal(pixels[[0, 1]], colours[[0, 0]])
    assert np.array_equal(pixels[[3, 4]], colours[[255, 255]])
    assert np.array_equal(pixels[2], colours[128])


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(1, 1000, [1, 10, 100, 1000]), (0.02, 5, [0.01, 0.1, 1, 10]), (3, 3, [1, 10]), (1, 1, [1, 10])],
)
def test_log_ticks(low, high, expected):
    assert log_ticks(low, high) == pytest.approx(expected)


def test_log_ticks_span_many_decades_with_few_steps(rng):
    for low, decades in zip(10.0 ** rng.uniform(-12, 6, 200), rng.uniform(0, 14, 200), strict=True):
        marks = log_ticks(low, low * 10**decades)
        assert marks[0] <= low * 1.0001
        assert marks[-1] >= low * 10**decades * 0.9999
        assert 2 <= len(marks) <= 8


def test_scales_place_values():
    assert [Scale(2, 6).place(v) for v in (2, 3, 6)] == [0, 0.25, 1]
    assert [Scale(1, 100, log=True).place(v) for v in (1, 10, 100)] == pytest.approx([0, 0.5, 1])


def test_axes_place_points():
    axes = Axes(Canvas(200, 100), Box(20, 10, 180, 90), Scale(0, 8), Scale(1, 100, log=True))
    assert axes.point(2, 10) == pytest.approx((60, 50))


@pytest.mark.parametrize("resolution", [1, 2])
def test_a_canvas_becomes_a_file(tmp_path, resolution):
    canvas = Canvas(80, 40, resolution)
    canvas.image(Image.fromarray(np.full((2, 2, 3), (0, 128, 255), np.uint8)), Box(10, 10, 30, 30))
    canvas.save(tmp_path / "a.png")
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.size == (80 * resolution, 40 * resolution)
        pixels = np.asarray(picture)
    assert tuple(pixels[20 * resolution, 20 * resolution]) == (0, 128, 255)
    assert tuple(pixels[20 * resolution, 50 * resolution]) == (255, 255, 255)


def test_a_band_lets_what_is_below_show(tmp_path):
    canvas = Canvas(40, 40)
    axes = Axes(canvas, Box(0, 0, 40, 40), Scale(0, 1), Scale(0, 1))
    axes.band([(0, 0), (1, 0)], [(0, 1), (1, 1)], "#0000ff")
    canvas.save(tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as picture:
        red, green, blue = picture.getpixel((20, 20))
    assert 150 < red < 240
    assert red == green
    assert blue == 255


def test_a_failed_save_leaves_what_was_there(tmp_path, monkeypatch):
    Canvas(10, 10).save(tmp_path / "a.png")
    before = (tmp_path / "a.png").read_bytes()

    def fail(self, path):
        path.write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(Image.Image, "save", fail)
    with pytest.raises(OSError, match="disk full"):
        Canvas(20, 20).save(tmp_path / "a.png")
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
    assert (tmp_path / "a.png").read_bytes() == before


def test_longer_texts_are_wider():
    assert 0 < text_width("layer 1") < text_width("layer 12") < text_width("layer 12", 20)


def test_ticks_are_round():
    assert ticks(0, 7) == [0, 2, 4, 6, 8]
