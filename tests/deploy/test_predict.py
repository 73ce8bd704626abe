# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""From picture files to guesses, the same with a checkpoint and with every exported file."""

import io

import numpy as np
import pytest
from PIL import Image

from src.checkpoint.record import Description, Record, save_record
from src.deploy.classifier import Classifier
from src.deploy.export import Target, export
from src.deploy.inputs import find_pictures
from src.deploy.load import load_classifier
from src.deploy.predict import predict, softmax
from src.errors import UserError
from src.overlay import plain
from src.preprocessing import Preprocessing
from tests.golden.load import FOLDER, model_of, read_golden

PICTURES = Preprocessing(16, 16, "bicubic", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


def colour_classifier(titles=None, classes=("blue", "green", "red")):
    """Guess the largest of three channels."""
    return Classifier(
        lambda images: images.mean(axis=(2, 3))[:, ::-1] * 3,
        Description(settings={"num_classes": 3}, preprocessing=PICTURES, classes=classes, titles=titles),
    )


def guesses_of(classifier, inputs, top=5):
    return predict(classifier, find_pictures(inputs, io.BytesIO()), top)


def names(predictions):
    return [prediction.guesses[0].name for prediction in predictions]


def test_all_file_formats_guess_the_same(picture_folder, tmp_path):
    pytest.importorskip("onnxruntime")
    model = model_of(read_golden(FOLDER / "augvit_circulant2.npz"), "param/")
    description = Description(model="augvit_s", settings=plain(model.settings), preprocessing=model.preprocessing)
    checkpoint = tmp_path / "tiny.ckpt"
    save_record(checkpoint, Record(description, {p.name: p.asnumpy() for p in model.get_parameters()}))
    exports = [export(str(checkpoint), Target(file_format)).path for file_format in ("MINDIR", "ONNX")]
    folder = str(picture_folder / "val")
    expected = guesses_of(load_classifier(str(checkpoint)), [folder], top=10)
    assert len(expected) == 9
    assert len({prediction.guesses[0].probability for prediction in expected}) == 9
    for path in exports:
        own = guesses_of(load_classifier(str(path)), [folder], top=10)
        assert [prediction.path for prediction in own] == [prediction.path for prediction in expected]
        for one, other in zip(own, expected, strict=True):
            assert [guess.name for guess in one.guesses] == [guess.name for guess in other.guesses]
            probabilities = [guess.probability for guess in one.guesses]
            assert probabilities == pytest.approx([guess.probability for guess in other.guesses], abs=1e-5)
            assert probabilities == sorted(probabilities, reverse=True)
            assert sum(probabilities) == pytest.approx(1, abs=1e-5)


def test_folders_are_searched_at_any_depth_in_order(picture_folder):
    predictions = guesses_of(colour_classifier(), [str(picture_folder)])
    paths = [prediction.path for prediction in predictions]
    splits = [("train", 8), ("val", 3)]
    assert paths == [
        str(picture_folder / split / colour / f"{i}.png")
        for split, count in splits
        for colour in ("blue", "green", "red")
        for i in range(count)
    ]
    assert names(predictions) == [path.split("/")[-2] for path in paths]


def test_files_keep_the_order_they_are_given_in(picture_folder, tmp_path):
    val = picture_folder / "val"
    (val / "notes.txt").write_text("not a picture, and not looked at")
    (val / ".hidden.png").write_bytes(b"")
    inputs = [val / "red" / "2.png", val / "blue", val / "red" / "0.png", val / "red" / "2.png"]
    predictions = guesses_of(colour_classifier(), [str(path) for path in inputs])
    blue = [str(val / "blue" / f"{i}.png") for i in range(3)]
    assert [p.path for p in predictions] == [str(inputs[0]), *blue, str(inputs[2]), str(inputs[3])]
    assert names(predictions) == ["red", "blue", "blue", "blue", "red", "red"]


def test_more_pictures_than_a_batch(tmp_path):
    for i in range(37):
        colour = tuple(200 if channel == i % 3 else 20 for channel in (2, 1, 0))
        Image.new("RGB", (20, 30), colour).save(tmp_path / f"{i:02d}.png")
    assert names(guesses_of(colour_classifier(), [str(tmp_path)])) == [
        ["blue", "green", "red"][i % 3] for i in range(37)
    ]


def test_titles_are_shown_and_names_kept(picture_folder):
    path = str(picture_folder / "val" / "green" / "0.png")
    (prediction,) = guesses_of(colour_classifier(titles=("Blau", "Grün", "Rot")), [path], top=2)
    assert (prediction.guesses[0].name, prediction.guesses[0].title) == ("green", "Grün")
    assert len(prediction.guesses) == 2
    (prediction,) = guesses_of(colour_classifier(), [path])
    assert prediction.guesses[0].title == "green"
    assert len(prediction.guesses) == 3  # no more than there are
    (prediction,) = guesses_of(colour_classifier(classes=None), [path])
    assert (prediction.guesses[0].name, prediction.guesses[0].title) == ("1", "class 1")


def test_the_preprocessing_of_the_file_is_used(tmp_path):
    """The middle of a wide picture is all that the crop sees."""
    pixels = np.zeros((20, 60, 3), np.uint8)
    pixels[:, :20, 0] = pixels[:, 20:40, 1] = pixels[:, 40:, 2] = 255
    Image.fromarray(pixels).save(tmp_path / "flag.png")
    seen = []

    def logits(images):
        seen.append(images)
        return np.zeros((len(images), 3), np.float32)

    preprocessing = Preprocessing(10, 10, "nearest", (0.5, 0.25, 0.0), (0.5, 0.25, 1.0))
    guesses_of(Classifier(logits, Description(preprocessing=preprocessing)), [str(tmp_path)])
    np.testing.assert_allclose(
        seen[0], np.broadcast_to(np.reshape([-1, 3, 0], (1, 3, 1, 1)), (1, 3, 10, 10)), atol=1e-6
    )


def test_softmax_of_large_logits():
    logits = np.array([[1000.0, 1000.0], [np.log(1), np.log(3)], [-1e4, 0.0]], np.float32)
    np.testing.assert_allclose(softmax(logits), [[0.5, 0.5], [0.25, 0.75], [0, 1]], rtol=0, atol=1e-6)


def test_what_is_no_picture_is_named(picture_folder):
    path = picture_folder / "val" / "red" / "1.png"
    path.write_text("a text\n")
    for given in (path, path.parent):
        with pytest.raises(UserError, match=r"red/1\.png: not a readable picture"):
            guesses_of(colour_classifier(), [str(given)])
    path.write_bytes((picture_folder / "val" / "red" / "2.png").read_bytes()[:200])  # cut off
    with pytest.raises(UserError, match=r"red/1\.png: not a readable picture"):
        guesses_of(colour_classifier(), [str(path)])


def test_no_class_at_all_is_a_mistake(tmp_path):
    with pytest.raises(UserError, match=r"--top 0: must be at least 1"):
        predict(colour_classifier(), [], top=0)


def test_a_model_that_is_none_is_named(tmp_path):
    with pytest.raises(UserError, match=r"none\.ckpt: no such file"):
        load_classifier(str(tmp_path / "none.ckpt"))
    (tmp_path / "model.pth").write_bytes(b"weights")
    with pytest.raises(UserError, match=r"model\.pth: expected a \.ckpt, \.mindir or \.onnx file"):
        load_classifier(str(tmp_path / "model.pth"))
