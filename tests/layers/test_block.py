# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The block gives the numbers of the official PyTorch code."""

import numpy as np
import pytest
from mindspore import Tensor

from src.layers.accelerate import accelerate
from src.layers.attention import Attention
from src.layers.block import Block
from src.layers.mlp import Mlp
from src.layers.shortcut.build import build_shortcut
from src.layers.shortcut.circulant import CirculantSum
from src.layers.shortcut.settings import ShortcutSettings
from tests.native import IMPLEMENTATIONS

pytestmark = pytest.mark.usefixtures("pynative")

DIM, HEADS = 24, 3
NAMES = {
    "norm1.gamma": ["norm1.weight"],
    "norm1.beta": ["norm1.bias"],
    "norm2.gamma": ["norm2.weight"],
    "norm2.beta": ["norm2.bias"],
    **{
        f"{cell}.{kind}": [f"{cell}.{kind}"]
        for cell in ("attn.qkv", "attn.proj", "mlp.fc1", "mlp.fc2")
        for kind in ("weight", "bias")
    },
}
# ours, and what is stacked along the first axis there
ONE_PATH = {
    "attn_shortcut.project.weight": ["augs_attn.weight_list"],
    "attn_shortcut.project.bias": ["augs_attn.bias"],
    "mlp_shortcut.project.weight": ["augs.weight_list"],
    "mlp_shortcut.project.bias": ["augs.bias"],
}
TWO_PATHS = {
    "attn_shortcut.project.weight": ["augs_attn.0.weight_list", "augs_attn2.0.weight_list"],
    "attn_shortcut.project.bias": ["augs_attn.0.bias", "augs_attn2.0.bias"],
    "mlp_shortcut.project.weight": ["augs.0.weight_list", "augs2.0.weight_list"],
    "mlp_shortcut.project.bias": ["augs.0.bias", "augs2.0.bias"],
}


def build(settings):
    block = Block(
        DIM,
        Attention(DIM, HEADS, qkv_bias=True),
        Mlp(DIM, 4 * DIM),
        build_shortcut(DIM, settings, "msa"),
        build_shortcut(DIM, settings, "mlp"),
        norm_eps=1e-5,
    )
    return accelerate(block)


def fill(block, names):
    """Fill a block from one stream of normal numbers in the order of the sorted PyTorch names; return the stream."""
    parameters = {parameter.name: parameter for parameter in block.get_parameters()}
    assert set(parameters) == set(names)
    place = {theirs: (ours, i) for ours, group in names.items() for i, theirs in enumerate(group)}
    values = {ours: [None] * len(group) for ours, group in names.items()}
    stream = np.random.RandomState(0)
    for theirs in sorted(place):
        ours, i = place[theirs]
        shape = parameters[ours].shape
        shape = (shape[0] // len(names[ours]), *shape[1:])
        value = stream.randn(*shape) * 0.1  # flat there, and filled in the same order
        values[ours][i] = value + ("norm" in theirs and theirs.endswith(".weight"))
    for ours, parts in values.items():
        parameters[ours].set_data(Tensor(np.concatenate(parts).astype(np.float32)))
    return stream


# mode of the official code: settings, names, sum, mean of magnitudes, first values
GOLDEN = {
    "circulant": (
        {"paths": 1, "form": "circ"},
        ONE_PATH,
        17.038967,
        0.975702,
        [-0.8431594, 1.4470776, 0.15796825, -0.5583322],
    ),
    "circulant2": (
        {"paths": 2},
        TWO_PATHS,
        61.239677,
        0.554203,
        [1.0805014, -0.2791302, 0.60015786, 0.24345854],
    ),
}


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize("name", GOLDEN)
def test_output_is_that_of_the_official_code(name, implementation, mode):
    settings, names, total, magnitude, first = GOLDEN[name]
    block = build(ShortcutSettings(**settings, implementation=implementation))
    stream = fill(block, {**NAMES, **names})
    x = stream.randn(2, 5, DIM).astype(np.float32)
    y = block(Tensor(x)).asnumpy()
    assert y.shape == (2, 5, DIM)
    assert abs(y.sum(dtype=np.float64) - total) < 1e-4
    assert abs(np.abs(y).mean() - magnitude) < 1e-6
    assert np.abs(y[0, 0, :4] - first).max() < 2e-6


def test_masks_drop_the_branches_and_leave_the_shortcuts():
    block = build(ShortcutSettings(paths=1, form="circ"))
    x = fill(block, {**NAMES, **ONE_PATH}).randn(3, 5, DIM).astype(np.float32)
    attn_factors, mlp_factors = np.array([0, 2, 1], np.float32), np.array([1.25, 0, 1], np.float32)
    y = block(Tensor(x), Tensor(attn_factors), Tensor(mlp_factors)).asnumpy()

    def past(shortcut, norm, branch, x, factors):
        z = norm(Tensor(x))
        branch = branch(z).asnumpy() * factors[:, None, None]
        project = shortcut.project
        path = CirculantSum(project.weight.shape, 1.0, False, "dense")(z * 0, z * 0, z, project.weight, project.bias)
        return x + branch + path.asnumpy()

    half = past(block.attn_shortcut, block.norm1, block.attn, x, attn_factors)
    expected = past(block.mlp_shortcut, block.norm2, block.mlp, half, mlp_factors)
    plain = block(Tensor(x)).asnumpy()
    assert np.abs(y - expected).max() < 1e-5
    assert np.abs(y[2] - plain[2]).max() < 1e-6
    assert np.abs(y[:2] - plain[:2]).max() > 0.1
