# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The program in docs/deployment.md that uses an ONNX file without this project reads pictures as infer.py does."""

import re
import sys
from dataclasses import replace

import numpy as np
import pytest

from src.checkpoint import metadata
from src.checkpoint.adapt import portable
from src.checkpoint.record import Description
from src.data.picture_files import read_picture
from src.data.transforms import eval_picture
from src.deploy.inputs import PictureInput
from src.deploy.onnx.file import read_onnx, write_onnx
from src.deploy.predict import predict
from src.deploy.verify import draw_pictures
from src.overlay import plain
from tests.conftest import ROOT
from tests.tiny import lively, tiny_model

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")


def program():
    """Return the first program in Python of the document."""
    text = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
    return re.search(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)[1]


def test_the_program_reads_pictures_as_we_do(tmp_path, rng, monkeypatch, capsys):
    model = lively(tiny_model("circulant2"), rng, 0.1)
    model.preprocessing = replace(model.preprocessing, resize=37, mean=(0.5, 0.4, 0.3))
    known = Description(
        model=model.name,
        settings=plain(model.settings),
        preprocessing=model.preprocessing,
        classes=tuple(f"n{i}" for i in range(10)),
        titles=tuple(f"class {i}" for i in range(10)),
    )
    write_onnx(portable(model, "traced"), {metadata.KEY: metadata.to_text(known)}, tmp_path / "f.onnx")
    classifier, files = read_onnx(tmp_path / "f.onnx"), draw_pictures(tmp_path)
    expected = predict(classifier, [PictureInput(path) for path in files], top=1)
    assert len({prediction.guesses[0].title for prediction in expected}) > 1

    monkeypatch.setattr(sys, "argv", ["example.py", str(tmp_path / "f.onnx"), *map(str, files)])
    names = {}
    exec(program(), names)
    assert capsys.readouterr().out.splitlines() == [f"{one.path} {one.guesses[0].title}" for one in expected]
    for path in files:
        own = classifier.prepare(eval_picture(read_picture(path), model.preprocessing)[None])[0]
        np.testing.assert_allclose(names["prepare"](str(path)), own, rtol=0, atol=1e-5)
