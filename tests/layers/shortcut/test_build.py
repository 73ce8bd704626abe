# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Every shortcut against its formula in numpy, and what it learns."""

import math

import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor, nn

from src.errors import UserError
from src.layers.accelerate import accelerate
from src.layers.shortcut.augmented import AugmentedShortcut
from src.layers.shortcut.build import build_shortcut
from src.layers.shortcut.circulant import CirculantShortcut, CirculantSum
from src.layers.shortcut.native import NativeCirculantSum
from src.layers.shortcut.plain import IdentityShortcut, NoShortcut
from src.layers.shortcut.settings import ShortcutSettings
from tests.native import IMPLEMENTATIONS, KERNELS, needs_compiler

pytestmark = pytest.mark.usefixtures("pynative")

DIM, BLOCKS = 12, 4
FORMS = ("circ_act", "act_circ", "circ", "act")


def gelu(x):
    return x * np.array([0.5 * math.erfc(-v / math.sqrt(2)) for v in x.ravel()]).reshape(x.shape)


def circulant_matrix(generators):
    """Return (C, C) of the generators (b, b, n) of one path: block (i, j) has w_ij as its first column."""
    b, _, n = generators.shape
    rows = [[generators[i, j, (p - q) % n] for j in range(b) for q in range(n)] for i in range(b) for p in range(n)]
    return np.array(rows, np.float64)


def formula(settings, weights, x, z, y):
    """Return scale * (x + y + sum of the paths) in float64; weights are those of the projection by name."""
    total = (x + y).astype(np.float64)
    seen = (x if settings.input == "raw" else z).astype(np.float64)
    for t in range(settings.paths):
        path = gelu(seen) if settings.form == "act_circ" else seen
        if settings.form != "act":
            if settings.projection == "circulant":
                weight = circulant_matrix(weights["weight"][t])
            else:
                weight = weights["weight"].reshape(settings.paths, DIM, DIM)[t]
            path = path @ weight.T
            if settings.bias:
                path = path + weights["bias"].reshape(settings.paths, DIM)[t]
        total += gelu(path) if settings.form in ("circ_act", "act") else path
    if settings.scale is not None:
        return settings.scale * total
    return 0.75 * total if (settings.paths, settings.form) == (2, "circ_act") else total


def filled(settings, rng, kernels="auto"):
    """Return an augmented shortcut with weights of a size that shows, and those weights by the end of their names."""
    cell = accelerate(build_shortcut(DIM, settings, "msa"), kernels)
    weights = {}
    for parameter in cell.get_parameters():
        value = (rng.standard_normal(parameter.shape) * 0.4).astype(np.float32)
        parameter.set_data(Tensor(value))
        weights[parameter.name.split(".")[-1]] = value
    return cell, weights


def tokens(rng):
    return [rng.standard_normal((2, 3, DIM)).astype(np.float32) for _ in range(3)]


def check(settings, rng, kernels="auto"):
    cell, weights = filled(settings, rng, kernels)
    assert isinstance(cell, (AugmentedShortcut, CirculantShortcut))
    x, z, y = tokens(rng)
    result = cell(Tensor(x), Tensor(z), Tensor(y)).asnumpy()
    assert result.dtype == np.float32
    assert np.abs(result - formula(settings, weights, x, z, y)).max() < 1e-5


@pytest.mark.parametrize("seen", ["normed", "raw"])
@pytest.mark.parametrize("projection", ["circulant", "dense"])
@pytest.mark.parametrize("paths", [1, 2, 3])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kernels", KERNELS)
def test_every_form_is_its_formula(kernels, form, paths, projection, seen, rng):
    settings = ShortcutSettings(paths=paths, blocks=BLOCKS, form=form, projection=projection, input=seen)
    check(settings, rng, kernels)


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize("settings", [{"paths": 2}, {"paths": 1, "form": "act_circ", "input": "raw", "bias": False}])
def test_both_modes_and_all_implementations_give_the_formula(settings, implementation, mode, rng):
    check(ShortcutSettings(**settings, implementation=implementation), rng)


