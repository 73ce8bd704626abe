# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Whole training steps against PyTorch: losses, gradients, AdamW and the moving average."""

import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor

from src.config import Config, OptimConfig
from src.distributed import ALONE
from src.engine.objectives.classification import Classification
from src.engine.step import Inputs, TrainStep
from src.models.contract import unique_parameters
from src.optim.ema import MovingAverage
from src.optim.optimizer import build_optimizer
from tests.conftest import shared_data
from tests.golden.load import FOLDER, largest_difference, model_of, read_golden
from tests.native import IMPLEMENTATIONS
from tests.tiny import loss_and_gradients

NAME = "train_augvit_circulant2.npz"


def assert_training_agrees(path, implementation):
    golden = read_golden(path)
    model = model_of(golden, "init/", implementation=implementation)
    model.set_train(True)
    parameters = tuple(model.trainable_params())
    config = Config(optim=OptimConfig(weight_decay=golden.config["weight_decay"]))
    optimizer = build_optimizer(parameters, config.optim, model.no_weight_decay())
    average = MovingAverage(parameters, golden.config["ema_decay"])
    step = TrainStep(model, Classification(), optimizer, average, config, ALONE)
    losses = []
    for images, targets, lr in zip(*(golden.arrays[name] for name in ("images", "targets", "lr")), strict=True):
        loss, logits, taken = step([Inputs((images, targets))], float(lr))
        assert [own.shape for own in logits] == [targets.shape]
        assert taken
        losses.append(loss)
    np.testing.assert_allclose(losses, golden.arrays["losses"], rtol=0, atol=1e-5)
    final = {name: parameter.asnumpy() for name, parameter in unique_parameters(model).items()}
    assert largest_difference(final, golden.in_our_names("final/", model)) < 1e-4
    averages = {name: parameter.asnumpy() for name, parameter in average.state().items()}
    assert largest_difference(averages, golden.in_our_names("ema/", model)) < 1e-4
    assert largest_difference(golden.in_our_names("init/", model), golden.in_our_names("final/", model)) > 1e-3


def assert_gradients_agree(path, implementation):
    golden = read_golden(path)
    model = model_of(golden, "init/", implementation=implementation)
    images, targets = (Tensor(golden.arrays[name][0]) for name in ("images", "targets"))
    loss, _, own = loss_and_gradients(model, images, targets)
    assert float(loss) == pytest.approx(golden.arrays["losses"][0], abs=1e-5)
    expected = golden.in_our_names("grad0/", model)
    assert own.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_allclose(own[name], value, rtol=0, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
def test_steps_equal_our_golden(implementation):
    assert_training_agrees(FOLDER / NAME, implementation)


@pytest.mark.shared
def test_steps_equal_those_of_the_official_code():
    assert_training_agrees(shared_data("..", "golden", NAME), "auto")


@pytest.mark.parametrize("mode", [ms.PYNATIVE_MODE], indirect=True, ids=["pynative"])
@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
def test_first_gradients_equal_our_golden(implementation, mode):
    assert_gradients_agree(FOLDER / NAME, implementation)


@pytest.mark.shared
@pytest.mark.parametrize("mode", [ms.PYNATIVE_MODE], indirect=True, ids=["pynative"])
def test_first_gradients_equal_those_of_the_official_code(mode):
    assert_gradients_agree(shared_data("..", "golden", NAME), "auto")
