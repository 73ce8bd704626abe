# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The training step: accumulation, clipping, what is not finite, float16, and blocks computed again.

Nearly all the time goes into compiling steps, so the tests share those of ``RUNS``, each put back to its start.
"""

import dataclasses
from types import SimpleNamespace

import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor, nn, ops

from src.config import Config, OptimConfig, TrainConfig
from src.distributed import ALONE
from src.engine.objectives.classification import Classification
from src.engine.precision import choose_precision, lowered, training_settings
from src.engine.step import Inputs, TrainStep
from src.layers.drop_path import drop_path_factors
from src.layers.dropout import dropout_seeds
from src.models.contract import unique_parameters
from src.optim.ema import MovingAverage
from src.optim.optimizer import build_optimizer
from tests.tiny import loss_and_gradients, tiny_model

RANDOM = {"drop_rate": 0.2, "drop_path_rate": 0.3}
HALF = {"precision": "float16", "loss_scale": 2.0, "loss_scale_window": 2}
BOTH = {"accumulate": 2, "recompute": True, **HALF}
BETA1 = 0.9
CLIP = 0.05
PLAIN = {"name": "momentum", "weight_decay": 0.0}  # the first step is the gradient
RUNS = {
    "whole": {"optim": PLAIN, "depth": 2},
    "recompute": {"train": {"recompute": True}, "optim": PLAIN, "depth": 2},
    "accumulate": {"train": {"accumulate": 2}, "optim": {"betas": (BETA1, 0.999), "clip_norm": CLIP}},
    "float16": {"train": HALF, "optim": {**PLAIN, "clip_norm": CLIP}},
    "float16-accumulate-recompute": {"train": BOTH, "optim": {**PLAIN, "clip_norm": CLIP}},
}


class Training(SimpleNamespace):
    """The parts of a training: model, optimizer, average, step and config."""

    def tables(self):
        """Return all that a step may change, the loss scale aside."""
        return {"": unique_parameters(self.model), "m.": self.optimizer.state(), "ema.": self.average.state()}

    def all_values(self):
        return {prefix + name: v for prefix, table in self.tables().items() for name, v in values(table).items()}

    def take(self, inputs, lr):
        """Take a step on a batch, in two halves where the step wants two."""
        return self.step(halves(inputs) if self.config.train.accumulate == 2 else [inputs], lr)


def training(train=None, optim=None, **model):
    optim = {"lr": 1e-2, "weight_decay": 0.1, "warmup_epochs": 0.0, **(optim or {})}
    config = Config(optim=OptimConfig(**optim), train=TrainConfig(epochs=1, **(train or {})))
    ms.set_seed(5)
    model = tiny_model("circulant2", **{"depth": 1, "image_size": 16, **RANDOM, **model, **training_settings(config)})
    model.set_train(True)
    parameters = tuple(model.trainable_params())
    optimizer = build_optimizer(parameters, config.optim, model.no_weight_decay())
    average = MovingAverage(parameters, 0.5)
    step = TrainStep(model, Classification(), optimizer, average, config, ALONE)
    return Training(model=model, optimizer=optimizer, average=average, step=step, config=config)


@pytest.fixture(scope="module")
def start():
    """Return a function that gives the training of a name in ``RUNS`` as it is at its start."""
    made = {}

    def started(name):
        if name not in made:
            parts = training(**RUNS[name])
            tables = (*parts.tables().values(), parts.step.state())
            made[name] = parts, [(p, Tensor(p.asnumpy().copy())) for table in tables for p in table.values()]
        parts, first = made[name]
        for parameter, value in first:
            ops.assign(parameter, value)
        return parts

    return started


@pytest.fixture(scope="module")
def reference():
    """Return a function of a training at its start that gives loss, logits and gradients of ``batch(8)``, by no graph.

    Trainings of one depth start at the same weights, so it computes once for each depth.
    """
    known = {}

    def found(parts):
        depth = len(parts.model.blocks)
        if depth not in known:
            drop_path, seeds, images, targets = batch(parts.model).tensors()
            ms.set_context(mode=ms.PYNATIVE_MODE)
            try:
                loss, logits, named = loss_and_gradients(parts.model, images, targets, drop_path, seeds)
            finally:
                ms.set_context(mode=ms.GRAPH_MODE)
            known[depth] = float(loss.asnumpy()), logits.asnumpy(), named
        return known[depth]

    return found


def batch(model, count=8, first=0):
    """Return some pictures with soft targets and noise."""
    rng = np.random.default_rng(first)
    images = rng.standard_normal((count, 3, 16, 16)).astype(np.float32)
    targets = (0.9 * np.eye(10)[rng.integers(0, 10, count)] + 0.01).astype(np.float32)
    positions = range(first, first + count)
    factors = drop_path_factors(model.drop_path_rates, 1, 0, positions)
    return Inputs((images, targets), factors, dropout_seeds(1, 0, positions))


def halves(whole):
    arrays = zip(*(np.split(array, 2) for array in whole.arrays), strict=True)
    noise = (np.split(whole.drop_path, 2, axis=1), np.split(whole.seeds, 2))
    return [Inputs(*part) for part in zip(arrays, *noise, strict=True)]


def scaled(inputs, factor):
    """Return inputs whose loss is ``factor`` times as large, and so are the gradients."""
    images, targets = inputs.arrays
    return dataclasses.replace(inputs, arrays=(images, targets * np.float32(factor)))


def values(parameters):
    return {name: parameter.asnumpy().copy() for name, parameter in parameters.items()}


def assert_same(own, expected):
    assert own.keys() == expected.keys()
    for name, value in expected.items():
        assert own[name].tobytes() == value.tobytes(), name


def norm_of(gradients):
    return np.sqrt(sum((value.astype(np.float64) ** 2).sum() for value in gradients.values()))


def first_direction(parts):
    """Return what the optimizer was given in its first step, by the names of the weights."""
    adamw = parts.config.optim.name == "adamw"
    prefix, share = ("m.", 1.0 - BETA1) if adamw else ("velocity.", 1.0)
    state = parts.optimizer.state()
    return {name: state[prefix + name].asnumpy() / share for name in parts.average.state()}


@pytest.mark.parametrize("name", ["whole", "accumulate"])
def test_a_step_goes_along_the_mean_gradient_clipped_as_by_torch(name, start, reference):
    """Of two steps from the same start, the gradient of one is above ``CLIP``, that of the other below it."""
    for factor in (1.0, 0.01):
        parts = start(name)
        loss, logits, gradients = reference(parts)
        norm = factor * norm_of(gradients)
        assert (norm > 1.5 * CLIP) == (factor == 1.0)
        clipping = min(1.0, CLIP / (norm + 1e-6)) if parts.config.optim.clip_norm else 1.0
        before = values(unique_parameters(parts.model))
        own_loss, own_logits, taken = parts.take(scaled(batch(parts.model), factor), 0.5)
        assert taken is True
        assert own_loss == pytest.approx(factor * loss, rel=1e-6)
        np.testing.assert_allclose(np.concatenate(own_logits), logits, rtol=0, atol=1e-5)
        count = parts.config.train.accumulate
        assert [own.shape for own in own_logits] == [(8 // count, 10)] * count
        after, direction = values(unique_parameters(parts.model)), first_direction(parts)
        for key, gradient in gradients.items():
            own = direction[key] / (factor * clipping)
            np.testing.assert_allclose(own, gradient, rtol=0, atol=1e-6, err_msg=key)
            average = parts.average.state()[key].asnumpy()
            np.testing.assert_allclose(average, (before[key] + after[key]) / 2, rtol=0, atol=1e-7, err_msg=key)
            if parts.config.optim.name == "momentum":
                moved = before[key] - after[key]
                np.testing.assert_allclose(moved, 0.5 * direction[key], rtol=0, atol=1e-6, err_msg=key)
        assert parts.step.state() == {}


@pytest.mark.parametrize("name", ["whole", "accumulate", "float16"])
def test_every_parameter_moves_and_the_loss_falls(name, start):
    parts = start(name)
    before, inputs = values(unique_parameters(parts.model)), batch(parts.model)
    losses = [parts.take(inputs, {"whole": 0.05, "accumulate": 2e-3, "float16": 0.5}[name])[0] for _ in range(6)]
    assert losses[-1] < losses[0] - 0.1
    for key, value in unique_parameters(parts.model).items():
        assert value.dtype == ms.float32
        assert not np.array_equal(value.asnumpy(), before[key]), key


def rescale(model, factor):
    """Make the tokens that enter the head larger, its weights smaller: with a power of two, that can be undone."""
    ops.assign(model.norm.gamma, model.norm.gamma * factor)
    ops.assign(model.norm.beta, model.norm.beta * factor)
    ops.assign(model.head.weight, model.head.weight / factor)


def spoiled(inputs, where):
    """Return inputs whose loss is not a number; or, of a rescaled model, whose loss is finite, a gradient infinite."""
    if where == "gradient":
        return scaled(inputs, 1e37)
    images, targets = inputs.arrays[0].copy(), inputs.arrays[1]
    images[-1, 0, 0, 0] = np.nan
    return dataclasses.replace(inputs, arrays=(images, targets))


@pytest.mark.parametrize("name", RUNS)
def test_what_is_not_finite_is_passed_over(name, start):
    """Everything stays as it was, and the next step is that of a run which never met it."""
    ends = []
    for met in ((), ("loss", "gradient")):
        parts = start(name)
        good = batch(parts.model, 16 if name == "float16-accumulate-recompute" else 8)
        assert parts.take(good, 1e-3)[2]
        rescale(parts.model, 128)
        before = parts.all_values()
        for where in met:
            loss, _, taken = parts.take(spoiled(good, where), 1e-3)
            assert taken is False
            assert np.isfinite(loss) == (where == "gradient")
            assert_same(parts.all_values(), before)
        rescale(parts.model, 1 / 128)
        assert parts.take(good, 1e-3)[2]
        ends.append(parts.all_values())
    if "precision" not in RUNS[name].get("train", {}):
        assert_same(ends[1], ends[0])
        return
    for key, value in ends[0].items():  # the scale is another then, and so is the rounding
        np.testing.assert_allclose(ends[1][key], value, rtol=0, atol=2e-3, err_msg=key)


def test_an_evaluation_of_the_average_between_two_steps_changes_nothing_and_is_float32(start):
    ends = []
    for evaluated in (False, True):
        parts = start("float16")
        images = Tensor(batch(parts.model).arrays[0])
        for _ in range(3):
            assert parts.take(batch(parts.model), 1e-2)[2]
            if evaluated:
                with parts.average.in_place():
                    logits = parts.model(images).asnumpy()
                    weights = values(unique_parameters(parts.model))
        ends.append(parts.all_values())
    assert_same(ends[1], ends[0])
    fresh = tiny_model("circulant2", depth=1, image_size=16, kernels="portable", **RANDOM)
    for name, parameter in unique_parameters(fresh).items():
        parameter.set_data(Tensor(weights[name]))
    assert np.array_equal(logits, fresh(images).asnumpy())


def test_another_number_of_batches_is_a_fault(start):
    parts = start("accumulate")
    with pytest.raises(ValueError, match="1 batches: a step takes 2"):
        parts.step([batch(parts.model)], 1e-3)


@pytest.mark.parametrize(
    ("name", "again"),
    [("whole", "recompute"), ("float16", "float16-accumulate-recompute")],
    ids=["float32", "float16-portable"],
)
def test_blocks_computed_again_give_the_same_bits(name, again, start):
    """Of two batches that are the same the mean gradient is that of one, bit for bit."""
    runs = []
    for parts in (start(name), start(again)):
        count = parts.config.train.accumulate
        steps = [parts.step([batch(parts.model, 8, 8 * i)] * count, 1e-2) for i in range(2)]
        losses, logits, taken = zip(*steps, strict=True)
        assert taken == (True, True)
        assert all(np.array_equal(own, step[0]) for step in logits for own in step)
        runs.append((losses, np.stack([step[0] for step in logits]), parts.all_values()))
    assert runs[0][0] == runs[1][0]
    assert np.array_equal(runs[0][1], runs[1][1])
    assert_same(runs[1][2], runs[0][2])


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
    attend, shortcut = block.attn.attend, block.attn_shortcut.sum
    block.norm1 = Spy(block.norm1, "norm", seen)
    for cell, name in ((attend, "softmax"), (attend, "product"), (attend, "merge_heads"), (shortcut, "product")):
        setattr(cell, name, Spy(getattr(cell, name), "shortcut" if cell is shortcut else name, seen))
    attn = block.attn
    for cell, name in ((attn.qkv, "qkv"), (attn.proj, "proj"), (block.mlp.fc1, "fc1"), (block.mlp.fc2, "fc2")):
        cell.matmul = Spy(cell.matmul, name, seen)
    precision = choose_precision(Config(train=TrainConfig(precision="float16")))
    logits = lowered(model, precision)(Tensor(batch(model, 2).arrays[0]), None, None)
    products = ("qkv", "product", "merge_heads", "proj", "fc1", "fc2", "shortcut")
    assert {name: output for name, (_, output) in seen.items()} == {
        **dict.fromkeys(products, "Float16"),
        **dict.fromkeys(("norm", "softmax"), "Float32"),
    }
    assert logits.dtype == ms.float32


def test_float16_gradients_are_near_those_of_float32(start, reference):
    parts = start("float16")
    _, _, gradients = reference(parts)
    assert parts.take(batch(parts.model), 1.0)[2]
    direction = first_direction(parts)
    assert norm_of(direction) == pytest.approx(CLIP, rel=1e-3)  # clipped behind the division by the loss scale
    factor = norm_of(gradients) / CLIP
    error = norm_of({key: factor * direction[key] - gradient for key, gradient in gradients.items()})
    assert 1e-5 < error / norm_of(gradients) < 4e-3


def test_the_loss_scale_halves_where_a_step_overflows_and_doubles_after_good_ones(start):
    parts = start("float16")
    state = parts.step.state()
    assert {name: (p.dtype, p.shape, float(p.asnumpy())) for name, p in state.items()} == {
        "loss_scale": (ms.float32, (), 2.0),
        "loss_scale_counter": (ms.int32, (), 0.0),
    }
    ops.assign(state["loss_scale"], Tensor(2.0**40, ms.float32))
    before, seen = parts.all_values(), []
    for _ in range(40):
        loss, _, taken = parts.take(batch(parts.model), 1e-3)
        assert np.isfinite(loss)
        seen.append((taken, float(state["loss_scale"].asnumpy())))
        if taken:
            break
        assert_same(parts.all_values(), before)
    assert len(seen) > 5
    assert [scale for taken, scale in seen if not taken] == [2.0 ** (39 - i) for i in range(len(seen) - 1)]
    assert seen[-1] == (True, seen[-2][1])
    assert int(state["loss_scale_counter"].asnumpy()) == 1
    ops.assign(state["loss_scale"], Tensor(4.0, ms.float32))
    scales = []
    for _ in range(4):
        assert parts.take(batch(parts.model), 1e-3)[2]
        scales.append(float(state["loss_scale"].asnumpy()))
    assert scales == [8.0, 8.0, 16.0, 16.0]


def test_native_kernels_go_with_float32_alone():
    assert training_settings(Config(train=TrainConfig(precision="float16"))) == {"kernels": "portable"}
    assert training_settings(Config()) == {}