@pytest.mark.parametrize("scale", [0.5, 1.0, 0.75, 2.0])
@pytest.mark.parametrize(("paths", "form"), [(1, "circ"), (2, "circ_act"), (3, "circ_act")])
def test_a_given_scale_wins(paths, form, scale, rng):
    settings = ShortcutSettings(paths=paths, form=form, scale=scale)
    assert settings.effective_scale == scale
    check(settings, rng)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("paths", [0, 1, 2, 3])
def test_the_sum_is_scaled_for_two_activated_paths_alone(paths, form):
    expected = 0.75 if paths == 2 and form == "circ_act" else 1.0
    assert ShortcutSettings(paths=paths, form=form).effective_scale == expected


def test_identity_and_none_are_exact(mode, rng):
    x, z, y = tokens(rng)
    given = [Tensor(value) for value in (x, z, y)]
    assert np.array_equal(IdentityShortcut()(*given).asnumpy(), x + y)
    assert np.array_equal(NoShortcut()(*given).asnumpy(), y)


@pytest.mark.parametrize(
    ("settings", "past_msa", "past_mlp"),
    [
        ({"identity": False}, NoShortcut, NoShortcut),
        ({}, IdentityShortcut, IdentityShortcut),
        ({"paths": 0, "location": "msa"}, IdentityShortcut, IdentityShortcut),
        ({"paths": 1, "location": "msa"}, CirculantShortcut, IdentityShortcut),
        ({"paths": 2, "location": "mlp"}, IdentityShortcut, CirculantShortcut),
        ({"paths": 3, "location": "both"}, CirculantShortcut, CirculantShortcut),
        ({"paths": 3, "projection": "dense"}, AugmentedShortcut, AugmentedShortcut),
        ({"paths": 3, "form": "act"}, AugmentedShortcut, AugmentedShortcut),
    ],
)
def test_settings_decide_what_stands_past_which_branch(settings, past_msa, past_mlp):
    settings = ShortcutSettings(**settings)
    assert type(build_shortcut(DIM, settings, "msa")) is past_msa
    assert type(build_shortcut(DIM, settings, "mlp")) is past_mlp


class WeightedSum(nn.Cell):
    def __init__(self, cell, weights):
        super().__init__()
        self.cell, self.weights = cell, Tensor(weights)

    def construct(self, x, z, y):
        return (self.cell(x, z, y) * self.weights).sum()


@pytest.mark.parametrize("projection", ["circulant", "dense"])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("form", FORMS[:3])
@pytest.mark.parametrize("kernels", KERNELS)
def test_every_number_that_is_learned_has_a_gradient(kernels, form, bias, projection, rng):
    settings = ShortcutSettings(paths=2, form=form, bias=bias, projection=projection)
    cell, weights = filled(settings, rng, kernels)
    learned = cell.trainable_params()
    assert len(learned) == (2 if bias else 1)
    loss = WeightedSum(cell, rng.standard_normal((2, 3, DIM)).astype(np.float32))
    x, z, y = tokens(rng)
    gradients = ms.grad(loss, None, learned)(Tensor(x), Tensor(z), Tensor(y))
    for parameter, gradient in zip(learned, gradients, strict=True):
        gradient = gradient.asnumpy()
        assert gradient.shape == parameter.shape
        assert np.all(gradient != 0), parameter.name
        # one entry by a central difference of the formula in float64
        name, place = parameter.name.split(".")[-1], (0,) * parameter.ndim
        values = []
        for step in (1e-4, -1e-4):
            moved = {key: value.astype(np.float64) for key, value in weights.items()}
            moved[name][place] += step
            values.append((formula(settings, moved, x, z, y) * loss.weights.asnumpy()).sum())
        assert abs(gradient[place] - (values[0] - values[1]) / 2e-4) < 1e-4


