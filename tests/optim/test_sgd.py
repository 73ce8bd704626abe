# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""SGD with momentum against NumPy in double precision, in the form of PyTorch's documentation."""

import mindspore as ms
import numpy as np
import pytest
from mindspore import Parameter, Tensor

from src.config import GroupRule, OptimConfig
from src.optim.sgd import SGD

SHAPES = {"fc.weight": (5, 4), "fc.bias": (5,), "cls_token": (1, 1, 4)}


def sgd_in_numpy(values, gradients, rates, momentum, nesterov, decays, scales):
    """Return values and velocities after one step a row of ``gradients``, in float64."""
    values = {name: value.astype(np.float64) for name, value in values.items()}
    velocities = {}
    for row, lr in zip(gradients, rates, strict=True):
        for name, gradient in row.items():
            g = gradient + decays[name] * values[name]
            velocities[name] = momentum * velocities[name] + g if name in velocities else g
            values[name] -= lr * scales[name] * (g + momentum * velocities[name] if nesterov else velocities[name])
    return values, velocities


@pytest.mark.parametrize("momentum", [0.9, 0.0])
@pytest.mark.parametrize("name", ["sgd", "momentum"])
def test_eight_steps_equal_numpy(name, momentum, mode, rng):
    rules = (GroupRule("fc.bias", lr_scale=0.25, weight_decay=0.1),)
    optim = OptimConfig(name=name, momentum=momentum, weight_decay=0.3, groups=rules)
    start = {key: rng.standard_normal(shape).astype(np.float32) for key, shape in SHAPES.items()}
    gradients = [{key: rng.standard_normal(shape) for key, shape in SHAPES.items()} for _ in range(8)]
    rates = 0.1 * rng.random(8)
    parameters = [Parameter(Tensor(value), name=key) for key, value in start.items()]
    optimizer = SGD(parameters, optim, {"cls_token"})
    for row, lr in zip(gradients, rates, strict=True):
        optimizer(tuple(Tensor(value.astype(np.float32)) for value in row.values()), Tensor(lr, ms.float32))
    decays = {"fc.weight": 0.3, "fc.bias": 0.1, "cls_token": 0.0}
    scales = {"fc.weight": 1.0, "fc.bias": 0.25, "cls_token": 1.0}
    values, velocities = sgd_in_numpy(start, gradients, rates, momentum, name == "sgd", decays, scales)
    for parameter in parameters:
        key = parameter.name
        np.testing.assert_allclose(parameter.asnumpy(), values[key], rtol=0, atol=2e-6)
        velocity = optimizer.state()[f"velocity.{key}"].asnumpy()
        np.testing.assert_allclose(velocity, velocities[key], rtol=0, atol=2e-6)


def test_first_step_by_hand():
    """p = 2, g = 1, wd = 0.5, mu = 0.5, lr = 0.1: g + wd p = 2, so u = 2; Nesterov's step is 0.1 (2 + 0.5 2) = 0.3."""
    for name, expected in (("sgd", 1.7), ("momentum", 1.8)):
        parameter = Parameter(Tensor(np.full((1, 1), 2.0, np.float32)), name="p")
        optimizer = SGD([parameter], OptimConfig(name=name, momentum=0.5, weight_decay=0.5), set())
        optimizer((Tensor(np.ones((1, 1), np.float32)),), Tensor(0.1, ms.float32))
        assert parameter.asnumpy().item() == pytest.approx(expected, rel=1e-6)


def test_state_holds_the_velocities():
    parameters = [Parameter(Tensor(np.ones(shape, np.float32)), name=name) for name, shape in SHAPES.items()]
    state = SGD(parameters, OptimConfig(name="sgd"), set()).state()
    assert {name: p.shape for name, p in state.items()} == {f"velocity.{name}": s for name, s in SHAPES.items()}
