# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The training step: accumulation, clipping, what is not finite, float16, and blocks computed again."""

from types import SimpleNamespace

import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor, nn, ops

from src.config import Config, OptimConfig, TrainConfig
from src.distributed import ALONE
from src.engine.step import Inputs, TrainStep, _float16_products, _forward, gradient_function, training_settings
from src.layers.drop_path import drop_path_masks
from src.layers.dropout import dropout_keys
from src.models.contract import unique_parameters
from src.optim.ema import MovingAverage
from src.optim.optimizer import build_optimizer
from tests.native import KERNELS
from tests.tiny import tiny_model

RANDOM = {"drop_rate": 0.2, "drop_path_rate": 0.3}
HALF = {"precision": "float16"}


def training(train=None, optim=None, mode="circulant2", **model):
    """Return the parts of a training: the model, its optimizer, average and step, and all that a step may change."""
    optim = {"lr": 1e-2, "weight_decay": 0.1, "warmup_epochs": 0.0, **(optim or {})}
    config = Config(optim=OptimConfig(**optim), train=TrainConfig(epochs=1, **(train or {})))
    ms.set_seed(5)
    model = tiny_model(mode, **{"depth": 1, "image_size": 16, **model, **training_settings(config)})
    model.set_train(True)
    parameters = tuple(model.trainable_params())
    optimizer = build_optimizer(parameters, config.optim, model.no_weight_decay())
    average = MovingAverage(parameters, 0.5)
    step = TrainStep(model, optimizer, average, config, ALONE)
    return SimpleNamespace(model=model, optimizer=optimizer, average=average, step=step)


def batch(count=8, first=0, model=None):
    """Return some pictures with soft targets, and masks and keys where ``model`` wants them."""
    rng = np.random.default_rng(first)
    images = rng.standard_normal((count, 3, 16, 16)).astype(np.float32)
    targets = (0.9 * np.eye(10)[rng.integers(0, 10, count)] + 0.01).astype(np.float32)
    positions = range(first, first + count)
    if model is None or not model.drop_rate:
        return Inputs(images, targets)
    return Inputs(
        images, targets, drop_path_masks(model.drop_path_rates, 1, 0, positions), dropout_keys(1, 0, positions)
    )


def halves(whole):
    split = [(None, None) if v is None else np.split(v, 2, v is whole.masks) for v in vars(whole).values()]
    return [Inputs(*part) for part in zip(*split, strict=True)]


def one_batch(step):
    return lambda inputs: step([inputs], 1e-3)


def two_halves(step):
    return lambda inputs: step(halves(inputs), 1e-3)


def values(parameters):
    return {name: parameter.asnumpy().copy() for name, parameter in parameters.items()}


def everything(parts):
    """Return all numbers that a step may change, the loss scale aside."""
    tables = {"": unique_parameters(parts.model), "m.": parts.optimizer.state(), "ema.": parts.average.state()}
    return {prefix + name: value for prefix, table in tables.items() for name, value in values(table).items()}


def assert_same(own, expected):
    assert own.keys() == expected.keys()
    for name, value in expected.items():
        assert own[name].tobytes() == value.tobytes(), name


def gradients_of(model, inputs):
    """Return the loss and the gradients by name, of one graph without anything else."""
    parameters = ms.ParameterTuple(model.trainable_params())
    (loss, logits), gradients = ms.jit(gradient_function(model, parameters))(*inputs.tensors())
    named = zip(parameters, gradients, strict=True)
    return float(loss.asnumpy()), logits.asnumpy(), {p.name: g.asnumpy() for p, g in named}


PLAIN = {"name": "momentum", "momentum": 0.0, "weight_decay": 0.0}  # the step is the gradient


