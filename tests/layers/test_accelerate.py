# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""What takes whose place on which device, and what stays."""

import pytest
from mindspore import nn

from src.layers import accelerate as module
from src.layers.accelerate import NATIVE, OPERATORS, accelerate
from src.layers.activation import OperatorGELU, PolynomialGELU
from src.layers.shortcut.circulant import CirculantSum
from src.models.contract import unique_parameters
from tests.native import needs_compiler
from tests.tiny import TINY_FAMILIES, tiny_family, tiny_model

MODELS = {
    "vit": tiny_model,
    **{name: (lambda name=name, **kwargs: tiny_family(name, **kwargs)) for name in TINY_FAMILIES},
}


def classes(network):
    return {type(cell) for _, cell in network.cells_and_names()}


@needs_compiler
@pytest.mark.parametrize("name", MODELS)
def test_nothing_that_has_a_native_form_is_left_and_no_parameter_moves(name):
    portable, fast = MODELS[name](kernels="portable"), MODELS[name]()
    assert classes(portable) & NATIVE.keys()
    assert not classes(fast) & NATIVE.keys()
    assert list(unique_parameters(fast)) == list(unique_parameters(portable))
    native = [cell for _, cell in fast.cells_and_names() if type(cell).__name__.startswith("Native")]
    assert native
    assert not any(list(cell.get_parameters()) for cell in native)


def test_a_portable_network_never_asks_for_the_library(monkeypatch):
    def library():
        raise AssertionError("asked for")

    monkeypatch.setattr(module, "library", library)
    monkeypatch.setattr("src.ops.native.library.library", library)
    for kernels in ("portable", "traced"):
        assert not {cell for cell in classes(tiny_model(kernels=kernels)) if cell.__name__.startswith("Native")}


@pytest.mark.parametrize(("device", "gelu"), [("Ascend", OperatorGELU), ("GPU", PolynomialGELU)])
def test_other_devices_have_the_operators_that_they_know(device, gelu, monkeypatch):
    monkeypatch.setattr("src.distributed.device_target", lambda: device)
    found = classes(tiny_model())
    assert gelu in found
    assert not {cell for cell in found if cell.__name__.startswith("Native")}


def test_a_network_that_is_traced_has_one_operator_for_a_function():
    found = classes(tiny_model(kernels="traced"))
    assert not found & OPERATORS.keys()
    assert OperatorGELU in found
    assert nn.Softmax in found  # one operator as it is


@needs_compiler
def test_a_cell_alone_gives_way_to_another():
    cell = PolynomialGELU()
    assert accelerate(cell, "portable") is cell
    assert accelerate(cell) is not cell


@needs_compiler
def test_an_implementation_asked_for_by_name_stays_with_native_parts():
    model = tiny_model(shortcut={"implementation": "dense"})
    found = classes(model)
    assert CirculantSum in found
    assert PolynomialGELU not in found
