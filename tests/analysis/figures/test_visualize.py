# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The figures: what stands in them is what was measured, and the command that draws them."""

import importlib
import json
import logging
import sys

import mindspore as ms
import numpy as np
import pytest
from PIL import Image

from src.analysis.figures.diversity import Measurement, diversity, similarity_matrix
from src.analysis.figures.drawing import draw_diversity, draw_features, draw_similarity
from src.analysis.figures.features import FeatureMaps, feature_maps
from src.analysis.figures.layers import layer_tokens
from src.analysis.figures.pictures import picture_loader, sample_pictures
from src.checkpoint.record import Description, Record, save_record
from src.errors import UserError, run_door
from src.models.contract import unique_parameters
from src.overlay import plain
from src.plot import PALETTE, check_figure_path, colour_map
from tests.conftest import ROOT
from tests.tiny import tiny_model

TINY = ["image_size=32", "patch_size=8", "embed_dim=24", "depth=3", "num_heads=3", "num_classes=4"]


def measurement(rng, values, layers=(1, 2), tokens=16):
    """Return a measurement of two pictures whose means by layer are ``values``."""
    row = np.array([0.9, 1.1])[:, None] * np.array(values, float)
    similarity = {layer: similarity_matrix(rng.normal(size=(tokens, 8))) for layer in layers}
    return Measurement(10 * row, row, np.clip(row, 0, 1), similarity)


def read(path):
    assert [other.name for other in path.parent.glob("*.png")] == [path.name]
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        return np.asarray(picture.convert("RGB")).astype(int)


def where(pixels, colour, tolerance=12):
    """Return the (rows, columns) of the pixels of a colour."""
    wanted = [int(colour[i : i + 2], 16) for i in (1, 3, 5)] if isinstance(colour, str) else colour
    return np.nonzero(np.abs(pixels - np.array(wanted)).max(axis=2) <= tolerance)


def test_a_similarity_matrix_is_painted_cell_by_cell(tmp_path, rng):
    found = measurement(rng, [1, 0.5, 0.2])
    found.similarity[1] = np.where(np.eye(16), 1.0, 0.0)
    draw_similarity([("a network", found), ("another one with quite a long name " * 9, found)], tmp_path / "s.png")
    pixels = read(tmp_path / "s.png")
    light, dark = colour_map()[[255, 0]]
    box = (slice(2 * 108, 2 * 348), slice(2 * 28, 2 * 268))  # of the first matrix
    cells = pixels[box].reshape(16, 30, 16, 30, 3)[:, 15, :, 15]
    assert np.abs(cells[np.eye(16, dtype=bool)] - light).max() <= 2
    other = cells[~np.eye(16, dtype=bool)]
    assert np.abs(other - other[0]).max() <= 2
    assert np.abs(other[0] - light).max() > 60
    assert len(where(pixels, dark, 4)[0])  # the lower end of the bar


def test_matrices_of_many_patches_are_averaged(tmp_path, rng):
    found = measurement(rng, [1, 0.5], layers=(1,), tokens=700)
    found.similarity[1] = np.full((700, 700), 1.0)
    draw_similarity([("large", found)], tmp_path / "s.png")
    pixels = read(tmp_path / "s.png")
    assert np.abs(pixels[2 * 120 : 2 * 330, 2 * 40 : 2 * 250] - colour_map()[255]).max() <= 2


def test_curves_stand_where_the_numbers_say(tmp_path, rng):
    rows = [("falls", measurement(rng, [1, 0.1, 1e-5, 1e-9])), ("stays", measurement(rng, [1, 1, 1, 1]))]
    draw_diversity(rows, tmp_path / "d.png")
    pixels = read(tmp_path / "d.png")
    left = pixels[:, : pixels.shape[1] // 2]
    plot = left[: 2 * (78 + 380 - 48) + 4]  # without the legend
    falls, stays = where(plot, PALETTE[0]), where(plot, PALETTE[1])
    assert falls[0].max() == pytest.approx(2 * (78 + 380 - 48), abs=8)  # the end of the axis, not below it
    assert np.ptp(stays[0]) < 20
    assert stays[1].max() == pytest.approx(2 * (28 + 540 - 20), abs=8)


@pytest.mark.parametrize("values", [[1, 1], [0, 0, 0], [1, 0, 0], [2, 1.5, 1], [1e-30, 1e-8, 1]])
def test_any_values_can_be_drawn(tmp_path, rng, values):
    rows = [(f"network {i}", measurement(rng, values)) for i in range(10)]
    draw_diversity(rows, tmp_path / "d.png")
    assert len(where(read(tmp_path / "d.png"), PALETTE[0])[0])


def test_feature_maps_are_painted_beside_the_picture(tmp_path):
    picture = np.full((64, 64, 3), (200, 30, 60), np.uint8)
    steps = np.arange(16.0).reshape(4, 4)
    maps = {1: FeatureMaps(np.stack([steps, -steps]), (5, 3), 0.5), 3: FeatureMaps(np.ones((2, 4, 4)), (0, 1), 0.0)}
    draw_features([("a network", picture, maps)], "p.jpg", tmp_path / "f.png")
    pixels = read(tmp_path / "f.png")
    assert len(where(pixels, (200, 30, 60))[0]) == pytest.approx((2 * 112) ** 2, rel=0.02)
    light, dark = colour_map()[[255, 0]]
    for colour in (light, dark):
        assert len(where(pixels, colour, 4)[0]) >= 2 * 56**2 * 0.9


def test_the_most_variable_channels_on_their_grid(pynative, rng):
    model = tiny_model(depth=2)
    image = rng.normal(size=(3, 32, 32)).astype(np.float32)
    found = feature_maps(model, image, (0, 2), 5)
    tokens = model.embed(ms.Tensor(image[None])).asnumpy()[0, 1:]
    best = np.argsort(-tokens.var(0))[:5]
    assert found[0].channels == tuple(best)
    for one, channel in zip(found[0].maps, best, strict=True):
        assert one == pytest.approx(tokens[:, channel].reshape(4, 4), abs=1e-5)
    assert found[2].maps.shape == (5, 4, 4)
    assert 0 < found[2].relative < 1.5


def test_where_a_figure_may_go(tmp_path):
    assert check_figure_path("--output_path", str(tmp_path / "a.PNG")) == tmp_path / "a.PNG"
    with pytest.raises(UserError, match=r"--output_path .*a\.jpg: a figure is a \.png file"):
        check_figure_path("--output_path", str(tmp_path / "a.jpg"))
    with pytest.raises(UserError, match=r"--output_path .*: no folder .*nowhere"):
        check_figure_path("--output_path", str(tmp_path / "nowhere" / "a.png"))


@pytest.fixture
def door(monkeypatch, picture_folder):
    """Return what runs the command on small pictures: (exit status, its folder)."""
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    monkeypatch.chdir(picture_folder.parent)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["visualize.py", *map(str, arguments), "--device_target", "CPU"])
        try:
            run_door(importlib.import_module("visualize").main)
        except SystemExit as end:
            return end.code
        return 0

    yield run
    logger = logging.getLogger("augvit")
    logger.handlers.clear()
    logger.propagate = True


