# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""T projections: products, parameters, initial values, and which form a device gets."""

import logging

import numpy as np
import pytest
from mindspore import Tensor

from src.layers.shortcut.augmented import DenseProjection
from src.layers.shortcut.circulant import FourierProduct, GatheredProduct, Generators
from src.layers.shortcut.circulant import choose_implementation as choose

pytestmark = pytest.mark.usefixtures("pynative")


def product(implementation, shape):
    return FourierProduct() if implementation == "fft" else GatheredProduct(shape)


def matrix(generators):
    """Return the dense weight, each block built of its generator rolled down by one a column."""
    blocks = np.stack([np.roll(generators, q, axis=-1) for q in range(generators.shape[-1])], axis=-1)  # T, i, j, p, q
    paths, b_out, b_in, n, _ = blocks.shape
    return blocks.transpose(0, 1, 3, 2, 4).reshape(paths * b_out * n, b_in * n).astype(np.float64)


@pytest.mark.parametrize("implementation", ["fft", "dense"])
@pytest.mark.parametrize(
    ("channels_in", "channels_out", "paths", "blocks", "shape"),
    [
        (12, 12, 1, 4, (1, 4, 4, 3)),
        (12, 12, 3, 2, (3, 2, 2, 6)),
        (6, 18, 2, 2, (2, 6, 2, 3)),
        (24, 8, 2, 4, (2, 4, 12, 2)),
    ],
)
def test_projections_stand_one_behind_the_other(channels_in, channels_out, paths, blocks, shape, implementation, rng):
    cell = Generators(channels_in, channels_out, paths, blocks)
    assert cell.weight.shape == shape
    assert cell.bias.shape == (paths * channels_out,)
    z = rng.standard_normal((2, 5, channels_in)).astype(np.float32)
    expected = z @ matrix(cell.weight.asnumpy()).T
    y = product(implementation, shape)(Tensor(z), cell.weight).asnumpy()
    assert y.shape == (2, 5, paths * channels_out)
    assert np.abs(y - expected).max() < 1e-5


@pytest.mark.parametrize("implementation", ["fft", "dense"])
def test_both_modes_run_it(implementation, mode, rng):
    generators = rng.standard_normal((2, 2, 2, 4)).astype(np.float32)
    z = rng.standard_normal((3, 2, 8)).astype(np.float32)
    y = product(implementation, generators.shape)(Tensor(z), Tensor(generators)).asnumpy()
    assert np.abs(y - z @ matrix(generators).T).max() < 1e-5


def test_generators_and_bias_are_the_only_parameters():
    cell = Generators(12, 12, 2, 4)
    assert {p.name: p.shape for p in cell.get_parameters()} == {"weight": (2, 4, 4, 3), "bias": (24,)}
    cell = Generators(12, 12, 2, 4, has_bias=False)
    assert [p.name for p in cell.get_parameters()] == ["weight"]


def test_parameters_start_uniform_on_one_over_root_of_the_inputs():
    cell = Generators(400, 200, 8, 2)
    for parameter, tolerance in ((cell.weight, 0.002), (cell.bias, 0.005)):
        values = parameter.asnumpy()
        assert 0.045 < np.abs(values).max() <= 0.05  # 1 / sqrt(400)
        assert abs(values.std() - 0.05 / np.sqrt(3)) < tolerance
        assert abs(values.mean()) < tolerance


@pytest.mark.parametrize(("channels_in", "channels_out", "blocks"), [(10, 10, 4), (10, 4, 1), (4, 6, 1), (3, 3, 4)])
def test_blocks_that_do_not_fit_are_refused(channels_in, channels_out, blocks):
    with pytest.raises(ValueError, match=f"blocks={blocks}: {channels_in} x {channels_out} channels do not split"):
        Generators(channels_in, channels_out, 1, blocks)


def test_the_choice_for_a_device_is_logged_once(caplog, monkeypatch):
    monkeypatch.setattr(logging.getLogger("augvit"), "propagate", True)
    choose.cache_clear()
    with caplog.at_level(logging.INFO, logger="augvit"):
        choices = [choose("CPU", native) for native in (True, False, True, False)]
    assert choices == ["native", "dense", "native", "dense"]
    assert caplog.messages == [f"circulant projections: auto takes {choice} on CPU" for choice in ("native", "dense")]


def test_a_device_without_native_kernels_gets_the_dense_product():
    assert (choose("GPU", False), choose("Ascend", False)) == ("dense", "dense")


@pytest.mark.parametrize("has_bias", [True, False])
def test_dense_projections_are_one_product(has_bias, rng):
    cell = DenseProjection(6, 5, 3, has_bias)
    values = {p.name: rng.standard_normal(p.shape).astype(np.float32) for p in cell.get_parameters()}
    assert {name: value.shape for name, value in values.items()} == (
        {"proj.weight": (15, 6), "proj.bias": (15,)} if has_bias else {"proj.weight": (15, 6)}
    )
    for parameter in cell.get_parameters():
        parameter.set_data(Tensor(values[parameter.name]))
    z = rng.standard_normal((2, 4, 6)).astype(np.float32)
    expected = z.astype(np.float64) @ values["proj.weight"].T + values.get("proj.bias", 0)
    assert np.abs(cell(Tensor(z)).asnumpy() - expected).max() < 1e-5
