# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Evaluation sees every picture once, whatever the batches."""

import signal

import numpy as np
import pytest

from src.config import DataConfig
from src.data.loader import EvalLoader
from src.data.sources import open_source
from src.distributed import ALONE
from src.engine.evaluate import evaluate
from src.engine.metrics.accuracy import Accuracy
from src.errors import AgreedError, SignalError
from src.preprocessing import Preprocessing


def loader_of(folder, batch):
    source = open_source(str(folder), "val")
    pictures = Preprocessing(16, 16, "bicubic", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    return EvalLoader(source, np.arange(3, dtype=np.int32), DataConfig(eval_batch_size=batch), pictures)


def colour_logits(images):
    """Tell the classes blue, green and red of ``picture_folder`` by their channel."""
    return images.mean(axis=(2, 3))[:, ::-1]


@pytest.mark.parametrize("batch", [1, 4, 9, 64])
def test_every_picture_is_seen_once(picture_folder, batch):
    loader, seen = loader_of(picture_folder, batch), []

    def logits(images):
        seen.append(images.copy())
        return colour_logits(images)

    result = evaluate(logits, loader, Accuracy(), ALONE)
    assert result.metric.counts == {"top1": 9, "top5": 9, "pictures": 9}
    assert [len(images) for images in seen] == [min(batch, 9 - i) for i in range(0, 9, batch)]
    assert len({image.tobytes() for images in seen for image in images}) == 9


def test_wrong_guesses_count(picture_folder):
    loader = loader_of(picture_folder, 4)
    result = evaluate(lambda images: np.eye(3, dtype=np.float32)[np.zeros(len(images), int)], loader, Accuracy(), ALONE)
    assert result.metric.counts == {"top1": 3, "top5": 9, "pictures": 9}  # all are called blue; three are
    report = result.report("m.ckpt", "pictures")
    assert (report["model"], report["data"], report["pictures"]) == ("m.ckpt", "pictures", 9)
    assert (report["top1"], report["top5"]) == (pytest.approx(100 / 3), 100.0)
    assert report["images_per_second"] > 0


@pytest.mark.parametrize("promised", [8, 10])
def test_another_number_of_pictures_is_an_error(picture_folder, promised):
    loader = loader_of(picture_folder, 4)
    loader.count = promised
    with pytest.raises(RuntimeError, match=f"evaluated 9 pictures of {promised}"):
        evaluate(colour_logits, loader, Accuracy(), ALONE)


def test_one_batch_has_no_rate(picture_folder):
    result = evaluate(colour_logits, loader_of(picture_folder, 9), Accuracy(), ALONE)
    assert (result.metric.counts["top1"], result.pictures, result.images_per_second) == (9, 9, 0.0)


def test_what_comes_between_can_stop_it(picture_folder):
    calls = []

    def between():
        calls.append(None)
        if len(calls) == 2:
            raise SignalError(signal.SIGTERM)

    with pytest.raises(SignalError):
        evaluate(colour_logits, loader_of(picture_folder, 3), Accuracy(), ALONE, between)
    assert len(calls) == 2


def test_a_picture_that_cannot_be_read_is_an_error(picture_folder):
    (picture_folder / "val" / "red" / "1.png").write_bytes(b"no picture")
    with pytest.raises(AgreedError, match=r"red/1\.png: not a readable picture"):
        evaluate(colour_logits, loader_of(picture_folder, 4), Accuracy(), ALONE)
