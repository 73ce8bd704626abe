# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""A shortcut with matrices computes what the one with generators does."""

import numpy as np
import pytest
from mindspore import Tensor, nn

from src.layers.shortcut.augmented import AugmentedShortcut
from src.layers.shortcut.exported import HalfBlockShortcut, materialise
from src.layers.shortcut.settings import ShortcutSettings
from tests.layers.shortcut.test_build import DIM, filled, formula, tokens

pytestmark = pytest.mark.usefixtures("pynative")


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        ({"paths": 1, "blocks": 1}, HalfBlockShortcut),
        ({"paths": 2, "blocks": 2}, HalfBlockShortcut),
        ({"paths": 3, "blocks": 6, "bias": False}, HalfBlockShortcut),
        ({"paths": 2, "blocks": 2, "form": "act_circ", "input": "raw"}, HalfBlockShortcut),
        ({"paths": 2, "blocks": 3, "form": "circ", "scale": 0.6}, HalfBlockShortcut),
        ({"paths": 2, "blocks": 4}, AugmentedShortcut),  # 12 channels in blocks of 3, which have no halves
        ({"paths": 2, "blocks": 12, "bias": False}, AugmentedShortcut),
    ],
)
def test_the_same_formula(settings, kind, rng):
    settings = ShortcutSettings(**settings)
    cell, weights = filled(settings, rng)
    twin = materialise(cell, settings)
    assert type(twin) is kind
    assert all(parameter.ndim <= 2 for parameter in twin.get_parameters())
    x, z, y = tokens(rng)
    result = twin(Tensor(x), Tensor(z), Tensor(y)).asnumpy()
    np.testing.assert_allclose(result, formula(settings, weights, x, z, y), rtol=0, atol=1e-5)


def test_half_the_weights_of_the_matrices(rng):
    settings = ShortcutSettings(paths=2, blocks=2)
    twin = materialise(filled(settings, rng)[0], settings)
    sizes = [cell.weight.size for _, cell in twin.cells_and_names() if isinstance(cell, nn.Dense)]
    assert sum(sizes) == settings.paths * DIM * DIM // 2