@pytest.mark.parametrize(
    "train", [{}, {"accumulate": 2}, {"recompute": True}], ids=["whole", "accumulate", "recompute"]
)
def test_a_step_goes_along_the_mean_gradient(train):
    parts = training(train, PLAIN, **RANDOM)
    inputs = batch(8, model=parts.model)
    loss, logits, gradients = gradients_of(parts.model, inputs)
    before = values(unique_parameters(parts.model))
    batches = halves(inputs) if "accumulate" in train else [inputs]
    own_loss, own_logits, taken = parts.step(batches, 0.5)
    assert taken is True
    assert own_loss == pytest.approx(loss, rel=1e-6)
    np.testing.assert_allclose(np.concatenate(own_logits), logits, rtol=0, atol=1e-5)
    assert [own.shape for own in own_logits] == [(8 // len(batches), 10)] * len(batches)
    after = values(unique_parameters(parts.model))
    for name, gradient in gradients.items():
        np.testing.assert_allclose(before[name] - after[name], 0.5 * gradient, rtol=0, atol=1e-6, err_msg=name)
        average = parts.average.state()[name].asnumpy()
        np.testing.assert_allclose(average, (before[name] + after[name]) / 2, rtol=0, atol=1e-7, err_msg=name)
    assert parts.step.state() == {}


@pytest.mark.parametrize("name", ["adamw", "sgd"])
def test_two_batches_of_four_are_one_of_eight(name):
    runs = []
    for train in ({}, {"accumulate": 2}):
        parts = training(train, {"name": name, "clip_norm": 1.0}, **RANDOM)
        whole = [batch(8, 8 * i, parts.model) for i in range(4)]
        losses = [parts.step(halves(inputs) if train else [inputs], 1e-3)[0] for inputs in whole]
        runs.append((losses, everything(parts)))
    np.testing.assert_allclose(runs[0][0], runs[1][0], rtol=0, atol=1e-6)
    for key, value in runs[0][1].items():
        np.testing.assert_allclose(runs[1][1][key], value, rtol=0, atol=1e-5, err_msg=key)


@pytest.mark.parametrize(
    ("train", "name"),
    [
        ({}, "sgd"),
        ({"accumulate": 2}, "adamw"),
        ({"recompute": True}, "sgd"),
        (HALF, "adamw"),
        ({"accumulate": 2, "recompute": True, **HALF}, "sgd"),
    ],
)
def test_every_parameter_moves_and_the_loss_falls(train, name):
    parts = training(train, {"name": name}, **RANDOM)
    before = values(unique_parameters(parts.model))
    inputs = batch(8, model=parts.model)
    batches = halves(inputs) if "accumulate" in train else [inputs]
    losses = [parts.step(batches, 2e-3 if name == "adamw" else 0.05)[0] for _ in range(6)]
    assert losses[-1] < losses[0] - 0.1
    for key, value in unique_parameters(parts.model).items():
        assert value.dtype == ms.float32
        assert not np.array_equal(value.asnumpy(), before[key]), key


@pytest.mark.parametrize("clip_norm", [0.05, 1e3])
def test_clipping_equals_the_formula_of_torch(clip_norm):
    parts = training({}, {**PLAIN, "clip_norm": clip_norm})
    _, _, gradients = gradients_of(parts.model, batch())
    norm = np.sqrt(sum((value.astype(np.float64) ** 2).sum() for value in gradients.values()))
    assert 0.1 < norm < 100
    factor = min(1.0, clip_norm / (norm + 1e-6))
    before = values(unique_parameters(parts.model))
    assert parts.step([batch()], 1.0)[2]
    for name, value in unique_parameters(parts.model).items():
        moved = before[name] - value.asnumpy()
        np.testing.assert_allclose(moved, factor * gradients[name], rtol=0, atol=3e-7, err_msg=name)


def rescale(model, factor):
    """Make the tokens that enter the head larger, its weights smaller: with a power of two, that can be undone."""
    ops.assign(model.norm.gamma, model.norm.gamma * factor)
    ops.assign(model.norm.beta, model.norm.beta * factor)
    ops.assign(model.head.weight, model.head.weight / factor)


def spoiled(inputs, where):
    """Return inputs whose loss is not a number; or, of a rescaled model, whose loss is finite, a gradient infinite."""
    if where == "loss":
        images = inputs.images.copy()
        images[-1, 0, 0, 0] = np.nan
        return Inputs(images, inputs.targets)
    return Inputs(inputs.images, inputs.targets * np.float32(1e37))


@pytest.mark.parametrize("where", ["loss", "gradient"])
@pytest.mark.parametrize(
    ("train", "optim"),
    [
        ({}, {}),
        ({}, {"name": "sgd", "clip_norm": 1.0}),
        ({"accumulate": 2}, {"name": "sgd"}),
        ({"accumulate": 2}, {"clip_norm": 1.0}),
        ({"recompute": True}, {}),
        ({"loss_scale": 2.0, **HALF}, {}),
        ({"loss_scale": 2.0, "accumulate": 2, **HALF}, {"name": "sgd", "clip_norm": 1.0}),
    ],
)
def test_what_is_not_finite_is_passed_over(train, optim, where):
    """Everything stays as it was, and the next step is that of a run which never met it."""
    ends = []
    for met in (False, True):
        parts, good = training(train, optim), batch(8)
        take = two_halves(parts.step) if "accumulate" in train else one_batch(parts.step)
        assert take(good)[2]
        if met:
            rescale(parts.model, 128)
            before = everything(parts)
            loss, _, taken = take(spoiled(good, where))
            assert taken is False
            assert np.isfinite(loss) == (where == "gradient")
            assert_same(everything(parts), before)
            rescale(parts.model, 1 / 128)
        assert take(good)[2]
        ends.append(everything(parts))
    if "precision" in train:  # the scale is another then, and so is the rounding
        for name, value in ends[0].items():
            np.testing.assert_allclose(ends[1][name], value, rtol=0, atol=2e-3, err_msg=name)
    else:
        assert_same(ends[1], ends[0])


def test_an_evaluation_of_the_average_between_two_steps_changes_nothing():
    ends = []
    for evaluated in (False, True):
        parts = training()
        for _ in range(3):
            assert one_batch(parts.step)(batch())[2]
            if evaluated:
                with parts.average.in_place():
                    parts.model(Tensor(batch().images))
        ends.append(everything(parts))
    assert_same(ends[1], ends[0])


def test_another_number_of_batches_is_a_fault():
    with pytest.raises(ValueError, match="1 batches: a step takes 2"):
        training({"accumulate": 2}).step([batch()], 1e-3)


@pytest.mark.parametrize("kernels", KERNELS)
def test_blocks_computed_again_give_the_same_bits(kernels):
    runs = []
    for recompute in (False, True):
        parts = training({"recompute": recompute}, depth=2, kernels=kernels, **RANDOM)
        steps = [parts.step([batch(4, 4 * i, parts.model)], 1e-2) for i in range(3)]
        runs.append(([loss for loss, _, _ in steps], everything(parts)))
    assert runs[0][0] == runs[1][0]
    assert_same(runs[1][1], runs[0][1])


class Spy(nn.Cell):
    """A Cell that notes the types of what goes into another one and comes out of it; of PYNATIVE mode."""

    def __init__(self, cell, name, seen):
        super().__init__()
        self.cell, self.name, self.seen = cell, name, seen

    def construct(self, *inputs):
        outputs = self.cell(*inputs)
        first = outputs[0] if isinstance(outputs, tuple) else outputs
        self.seen[self.name] = (str(inputs[0].dtype), str(first.dtype))
        return outputs


def test_products_are_float16_and_norm_softmax_and_logits_float32(pynative):
    model, seen = tiny_model("circulant2", depth=1, image_size=16, kernels="portable"), {}
    block = model.blocks[0]
    attn, shortcut = block.attn, block.attn_shortcut.project
    block.norm1 = Spy(block.norm1, "norm", seen)
    for cell, name in ((attn, "softmax"), (attn, "product"), (attn, "merge_heads"), (shortcut, "product")):
        setattr(cell, name, Spy(getattr(cell, name), "shortcut" if cell is shortcut else name, seen))
    for cell, name in ((attn.qkv, "qkv"), (attn.proj, "proj"), (block.mlp.fc1, "fc1"), (block.mlp.fc2, "fc2")):
        cell.matmul = Spy(cell.matmul, name, seen)
    logits = _forward(model, _float16_products)(Tensor(batch(2).images), None, None)
    products = ("qkv", "product", "merge_heads", "proj", "fc1", "fc2", "shortcut")
    assert {name: output for name, (_, output) in seen.items()} == {
        **dict.fromkeys(products, "Float16"),
        **dict.fromkeys(("norm", "softmax"), "Float32"),
    }
    assert logits.dtype == ms.float32


def test_float16_gradients_are_near_those_of_float32():
    errors = {}
    for name, train in {"float16": HALF, "float32": {}}.items():
        parts = training(train, PLAIN, kernels="portable")
        before = values(unique_parameters(parts.model))
        assert parts.step([batch()], 1.0)[2]
        errors[name] = {k: before[k] - p.asnumpy() for k, p in unique_parameters(parts.model).items()}
    whole = {k: np.concatenate([v.reshape(-1) for v in table.values()]) for k, table in errors.items()}
    error = np.linalg.norm(whole["float16"] - whole["float32"]) / np.linalg.norm(whole["float32"])
    assert 1e-5 < error < 4e-3


def test_evaluation_stays_float32():
    parts = training(HALF)
    fresh = tiny_model("circulant2", depth=1, image_size=16, kernels="portable")
    parts.step([batch()], 1e-2)
    for name, parameter in unique_parameters(fresh).items():
        parameter.set_data(Tensor(unique_parameters(parts.model)[name].asnumpy()))
    images = Tensor(batch().images)
    for model in (parts.model, fresh):
        model.set_train(False)
    assert np.array_equal(parts.model(images).asnumpy(), fresh(images).asnumpy())


def test_the_loss_scale_halves_where_a_step_overflows_and_doubles_after_good_ones():
    parts = training({"loss_scale": 2.0**40, "loss_scale_window": 2, **HALF})
    state = parts.step.state()
    assert {name: (p.dtype, p.shape) for name, p in state.items()} == {
        "loss_scale": (ms.float32, ()),
        "loss_scale_counter": (ms.int32, ()),
    }
    before, seen = everything(parts), []
    for _ in range(40):
        loss, _, taken = parts.step([batch()], 1e-3)
        assert np.isfinite(loss)
        seen.append((taken, float(state["loss_scale"].asnumpy())))
        if taken:
            break
        assert_same(everything(parts), before)
    assert len(seen) > 5
    assert [scale for taken, scale in seen if not taken] == [2.0 ** (39 - i) for i in range(len(seen) - 1)]
    assert seen[-1] == (True, seen[-2][1])
    assert int(state["loss_scale_counter"].asnumpy()) == 1
    ops.assign(state["loss_scale"], Tensor(4.0, ms.float32))
    scales = []
    for _ in range(4):
        assert parts.step([batch()], 1e-3)[2]
        scales.append(float(state["loss_scale"].asnumpy()))
    assert scales == [8.0, 8.0, 16.0, 16.0]


def test_native_kernels_go_with_float32_alone():
    assert training_settings(Config(train=TrainConfig(precision="float16"))) == {"kernels": "portable"}
    assert training_settings(Config()) == {}
