# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Exported files compute what the network computes, say what they are, and stand only when that was verified."""

import dataclasses
import sys

import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor

from src.checkpoint import metadata
from src.checkpoint.adapt import load_model
from src.checkpoint.record import Description, Record, save_record
from src.deploy import export as module
from src.deploy.export import Target, export
from src.deploy.mindir import read_mindir, write_mindir
from src.deploy.onnx.file import read_onnx
from src.deploy.verify import Difference, Verification, VerificationError
from src.errors import UserError
from src.models.inference import network_logits
from src.overlay import plain
from tests.golden.load import FOLDER, model_of, read_golden

CLASSES = tuple(f"Klasse {i} größer" for i in range(10))


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """A record of the golden with two circulant paths, whose logits are large enough to show a difference."""
    model = model_of(read_golden(FOLDER / "augvit_circulant2.npz"), "param/")
    description = Description(
        model="augvit_s",
        settings=plain(model.settings),
        preprocessing=model.preprocessing,
        classes=CLASSES,
        titles=CLASSES[::-1],
        config={"seed": 1},
        epoch=5,
        score=70.5,
    )
    path = tmp_path_factory.mktemp("record") / "tiny.ckpt"
    save_record(path, Record(description, {p.name: p.asnumpy() for p in model.get_parameters()}))
    return path


@pytest.fixture(scope="module")
def mindir(checkpoint, tmp_path_factory):
    return export(str(checkpoint), Target("MINDIR"), tmp_path_factory.mktemp("mindir") / "new" / "folder")


@pytest.fixture(scope="module")
def onnx_file(checkpoint, tmp_path_factory):
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    return export(str(checkpoint), Target("ONNX"), tmp_path_factory.mktemp("onnx"))


def reference(checkpoint, images):
    """Return the logits of the circulant network itself."""
    ms.set_context(mode=ms.PYNATIVE_MODE)
    try:
        return load_model(str(checkpoint))[0](Tensor(images)).asnumpy()
    finally:
        ms.set_context(mode=ms.GRAPH_MODE)


def assert_file_agrees(classifier, checkpoint):
    rng = np.random.default_rng(9)
    for batch in (1, 2, 7):
        images = rng.standard_normal((batch, 3, 16, 16)).astype(np.float32)
        expected = reference(checkpoint, images)
        assert np.abs(expected).max() > 0.5
        np.testing.assert_allclose(classifier.logits(images), expected, rtol=0, atol=1e-4)


def assert_describes(description, checkpoint):
    own = load_model(str(checkpoint))[1].description
    assert description == Description(**{**vars(own), "config": {}})  # all but the training config
    assert description.classes == CLASSES


@pytest.mark.parametrize(("name", "read"), [("mindir", read_mindir), ("onnx_file", read_onnx)])
def test_a_file_takes_any_batch_and_describes_itself(name, read, checkpoint, request):
    found = request.getfixturevalue(name)
    assert found.path.name == f"tiny{found.path.suffix}"
    names = sorted(path.name for path in found.path.parent.iterdir())
    assert names == ["report.json", "report.md", found.path.name]
    classifier = read(found.path)
    assert_file_agrees(classifier, checkpoint)
    assert_describes(classifier.description, checkpoint)


@pytest.fixture
def shallow(monkeypatch):
    """Export without the writing and the reading, which take seconds: a file of ten bytes, and no logits."""
    monkeypatch.setattr(module, "write_mindir", lambda network, description, path, _: path.write_bytes(b"0123456789"))
    monkeypatch.setattr(module, "load_classifier", lambda path: None)
    return monkeypatch


def verification(absolute):
    """Return one that found a difference."""
    same = Difference(0.0, 0.0, 1.0, 1)
    return Verification({1: same, 2: same, 7: Difference(absolute, absolute, 1.0, 7)}, same)


