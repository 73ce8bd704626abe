# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""AdamW against NumPy in double precision, and which parameters decay."""

import mindspore as ms
import numpy as np
import pytest
from mindspore import Parameter, Tensor

from src.config import OptimConfig
from src.optim.adamw import AdamW
from tests.tiny import tiny_model

SHAPES = {"fc.weight": (5, 4), "fc.bias": (5,), "cls_token": (1, 1, 4)}


def parameters_of(values):
    return [Parameter(Tensor(value.astype(np.float32)), name=name) for name, value in values.items()]


def gradients_of(gradients):
    return tuple(Tensor(value.astype(np.float32)) for value in gradients.values())


def rate(lr):
    return Tensor(lr, ms.float32)


def adamw_in_numpy(values, gradients, rates, optim, decays):
    """Return the values after one step a row of ``gradients``, in float64."""
    (b1, b2), values = optim.betas, {name: value.astype(np.float64) for name, value in values.items()}
    m = {name: np.zeros_like(value) for name, value in values.items()}
    v = {name: np.zeros_like(value) for name, value in values.items()}
    for t, (row, lr) in enumerate(zip(gradients, rates, strict=True), start=1):
        for name, g in row.items():
            m[name] = b1 * m[name] + (1 - b1) * g
            v[name] = b2 * v[name] + (1 - b2) * g**2
            step = (m[name] / (1 - b1**t)) / (np.sqrt(v[name] / (1 - b2**t)) + optim.eps)
            values[name] = values[name] * (1 - lr * decays[name]) - lr * step
    return values, m, v


@pytest.mark.parametrize(("betas", "scale"), [((0.9, 0.999), 1.0), ((0.8, 0.95), 1.0), ((0.9, 0.999), 1e-8)])
def test_twelve_steps_equal_numpy(mode, rng, betas, scale):
    """Gradients of every size, and such that eps is what counts."""
    optim = OptimConfig(weight_decay=0.3, betas=betas)
    start = {name: rng.standard_normal(shape).astype(np.float32) for name, shape in SHAPES.items()}
    gradients = [
        {name: scale * 10.0 ** rng.integers(-3, 2) * rng.standard_normal(shape) for name, shape in SHAPES.items()}
        for _ in range(12)
    ]
    rates = 0.05 * rng.random(12)
    parameters = parameters_of(start)
    optimizer = AdamW(parameters, optim, {"cls_token"})
    for row, lr in zip(gradients, rates, strict=True):
        optimizer(gradients_of(row), rate(lr))
    decays = {"fc.weight": 0.3, "fc.bias": 0.0, "cls_token": 0.0}
    values, m, v = adamw_in_numpy(start, gradients, rates, optim, decays)
    for parameter in parameters:
        name = parameter.name
        own_m, own_v = (optimizer.state()[f"{moment}.{name}"].asnumpy() for moment in "mv")
        # the bias corrections are float32: 1 - 0.999 is off by 3e-5 of itself in the first step
        np.testing.assert_allclose(parameter.asnumpy(), values[name], rtol=0, atol=5e-6)
        np.testing.assert_allclose(own_m, m[name], rtol=2e-6, atol=1e-6 * scale)
        np.testing.assert_allclose(own_v, v[name], rtol=2e-5)


def test_rate_zero_changes_the_moments_alone(mode, rng):
    start = {name: rng.standard_normal(shape) for name, shape in SHAPES.items()}
    parameters = parameters_of(start)
    optimizer = AdamW(parameters, OptimConfig(weight_decay=0.3), set())
    optimizer(gradients_of(start), rate(0.0))
    for parameter in parameters:
        gradient = start[parameter.name].astype(np.float32)
        assert np.array_equal(parameter.asnumpy(), gradient)
        np.testing.assert_allclose(optimizer.state()[f"m.{parameter.name}"].asnumpy(), 0.1 * gradient, rtol=1e-5)
        np.testing.assert_allclose(optimizer.state()[f"v.{parameter.name}"].asnumpy(), 1e-3 * gradient**2, rtol=1e-4)


def test_state_holds_moments_and_powers():
    optimizer = AdamW(parameters_of({name: np.ones(shape) for name, shape in SHAPES.items()}), OptimConfig(), set())
    moments = {f"{moment}.{name}": shape for moment in "mv" for name, shape in SHAPES.items()}
    powers = {"beta1_power": (), "beta2_power": ()}
    assert {name: parameter.shape for name, parameter in optimizer.state().items()} == {**moments, **powers}


@pytest.mark.parametrize("mode", [ms.PYNATIVE_MODE], indirect=True, ids=["pynative"])
@pytest.mark.parametrize("released", ["base", "circulant2", "linear2"])
def test_only_dense_weights_decay(released, mode):
    """With gradients of zero a step is the decay and nothing else."""
    model = tiny_model(released, depth=1)
    parameters = model.trainable_params()
    for parameter in parameters:
        parameter.set_data(Tensor(np.ones(parameter.shape, np.float32)))
    optimizer = AdamW(parameters, OptimConfig(weight_decay=0.5), model.no_weight_decay())
    optimizer(tuple(Tensor(np.zeros(p.shape, np.float32)) for p in parameters), rate(0.1))
    dense = {"patch_embed.proj", "head"}
    dense |= {f"blocks.0.{layer}" for layer in ("attn.qkv", "attn.proj", "mlp.fc1", "mlp.fc2")}
    if released == "linear2":
        dense |= {"blocks.0.attn_shortcut.project.proj", "blocks.0.mlp_shortcut.project.proj"}
    expected = {p.name: 0.95 if p.name in {f"{name}.weight" for name in dense} else 1.0 for p in parameters}
    assert len(dense) == sum(value < 1 for value in expected.values())
    for parameter in parameters:
        np.testing.assert_allclose(parameter.asnumpy(), expected[parameter.name], rtol=1e-6, err_msg=parameter.name)
