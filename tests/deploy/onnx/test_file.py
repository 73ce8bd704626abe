# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""An ONNX file of each family: what it computes, what stands in it."""

import copy
from collections import Counter

import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor

from src.checkpoint import metadata
from src.checkpoint.adapt import portable
from src.checkpoint.record import Description
from src.deploy.onnx.file import read_onnx, write_onnx
from src.overlay import plain
from tests.tiny import TINY_FAMILIES, lively, tiny_family, tiny_model

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")


def network_of(name, rng):
    """Return a small network of a registered model, deit and augvit included."""
    modes = {"deit_s": "base", "augvit_s": "circulant2"}
    return lively(tiny_model(modes[name]) if name in modes else tiny_family(name), rng, 0.1)


_TRACED = {}


@pytest.fixture
def traced_once(monkeypatch):
    """Let a network be traced once for all tests, which have it with the same random weights: that takes longest."""
    from src.deploy.onnx import trace as tracing  # needs onnx

    genuine = tracing.trace

    def trace(network, shape):
        key = str(network.settings)
        if key not in _TRACED:
            _TRACED[key] = genuine(network, shape)
        return copy.deepcopy(_TRACED[key])

    monkeypatch.setattr(tracing, "trace", trace)


def described(model):
    known = Description(model=model.name, settings=plain(model.settings), preprocessing=model.preprocessing)
    return {metadata.KEY: metadata.to_text(known)}


def pictures(rng, model, count):
    size = model.settings.image_size
    return rng.integers(0, 256, (count, size, size, 3), dtype=np.uint8)


def pynative_logits(model, images):
    ms.set_context(mode=ms.PYNATIVE_MODE)
    try:
        return model(Tensor(images)).asnumpy()
    finally:
        ms.set_context(mode=ms.GRAPH_MODE)


@pytest.mark.parametrize("name", ["deit_s", "augvit_s", *TINY_FAMILIES])
def test_every_family_computes_the_same_at_any_batch(name, tmp_path, rng, traced_once):
    model = network_of(name, rng)
    write_onnx(portable(model, "traced"), described(model), tmp_path / "f.onnx")
    classifier = read_onnx(tmp_path / "f.onnx")
    for count in (1, 2, 7):
        images = classifier.prepare(pictures(rng, model, count))
        expected = pynative_logits(model, images)
        np.testing.assert_allclose(classifier.logits(images), expected, rtol=0, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize(("precision", "largest"), [("float16", 0.01), ("int8", 0.3)])
@pytest.mark.parametrize("raw", [False, True])
def test_lower_precisions_stay_near(precision, largest, raw, tmp_path, rng, traced_once):
    model = network_of("augvit_s", rng)
    batch = pictures(rng, model, 8)
    whole = tmp_path / "whole.onnx"
    write_onnx(portable(model, "traced"), described(model), whole)
    exact = read_onnx(whole)
    calibration = [batch if raw else exact.prepare(batch)]
    path = tmp_path / "f.onnx"
    write_onnx(portable(model, "traced"), described(model), path, precision, raw, calibration)
    found, expected = read_onnx(path).classify(batch), exact.classify(batch)
    assert 0 < np.abs(found - expected).max() < largest * np.abs(expected).max()
    assert path.stat().st_size < whole.stat().st_size


def test_a_file_of_raw_pictures_normalises_them_itself(tmp_path, rng, traced_once):
    model = network_of("deit_s", rng)
    batch = pictures(rng, model, 3)
    found = []
    for raw in (False, True):
        write_onnx(portable(model, "traced"), described(model), tmp_path / "f.onnx", raw=raw)
        classifier = read_onnx(tmp_path / "f.onnx")
        assert classifier.raw == raw
        found.append(classifier.classify(batch))
    np.testing.assert_allclose(found[1], found[0], rtol=0, atol=1e-5 * np.abs(found[0]).max())


def test_what_stands_in_a_file(tmp_path, rng, traced_once):
    model = network_of("augvit_s", rng)
    write_onnx(portable(model, "traced"), described(model), tmp_path / "f.onnx")
    proto = onnx.load(tmp_path / "f.onnx")
    onnx.checker.check_model(proto, full_check=True)
    assert [(entry.domain, entry.version) for entry in proto.opset_import] == [("", 20)]
    (image,), (logits,) = proto.graph.input, proto.graph.output
    assert (image.name, logits.name) == ("image", "logits")
    assert [d.dim_param or d.dim_value for d in image.type.tensor_type.shape.dim] == ["batch", 3, 32, 32]
    assert [d.dim_param or d.dim_value for d in logits.type.tensor_type.shape.dim] == ["batch", 10]
    operators = Counter(node.op_type for node in proto.graph.node)
    # two blocks: two norms each and the last one; a GELU in each MLP, and four for halves and paths of each shortcut
    assert (operators["LayerNormalization"], operators["Gelu"], operators["Softmax"]) == (5, 2 + 4 * 4, 2)
    assert not {"Erf", "Sigmoid", "Cast", "Gather", "Identity"} & set(operators)
    assert (
        operators["MatMul"] == 2 + 2 * 6 + 4 * 4
    )  # patches, head; q-k-v, q k, a v, proj, fc1, fc2; those of shortcuts
    names = {node.name for node in proto.graph.node}
    assert "blocks.1.attn.proj/MatMul" in names
    assert len(names) == len(proto.graph.node)
    sizes = {tuple(tensor.dims) for tensor in proto.graph.initializer}
    assert {(48, 3 * 48), (24, 24)} <= sizes  # queries, keys, values as one product; half blocks
    assert all(12 not in size for size in sizes)  # no generators of 12 numbers


def test_files_of_one_network_are_equal(tmp_path, rng):
    model = network_of("deit_s", rng)
    for name in ("a.onnx", "b.onnx"):
        write_onnx(portable(model, "traced"), described(model), tmp_path / name)
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()