def test_a_file_that_computes_something_else_is_not_left_behind(checkpoint, tmp_path, monkeypatch):
    """One number of the weights is another in the file."""

    def tamper(network, *arguments):
        weight = network.head.weight.asnumpy()
        weight[3, 5] += 0.1
        network.head.weight.set_data(Tensor(weight))
        write_mindir(network, *arguments)

    monkeypatch.setattr(module, "write_mindir", tamper)
    with pytest.raises(VerificationError, match=r"tiny\.mindir: noise in batches of 1: .*; not written"):
        export(str(checkpoint), Target("MINDIR"), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_prepares_its_pictures_otherwise_is_not_left_behind(checkpoint, tmp_path, monkeypatch):
    """The mean in the file is another than that of the checkpoint."""

    def tamper(network, properties, *arguments):
        said = metadata.from_text(properties[metadata.KEY], "")
        wrong = dataclasses.replace(said.preprocessing, mean=(0.5, 0.5, 0.51))
        text = metadata.to_text(dataclasses.replace(said, preprocessing=wrong))
        write_mindir(network, {**properties, metadata.KEY: text}, *arguments)

    monkeypatch.setattr(module, "write_mindir", tamper)
    with pytest.raises(VerificationError, match="not written"):
        export(str(checkpoint), Target("MINDIR"), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("absolute", [1.1e-4, float("nan"), float("inf")])
def test_an_older_file_stays_when_the_new_one_differs(checkpoint, tmp_path, shallow, absolute):
    (tmp_path / "tiny.mindir").write_bytes(b"older")
    shallow.setattr(module, "verify", lambda *_: verification(absolute))
    with pytest.raises(VerificationError, match=r"noise in batches of 7: .*; not written"):
        export(str(checkpoint), Target("MINDIR"), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["tiny.mindir"]
    assert (tmp_path / "tiny.mindir").read_bytes() == b"older"


def test_an_older_file_is_replaced_when_the_new_one_agrees(checkpoint, tmp_path, shallow):
    (tmp_path / "tiny.mindir").write_bytes(b"older")
    shallow.setattr(module, "verify", lambda *_: verification(9e-5))
    export(str(checkpoint), Target("MINDIR"), tmp_path)
    assert (tmp_path / "tiny.mindir").read_bytes() == b"0123456789"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.json", "report.md", "tiny.mindir"]


def test_the_latency_of_the_network_is_that_of_the_batch(checkpoint, tmp_path, shallow):
    """The network has been filled up to larger batches when it was compared with the file."""
    sizes = []

    def run(classifier, batch):
        classifier.logits(np.zeros((batch, 3, 16, 16), np.float32))

    def verify(_, network, pictures):
        run(network, 3)
        return verification(0.0)

    def compare_latency(classifiers, batch, runs):
        run(classifiers[1], batch)
        return []

    shallow.setattr(
        module, "network_logits", lambda model: network_logits(lambda images: sizes.append(len(images)) or images)
    )
    shallow.setattr(module, "verify", verify)
    shallow.setattr(module, "compare_latency", compare_latency)
    shallow.setattr(module, "add_to_report", lambda *_: None)
    export(str(checkpoint), Target("MINDIR"), tmp_path, latency_runs=1)
    assert sizes == [3, 1, 8]


@pytest.mark.parametrize("package", ["onnx", "onnxruntime"])
def test_a_missing_package_is_one_user_error(checkpoint, tmp_path, monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)  # what an import finds where nothing is installed
    said = rf"ONNX needs the package {package}: pip install -r requirements-onnx\.txt"
    with pytest.raises(UserError, match=said):
        export(str(checkpoint), Target("ONNX"), tmp_path / "out")
    with pytest.raises(UserError, match=said):
        read_onnx(tmp_path / "some.onnx")
    assert list(tmp_path.iterdir()) == []


def test_what_can_not_be_exported_is_a_user_error(checkpoint, tmp_path):
    with pytest.raises(UserError, match=r"--file_format MINDIR: has float32 and float16"):
        Target("MINDIR", raw=True)
    with pytest.raises(UserError, match=r"--precision int8: --data_path names the pictures that it is calibrated with"):
        export(str(checkpoint), Target("ONNX", "int8"), tmp_path)
    with pytest.raises(UserError, match=r"--data_path .*: no folder with pictures"):
        export(str(checkpoint), Target("MINDIR"), tmp_path, data_path=str(tmp_path))
    with pytest.raises(UserError, match=r"none\.ckpt: no such file"):
        export(str(tmp_path / "none.ckpt"), Target("MINDIR"))
    (tmp_path / "a_file").write_text("not a folder")
    with pytest.raises(UserError, match=r"tiny\.mindir: could not be written"):
        export(str(checkpoint), Target("MINDIR"), tmp_path / "a_file" / "deeper")
    with pytest.raises(UserError, match=r"could not be written"):
        export(str(checkpoint), Target("MINDIR"), tmp_path / "a_file")
    assert [path.name for path in tmp_path.iterdir()] == ["a_file"]


@pytest.mark.parametrize(("ending", "read"), [("mindir", read_mindir), ("onnx", read_onnx)])
@pytest.mark.parametrize("content", [b"", b"a text\n", bytes(range(256))], ids=["empty", "text", "bytes"])
def test_what_is_no_model_file_is_a_user_error(tmp_path, ending, read, content):
    pytest.importorskip("onnxruntime")
    path = tmp_path / f"odd.{ending}"
    path.write_bytes(content)
    with pytest.raises(UserError) as caught:
        read(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_truncated_file_is_a_user_error(onnx_file, mindir, tmp_path):
    for whole, read in ((onnx_file.path, read_onnx), (mindir.path, read_mindir)):
        path = tmp_path / whole.name
        path.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
        with pytest.raises(UserError, match=path.name):
            read(path)


def test_a_description_round_trips_and_its_absence_is_said():
    description = Description(model="augvit_s", classes=("é", "猫"), settings={"depth": 2}, score=1.5)
    assert metadata.from_text(metadata.to_text(description), "f.onnx") == description
    with pytest.raises(UserError, match=r"f\.onnx: says nothing of its classes and its preprocessing"):
        metadata.from_text(None, "f.onnx")
    with pytest.raises(UserError, match=r"f\.onnx: its description is not JSON"):
        metadata.from_text("{", "f.onnx")
