# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The moving average against NumPy, and its exchange with the weights."""

import numpy as np
import pytest
from mindspore import Parameter, Tensor

from src.optim.ema import MovingAverage


def parameters_of(rng):
    values = {"fc.weight": rng.standard_normal((4, 3)), "fc.bias": rng.standard_normal(4)}
    return [Parameter(Tensor(value.astype(np.float32)), name=name) for name, value in values.items()]


def values_of(parameters):
    return [parameter.asnumpy().copy() for parameter in parameters]


def test_average_equals_numpy(mode, rng):
    parameters = parameters_of(rng)
    average = MovingAverage(parameters, 0.9)
    expected = [value.astype(np.float64) for value in values_of(parameters)]
    for _ in range(6):
        for i, parameter in enumerate(parameters):
            weight = rng.standard_normal(parameter.shape).astype(np.float32)
            parameter.set_data(Tensor(weight))
            expected[i] = 0.9 * expected[i] + 0.1 * weight
        average()
    assert list(average.state()) == ["fc.weight", "fc.bias"]
    for own, value in zip(average.state().values(), expected, strict=True):
        np.testing.assert_allclose(own.asnumpy(), value, rtol=0, atol=5e-7)


def test_average_starts_at_the_weights_and_leaves_them_alone(rng):
    parameters = parameters_of(rng)
    before = values_of(parameters)
    average = MovingAverage(parameters, 0.5)
    average()
    for weight, own, start in zip(values_of(parameters), average.state().values(), before, strict=True):
        assert np.array_equal(weight, start)
        assert np.array_equal(own.asnumpy(), start)


@pytest.mark.parametrize("fails", [False, True])
def test_in_place_restores_the_weights_bit_for_bit(rng, fails):
    parameters = parameters_of(rng)
    average = MovingAverage(parameters, 0.5)
    odd = np.array([-0.0, np.nan, 1e-42, np.inf], np.float32)  # an arithmetic exchange would lose these
    parameters[1].set_data(Tensor(odd))
    parameters[0].set_data(Tensor(rng.standard_normal((4, 3)).astype(np.float32)))
    weights, averages = values_of(parameters), values_of(average.state().values())

    def evaluate():
        with average.in_place():
            for parameter, value in zip(parameters, averages, strict=True):
                assert parameter.asnumpy().tobytes() == value.tobytes()
            if fails:
                raise KeyError("passes through")

    if fails:
        with pytest.raises(KeyError, match="passes through"):
            evaluate()
    else:
        evaluate()
    for parameter, weight in zip(parameters, weights, strict=True):
        assert parameter.asnumpy().tobytes() == weight.tobytes()
    for own, value in zip(average.state().values(), averages, strict=True):
        assert own.asnumpy().tobytes() == value.tobytes()
