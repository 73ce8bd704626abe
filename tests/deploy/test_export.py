# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Exported files compute what the network computes, say what they are, and stand only when that was verified."""

import json
import sys

import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor

from src.checkpoint.adapt import load_model
from src.checkpoint.record import Description, Record, save_record
from src.config import plain
from src.deploy import export as module
from src.deploy import metadata
from src.deploy.export import TOLERANCE, VerificationError, export, largest_difference
from src.deploy.mindir import read_mindir
from src.deploy.onnx import read_onnx
from src.errors import UserError
from src.models.contract import unique_parameters
from tests.golden.load import FOLDER, model_of, read_golden
from tests.tiny import tiny_family

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
    return export(str(checkpoint), "MINDIR", tmp_path_factory.mktemp("mindir") / "new" / "folder")


@pytest.fixture(scope="module")
def onnx_file(checkpoint, tmp_path_factory):
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    return export(str(checkpoint), "ONNX", tmp_path_factory.mktemp("onnx"), batch_size=2)


def reference(checkpoint, images):
    """Return the logits of the circulant network itself."""
    ms.set_context(mode=ms.PYNATIVE_MODE)
    try:
        return load_model(str(checkpoint))[0](Tensor(images)).asnumpy()
    finally:
        ms.set_context(mode=ms.GRAPH_MODE)


def assert_file_agrees(classify, checkpoint):
    rng = np.random.default_rng(9)
    for batch in (1, 2, 7):
        images = rng.standard_normal((batch, 3, 16, 16)).astype(np.float32)
        expected = reference(checkpoint, images)
        assert np.abs(expected).max() > 0.5
        np.testing.assert_allclose(classify(images), expected, rtol=0, atol=TOLERANCE)


def assert_describes(description, checkpoint):
    own = load_model(str(checkpoint))[1].description
    assert description == Description(**{**vars(own), "config": {}})  # all but the training config
    assert description.classes == CLASSES


def test_mindir_takes_any_batch_and_describes_itself(mindir, checkpoint):
    assert (mindir.path.name, mindir.path.parent.name) == ("tiny.mindir", "folder")
    assert [path.name for path in mindir.path.parent.iterdir()] == ["tiny.mindir"]
    assert mindir.difference <= TOLERANCE
    assert mindir.megabytes == pytest.approx(mindir.path.stat().st_size / 1e6)
    classify, description = read_mindir(mindir.path)
    assert_file_agrees(classify, checkpoint)
    assert_describes(description, checkpoint)


def test_onnx_takes_its_batch_and_describes_itself(onnx_file, checkpoint):
    assert [path.name for path in onnx_file.path.parent.iterdir()] == ["tiny.onnx"]
    assert onnx_file.difference <= TOLERANCE
    classify, description = read_onnx(onnx_file.path)
    assert_file_agrees(classify, checkpoint)
    assert_describes(description, checkpoint)


def test_onnx_is_plain_for_every_runtime(onnx_file):
    import onnx

    model = onnx.load(onnx_file.path)
    onnx.checker.check_model(model, full_check=True)
    (image,), (logits,) = model.graph.input, model.graph.output
    assert (image.name, logits.name) == ("image", "logits")
    assert [d.dim_value for d in image.type.tensor_type.shape.dim] == [2, 3, 16, 16]
    operators = {node.op_type for node in model.graph.node}
    assert not operators & {"Gather", "GatherND", "GatherElements", "ScatterND", "DFT"}  # generators became dense
    sizes = [int(np.prod(tensor.dims)) for tensor in model.graph.initializer]
    assert 2 * 24 * 24 in sizes  # a dense weight of two paths
    assert 2 * 4 * 24 not in sizes  # its generators
    properties = {entry.key: entry.value for entry in model.metadata_props}
    assert json.loads(properties["augvit"])["classes"] == list(CLASSES)


@pytest.fixture
def shallow(monkeypatch):
    """Export without the writing and the reading, which take seconds: a file of ten bytes, and no logits."""
    monkeypatch.setattr(module, "write_mindir", lambda network, description, path: path.write_bytes(b"0123456789"))
    monkeypatch.setattr(module, "read_mindir", lambda path: (lambda images: None, None))
    return monkeypatch


