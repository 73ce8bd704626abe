# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Weights that go into a model: all of them, at another resolution, under another head, portable."""

import dataclasses
import itertools

import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor

from src.checkpoint.adapt import load_model, load_weights, model_of, portable, start_from
from src.checkpoint.record import EMA, OPTIMIZER, Description, Record, save_record
from src.errors import UserError
from src.layers.activation import NativeBiasedGELU
from src.layers.norm import NativeNormalise
from src.layers.shortcut.circulant import CirculantShortcut
from src.layers.shortcut.native import NativeCirculantSum
from src.layers.softmax import NativeSoftmax
from src.models.contract import unique_parameters
from src.ops.position import resize_position_embedding
from src.overlay import plain
from tests.native import IMPLEMENTATIONS, needs_compiler
from tests.tiny import loss_and_gradients, tiny_family, tiny_model


@pytest.fixture(autouse=True, scope="module")
def _pynative():
    ms.set_context(mode=ms.PYNATIVE_MODE)
    yield
    ms.set_context(mode=ms.GRAPH_MODE)


def values_of(model):
    return {name: parameter.asnumpy().copy() for name, parameter in unique_parameters(model).items()}


def random_weights(model, seed=0):
    rng = np.random.default_rng(seed)
    return {
        name: (rng.standard_normal(parameter.shape) * 0.2 + name.endswith("gamma")).astype(np.float32)
        for name, parameter in unique_parameters(model).items()
    }


def record_of(model, weights, **others):
    description = Description(
        model=model.name, settings=plain(model.settings), preprocessing=model.preprocessing, classes=tuple("abcdefghij")
    )
    return Record(description, {**weights, **others})


def assert_equal(own, expected):
    assert own.keys() == expected.keys()
    for name, value in expected.items():
        assert np.array_equal(own[name], value), name


def logits(model, seed=1, batch=2, size=32):
    images = np.random.default_rng(seed).standard_normal((batch, 3, size, size)).astype(np.float32)
    return model(Tensor(images)).asnumpy()


def test_weights_arrive():
    model = tiny_model("circulant2")
    weights = random_weights(model)
    load_weights(model, weights, "here")
    assert_equal(values_of(model), weights)


def test_every_fault_is_listed_and_nothing_is_loaded():
    model = tiny_model("base")
    before, weights = values_of(model), random_weights(model)
    del weights["cls_token"], weights["blocks.1.norm2.beta"]
    weights["blocks.2.norm1.gamma"] = np.ones(48, np.float32)
    weights["head.weight"] = weights["head.weight"][:7]
    weights["head.bias"] = weights["head.bias"][:7]
    with pytest.raises(UserError) as caught:
        load_weights(model, weights, "here.ckpt")
    assert str(caught.value) == (
        "here.ckpt: does not fit augvit_s: missing cls_token; missing blocks.1.norm2.beta; "
        "unexpected blocks.2.norm1.gamma; head.weight is [7, 48] where the model has [10, 48]; "
        "head.bias is [7] where the model has [10]"
    )
    assert_equal(values_of(model), before)


def test_a_record_makes_its_model_again(tmp_path):
    model = tiny_model("circulant2", {"blocks": 2, "scale": 0.9}, qkv_bias=False)
    weights = random_weights(model)
    load_weights(model, weights, "here")
    save_record(tmp_path / "a.ckpt", record_of(model, weights))
    again, record = load_model(str(tmp_path / "a.ckpt"))
    assert_equal(values_of(again), weights)
    assert (again.name, again.settings, again.preprocessing) == (model.name, model.settings, model.preprocessing)
    assert record.description.classes == tuple("abcdefghij")
    assert not again.training
    model.set_train(False)
    np.testing.assert_allclose(logits(again), logits(model), rtol=0, atol=1e-6)


def test_preprocessing_of_a_record_wins_over_the_model_s():
    model = tiny_model("base")
    record = record_of(model, random_weights(model))
    other = {**vars(record.description.preprocessing), "resize": 40, "mean": (0.1, 0.2, 0.3)}
    preprocessing = type(record.description.preprocessing)(**other)
    description = Description(**{**vars(record.description), "preprocessing": preprocessing})
    assert model_of(Record(description, record.tensors), "here").preprocessing == preprocessing


def test_the_moving_average_is_taken_where_there_is_one():
    model = tiny_model("base")
    weights, averages = random_weights(model, 0), random_weights(model, 1)
    extra = {EMA + name: value for name, value in averages.items()}
    extra |= {OPTIMIZER + "beta1_power": np.float32([0.9])}
    assert_equal(values_of(model_of(record_of(model, weights, **extra), "here")), averages)
    without = {name: value for name, value in extra.items() if name.startswith(OPTIMIZER)}
    assert_equal(values_of(model_of(record_of(model, weights, **without), "here")), weights)


def test_a_damaged_average_is_refused():
    model = tiny_model("base")
    weights = random_weights(model)
    with pytest.raises(UserError, match=r"here: does not fit augvit_s: missing cls_token"):
        model_of(record_of(model, weights, **{EMA + "head.bias": weights["head.bias"]}), "here")


def test_what_is_not_trained_has_no_average():
    """The random features of a performer stand among the weights alone."""
    model = tiny_family("t2t_14")
    weights = random_weights(model)
    trained = {parameter.name for parameter in model.trainable_params()}
    averages = {name: value + 1 for name, value in weights.items() if name in trained}
    assert len(averages) == len(weights) - 2
    record = record_of(model, weights, **{EMA + name: value for name, value in averages.items()})
    assert_equal(values_of(model_of(record, "here")), {**weights, **averages})