def save_tiny(path):
    model = tiny_model(depth=2)
    weights = {name: p.asnumpy() for name, p in unique_parameters(model).items()}
    settings, preprocessing = plain(model.settings), model.preprocessing
    save_record(path, Record(Description(model.name, settings, preprocessing=preprocessing), weights))
    return model


def test_figures_from_the_command_line(door, picture_folder, capsys):
    desk = picture_folder.parent
    networks = ("--model", "deit_s", *TINY, "shortcut.identity=false", "deit_s", *TINY)
    where = ("--data_path", "pictures", "--pictures", 3, "--output_path")
    assert door("similarity", *networks, *where, "s.png", "--layers", 1, 3, "--report", "s.json") == 0
    names = [" ".join(("random deit_s", *TINY, *more)) for more in (["shortcut.identity=false"], [])]
    assert capsys.readouterr().out.endswith(f"s.png: similarity of {', '.join(names)}\n")
    report = json.loads((desk / "s.json").read_text())
    assert [row["label"] for row in report["networks"]] == names
    assert (report["figure"], report["data"]) == ("similarity", "pictures")
    bare, identity = report["networks"]
    assert (bare["pictures"], len(bare["relative"]["mean"]), len(bare["cosine"]["std"])) == (3, 4, 4)
    assert bare["relative"]["mean"][3] < 0.01 * identity["relative"]["mean"][3]
    assert door("features", *networks, *where, "f.png", "--image_size", 64, "--labels", "bare", "identity") == 0
    assert sorted(path.name for path in desk.iterdir()) == ["f.png", "pictures", "s.json", "s.png"]


def test_a_checkpoint_draws_what_its_network_would(door, picture_folder):
    desk = picture_folder.parent
    model = save_tiny(desk / "net.ckpt")
    file = sorted((picture_folder / "val" / "red").iterdir())[0]
    arguments = ("--checkpoint_path", "net.ckpt", "--data_path", file, "--output_path", "d.png", "--report", "d.json")
    assert door("diversity", *arguments, "--exact") == 0
    (row,) = json.loads((desk / "d.json").read_text())["networks"]
    (batch,) = picture_loader(sample_pictures(str(file), 1), model.preprocessing)
    tokens = layer_tokens(model, [2])(batch.images)[2].astype(float)
    assert (row["label"], row["exact"]) == ("net", True)
    assert row["absolute"]["mean"][2] == pytest.approx(float(diversity(tokens, exact=True)[0]), rel=1e-3)
    assert row["absolute"]["std"] == [0, 0, 0]
    assert (desk / "d.png").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--output_path", "f.jpg"], "--output_path f.jpg: a figure is a .png file"),
        (["--data_path", "nowhere"], "--data_path nowhere: no such file or folder"),
        (["--pictures", "0"], "--pictures 0: must be at least 1"),
        (["--model"], "expected at least one argument"),
        (["--checkpoint_path", "no.ckpt"], "no.ckpt"),
        (["--layers", "4"], "--layers 4: random deit_s"),
        (["--image_size", "20"], "--image_size 20: random deit_s"),
    ],
)
def test_mistakes_on_the_command_line(door, picture_folder, capsys, arguments, message):
    desk = picture_folder.parent
    fine = ("--model", "deit_s", *TINY, "--data_path", "pictures", "--output_path", "f.png")
    assert door("similarity", *fine, *arguments) == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert "error: " in error
    assert message in error
    assert [path.name for path in desk.iterdir()] == ["pictures"]