def test_a_file_that_computes_something_else_is_not_left_behind(checkpoint, tmp_path, monkeypatch):
    """The file here is a right one, and its reader is wrong by a little."""

    def wrong_reader(path):
        classify, description = read_mindir(path)
        return lambda images: classify(images) + np.float32(2e-4), description

    monkeypatch.setattr(module, "read_mindir", wrong_reader)
    with pytest.raises(VerificationError, match=r"tiny\.mindir: its logits differ from the network's by 2\.0\de-04"):
        export(str(checkpoint), "MINDIR", tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("difference", [1.1e-4, float("nan"), float("inf")])
def test_an_older_file_stays_when_the_new_one_differs(checkpoint, tmp_path, shallow, difference):
    (tmp_path / "tiny.mindir").write_bytes(b"older")
    shallow.setattr(module, "largest_difference", lambda *_: difference)
    with pytest.raises(VerificationError, match="not written"):
        export(str(checkpoint), "MINDIR", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["tiny.mindir"]
    assert (tmp_path / "tiny.mindir").read_bytes() == b"older"


def test_an_older_file_is_replaced_when_the_new_one_agrees(checkpoint, tmp_path, shallow):
    (tmp_path / "tiny.mindir").write_bytes(b"older")
    shallow.setattr(module, "largest_difference", lambda *_: 9e-5)
    export(str(checkpoint), "MINDIR", tmp_path)
    assert (tmp_path / "tiny.mindir").read_bytes() == b"0123456789"
    assert [path.name for path in tmp_path.iterdir()] == ["tiny.mindir"]


@pytest.mark.parametrize("package", ["onnx", "onnxruntime"])
def test_a_missing_package_is_one_user_error(checkpoint, tmp_path, monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)  # what an import finds where nothing is installed
    said = rf"ONNX needs the package {package}: pip install -r requirements-onnx\.txt"
    with pytest.raises(UserError, match=said):
        export(str(checkpoint), "ONNX", tmp_path / "out")
    with pytest.raises(UserError, match=said):
        read_onnx(tmp_path / "some.onnx")
    assert list(tmp_path.iterdir()) == []


def test_what_can_not_be_exported_is_a_user_error(checkpoint, tmp_path):
    with pytest.raises(UserError, match=r"--batch_size 0: must be at least 1"):
        export(str(checkpoint), "MINDIR", tmp_path, batch_size=0)
    with pytest.raises(UserError, match=r"none\.ckpt: no such file"):
        export(str(tmp_path / "none.ckpt"), "MINDIR")
    (tmp_path / "a_file").write_text("not a folder")
    with pytest.raises(UserError, match=r"tiny\.mindir: could not be written"):
        export(str(checkpoint), "MINDIR", tmp_path / "a_file" / "deeper")
    with pytest.raises(UserError, match=r"could not be written"):
        export(str(checkpoint), "MINDIR", tmp_path / "a_file")
    assert [path.name for path in tmp_path.iterdir()] == ["a_file"]


def test_largest_difference_is_over_batches_of_one_two_and_seven():
    seen = []

    def classify(images):
        seen.append(images.shape)
        logits = np.zeros((len(images), 3), np.float32)
        logits[-1, 1] = len(images) / 4
        return logits

    assert largest_difference(classify, lambda images: np.zeros((len(images), 3), np.float32), 8) == 1.75
    assert seen == [(1, 3, 8, 8), (2, 3, 8, 8), (7, 3, 8, 8)]
    assert np.isnan(largest_difference(lambda images: np.full((len(images), 3), np.nan), classify, 8))


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


@pytest.mark.parametrize(
    ("name", "file_format"), [("augpvt_s", "MINDIR"), ("augt2t_14", "ONNX"), ("augswin_t", "ONNX")]
)
def test_every_family_can_be_exported(name, file_format, tmp_path, rng):
    if file_format == "ONNX":
        pytest.importorskip("onnx")
        pytest.importorskip("onnxruntime")
    model = tiny_family(name)
    weights = {
        key: (0.1 * rng.standard_normal(p.shape) + key.endswith("gamma")).astype(np.float32)
        for key, p in unique_parameters(model).items()
    }
    description = Description(model=name, settings=plain(model.settings), preprocessing=model.preprocessing)
    save_record(tmp_path / "tiny.ckpt", Record(description, weights))
    assert export(str(tmp_path / "tiny.ckpt"), file_format).difference < 1e-5