@pytest.mark.parametrize("averaged", [False, True])
def test_start_at_another_resolution_resizes_the_positions_and_keeps_the_head(averaged):
    small, large = tiny_model("circulant2"), tiny_model("circulant2", image_size=64)
    weights = random_weights(small)
    average = random_weights(small, 1) if averaged else {}
    record = record_of(small, weights, **{EMA + name: value for name, value in average.items()})
    start_from(large, record, "here", new_head=False)
    expected = dict(average or weights)
    expected["pos_embed"] = resize_position_embedding(expected["pos_embed"], 1, (4, 4), (8, 8))
    assert_equal(values_of(large), expected)
    assert (large.settings.image_size, large.grid_size, large.preprocessing.size) == (64, (8, 8), 64)
    assert "pos_embed" in {parameter.name for parameter in large.trainable_params()}
    assert np.isfinite(logits(large, size=64)).all()


def test_start_with_a_new_head_leaves_the_fresh_one():
    model, other = tiny_model("base"), tiny_model("base", num_classes=3)
    weights, fresh = random_weights(model), values_of(other)
    start_from(other, record_of(model, weights), "here", new_head=True)
    assert_equal(values_of(other), {**weights, "head.weight": fresh["head.weight"], "head.bias": fresh["head.bias"]})


def test_start_with_a_head_of_another_size_is_refused():
    model, other = tiny_model("base"), tiny_model("base", num_classes=3)
    with pytest.raises(UserError, match=r"head\.weight is \[10, 48\] where the model has \[3, 48\]"):
        start_from(other, record_of(model, random_weights(model)), "here", new_head=False)


@pytest.mark.parametrize("paths", [1, 2, 3])
@pytest.mark.parametrize("projection", ["circulant", "dense"])
def test_new_paths_change_nothing_and_learn(paths, projection, rng):
    plain_model = tiny_model("base")
    weights = random_weights(plain_model)
    model = tiny_model("base", {"paths": paths, "projection": projection, "scale": 1.0})
    start_from(model, record_of(plain_model, weights), "here", new_head=False, new_paths=True)
    load_weights(plain_model, weights, "here")
    for network in (model, plain_model):
        network.set_train(False)
    np.testing.assert_allclose(logits(model), logits(plain_model), rtol=0, atol=1e-5)  # new paths: 2e-6

    paths_of = {p.name: p for p in model.trainable_params() if "_shortcut." in p.name and p.ndim > 1}
    images = Tensor(rng.standard_normal((2, 3, 32, 32)).astype(np.float32))
    targets = Tensor(np.eye(10, dtype=np.float32)[[3, 5]])
    _, _, gradients = loss_and_gradients(model, images, targets)
    assert paths_of
    for name, parameter in paths_of.items():
        value = parameter.asnumpy().reshape(paths, -1)
        assert all(np.abs(one - other).max() > 0 for one, other in itertools.pairwise(value)), "paths that are alike"
        assert np.abs(gradients[name].reshape(paths, -1)).max(axis=1).min() > 0


@pytest.mark.parametrize("shortcut", [{"paths": 2}, {"paths": 1, "form": "act"}])
def test_new_paths_that_would_change_something_are_refused(shortcut):
    plain_model, model = tiny_model("base"), tiny_model("base", shortcut)
    with pytest.raises(UserError, match=r"train\.new_paths=true: needs model\.shortcut\.scale=1"):
        start_from(model, record_of(plain_model, random_weights(plain_model)), "here", False, new_paths=True)


def test_start_from_another_model_is_refused():
    model, other = tiny_model("base"), tiny_model("circulant2")
    with pytest.raises(UserError, match=r"here: does not fit augvit_s: missing blocks\.0\.attn_shortcut"):
        start_from(other, record_of(model, random_weights(model)), "here", new_head=False)


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize(
    "shortcut",
    [{}, {"bias": False}, {"location": "mlp", "form": "act_circ"}, {"paths": 3, "blocks": 8}, {"blocks": 16}],
)
def test_portable_model_gives_the_same_logits(implementation, shortcut):
    model = tiny_model("circulant2", {"implementation": implementation, **shortcut})
    load_weights(model, random_weights(model), "here")
    model.preprocessing = dataclasses.replace(model.preprocessing, resize=99)
    model.set_train(False)
    twin = portable(model)
    assert not [cell for _, cell in twin.cells_and_names() if isinstance(cell, CirculantShortcut)]
    assert (twin.name, twin.preprocessing) == (model.name, model.preprocessing)
    assert len(unique_parameters(twin)) == len({id(p) for p in twin.get_parameters()})
    assert not twin.training
    expected = logits(model)
    assert np.abs(expected).max() > 0.5
    np.testing.assert_allclose(logits(twin), expected, rtol=0, atol=1e-5)


@needs_compiler
@pytest.mark.parametrize("released", ["base", "linear2", "circulant2"])
def test_portable_model_has_no_native_kernel(released):
    def native(model):
        kinds = (NativeBiasedGELU, NativeNormalise, NativeSoftmax, NativeCirculantSum)
        return [name for name, cell in model.cells_and_names() if isinstance(cell, kinds)]

    model = tiny_model(released)
    assert native(model)
    assert not native(portable(model))