@pytest.mark.parametrize(
    ("settings", "shapes"),
    [
        ({"paths": 2}, {"weight": (2, 4, 4, 3), "bias": (24,)}),
        ({"paths": 3, "blocks": 2, "bias": False}, {"weight": (3, 2, 2, 6)}),
        ({"paths": 2, "implementation": "fft"}, {"weight": (2, 4, 4, 3), "bias": (24,)}),
        ({"paths": 2, "projection": "dense"}, {"weight": (24, 12), "bias": (24,)}),
        ({"paths": 2, "form": "act"}, {}),
        ({"paths": 0}, {}),
        ({"identity": False}, {}),
    ],
)
def test_weights_and_bias_are_the_only_parameters(settings, shapes):
    cell = build_shortcut(DIM, ShortcutSettings(**settings), "mlp")
    assert {p.name.split(".")[-1]: p.shape for p in cell.get_parameters()} == shapes
    assert len(list(cell.get_parameters())) == len(shapes)


@needs_compiler
@pytest.mark.parametrize(
    ("settings", "kernels", "native"),
    [
        ({}, "auto", True),
        ({"form": "circ"}, "auto", True),
        ({"form": "act_circ"}, "auto", True),
        ({"implementation": "native"}, "auto", True),
        ({"implementation": "dense"}, "auto", False),
        ({"implementation": "fft"}, "auto", False),
        ({}, "portable", False),
    ],
)
def test_auto_takes_the_native_kernel_where_there_is_one(settings, kernels, native):
    cell = accelerate(build_shortcut(DIM, ShortcutSettings(paths=2, **settings), "msa"), kernels)
    assert type(cell.sum) is (NativeCirculantSum if native else CirculantSum)


def test_a_native_kernel_that_is_not_to_be_had_is_a_mistake_of_the_user(monkeypatch):
    settings = ShortcutSettings(paths=2, implementation="native")
    said = (
        r"^shortcut\.implementation=native: needs a CPU, g\+\+ from version 9 and kernels=auto; "
        r"auto takes the next best$"
    )
    with pytest.raises(UserError, match=said):
        accelerate(build_shortcut(DIM, settings, "msa"), "portable")
    monkeypatch.setattr("src.layers.accelerate.library", lambda: None)
    with pytest.raises(UserError, match=said):
        accelerate(build_shortcut(DIM, settings, "msa"))
    cell = accelerate(build_shortcut(DIM, ShortcutSettings(paths=2), "msa"))
    assert type(cell.sum) is CirculantSum


def test_blocks_that_do_not_divide_the_channels_are_a_mistake_of_the_user():
    with pytest.raises(UserError, match=r"^shortcut\.blocks=5: must divide the 12 channels of the block$"):
        build_shortcut(DIM, ShortcutSettings(paths=1, blocks=5), "msa")
    # without circulant blocks their number does not matter
    build_shortcut(DIM, ShortcutSettings(paths=1, blocks=5, projection="dense"), "msa")
    build_shortcut(DIM, ShortcutSettings(paths=1, blocks=5, form="act"), "msa")
    build_shortcut(DIM, ShortcutSettings(paths=1, blocks=5, location="mlp"), "msa")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"paths": 4}, "paths=4: must be 0, 1, 2 or 3"),
        ({"paths": -1}, "paths=-1: must be 0, 1, 2 or 3"),
        ({"blocks": 0}, "blocks=0: must be at least 1"),
        ({"scale": 0.0}, "scale=0.0: must be positive, or null"),
        ({"identity": False, "paths": 1}, "paths=1: augmented paths stand beside an identity"),
    ],
)
def test_impossible_settings_are_refused(settings, said):
    with pytest.raises(UserError) as caught:
        ShortcutSettings(**settings)
    assert str(caught.value) == said
