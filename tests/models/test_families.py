# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""What holds for a backbone of every family: goldens in PyTorch, noise, stages, new sizes, twins."""

import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor

from src.checkpoint.adapt import load_weights, portable
from src.errors import UserError
from src.layers.dropout import Dropout, dropout_seeds
from src.models.contract import keep_all, unique_parameters
from src.models.registry import create_model
from src.overlay import plain
from tests.conftest import shared_data
from tests.golden.load import FAMILIES, FOLDER, family_model, read_golden
from tests.native import KERNELS, needs_compiler
from tests.tiny import TINY_FAMILIES, lively, loss_and_gradients, random_pictures, tiny_family, tiny_model

pytestmark = pytest.mark.usefixtures("pynative")

# kernels and mode; portable operators in graphs have a test of their own
FORMS = [
    pytest.param("auto", ms.GRAPH_MODE, marks=needs_compiler, id="auto-graph"),
    pytest.param("auto", ms.PYNATIVE_MODE, marks=needs_compiler, id="auto-pynative"),
    pytest.param("portable", ms.PYNATIVE_MODE, id="portable-pynative"),
]


def assert_agrees(path, kernels):
    golden = read_golden(path)
    logits = family_model(golden, kernels)(Tensor(golden.arrays["input"])).asnumpy()
    assert np.abs(golden.arrays["output"]).max() > 0.1
    assert np.abs(logits - golden.arrays["output"]).max() < 1e-5  # promised are 1e-4, seen 1e-6


@pytest.mark.parametrize(("kernels", "mode"), FORMS, indirect=["mode"])
@pytest.mark.parametrize("name", FAMILIES)
def test_logits_equal_our_goldens(name, kernels, mode):
    assert_agrees(FOLDER / f"{name}.npz", kernels)


@pytest.mark.shared
@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize("name", [name for name in FAMILIES if not name.startswith("aug")])  # those have no such code
def test_logits_equal_those_of_the_official_code(name, kernels, mode):
    assert_agrees(shared_data("..", "golden", f"{name}.npz"), kernels)


@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize("name", FAMILIES)
def test_gradients_equal_our_goldens(name, kernels):
    golden = read_golden(FOLDER / f"{name}.npz")
    model = family_model(golden, kernels)
    images, targets = (Tensor(golden.arrays[key]) for key in ("input", "targets"))
    _, _, own = loss_and_gradients(model, images, targets)
    expected = golden.gradients(model)
    largest = max(np.abs(expected[key]).max() for key in own)
    assert largest > 0.1
    for key, value in own.items():
        assert np.abs(value - expected[key]).max() < 1e-5 * largest, key


@pytest.mark.parametrize("name", ["augpvt_s", "augt2t_14", "t2t_14_t", "augswin_t"])
def test_graph_and_portable_operators_agree(name, rng):
    model = lively(tiny_family(name), rng, 0.1)
    images = random_pictures(rng, model.settings.image_size)
    logits = model(images).asnumpy()
    ms.set_context(mode=ms.GRAPH_MODE)
    np.testing.assert_allclose(model(images).asnumpy(), logits, rtol=0, atol=1e-5)
    np.testing.assert_allclose(portable(model)(images).asnumpy(), logits, rtol=0, atol=1e-4)


@pytest.mark.parametrize("name", TINY_FAMILIES)
def test_the_stages_say_what_the_blocks_return(name, rng):
    model = tiny_family(name)
    images = random_pictures(rng, model.settings.image_size)
    assert [index for stage in model.stages for index in stage.blocks] == list(range(len(model.blocks)))
    tokens, alive, kept = model.walk(images, watch=keep_all)
    assert alive is None
    assert len(kept) == len(model.blocks) + 1
    for index, behind in enumerate(kept[1:]):
        stage = model.stage_of(index)
        rows, columns = stage.grid
        assert behind.shape == (2, stage.count, stage.dim)
        assert (stage.count, stage.patches) == (stage.prefix + rows * columns, rows * columns)
        again, _ = model.advance(index, kept[index])
        np.testing.assert_allclose(again.asnumpy(), behind.asnumpy(), rtol=0, atol=1e-5)
    half, _, kept_half = model.walk(images, depth=1)
    assert kept_half == ()
    np.testing.assert_allclose(half.asnumpy(), kept[1].asnumpy(), rtol=0, atol=1e-5)
    features = model.leave(tokens).asnumpy()
    np.testing.assert_allclose(model.forward_features(images).asnumpy(), features, rtol=0, atol=1e-6)
    assert model.num_prefix_tokens == model.stages[-1].prefix


@pytest.mark.parametrize("name", TINY_FAMILIES)
def test_each_factor_drops_one_branch_of_one_picture(name, rng):
    """The oracle is a branch whose last layer is zero: identity and augmented paths stay."""
    model = lively(tiny_family(name), rng, 0.1)
    images, count = random_pictures(rng, model.settings.image_size), len(model.drop_path_rates)
    assert count == 2 * len(model.blocks)
    ones = np.ones((count, 2), np.float32)
    whole = model(images).asnumpy()
    np.testing.assert_allclose(model(images, Tensor(ones)).asnumpy(), whole, rtol=0, atol=1e-6)
    for branch in (1, count - 2):
        factors = ones.copy()
        factors[branch, 1] = 0
        dropped = model(images, Tensor(factors)).asnumpy()
        block = model.blocks[branch // 2]
        last = (block.attn.proj, block.mlp.fc2)[branch % 2]
        before = last.weight.asnumpy(), last.bias.asnumpy()
        last.weight.set_data(last.weight * 0)
        last.bias.set_data(last.bias * 0)
        without = model(images).asnumpy()
        last.weight.set_data(Tensor(before[0]))
        last.bias.set_data(Tensor(before[1]))
        assert np.abs(whole[1] - without[1]).max() > 1e-4
        np.testing.assert_allclose(dropped, np.stack([whole[0], without[1]]), rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", TINY_FAMILIES)
def test_every_dropout_has_a_number_of_its_own_and_works(name, rng):
    model = lively(tiny_family(name, drop_rate=0.2), rng, 0.1)
    drops = [cell for _, cell in model.cells_and_names() if isinstance(cell, Dropout)]
    assert len({cell.offset for cell in drops}) == len(drops) > 3 * len(model.blocks)
    images, seeds = random_pictures(rng, model.settings.image_size), Tensor(dropout_seeds(0, 0, range(2)))
    assert model.drop_rate == 0.2
    assert np.abs(model(images, None, seeds).asnumpy() - model(images).asnumpy()).max(axis=1).min() > 1e-4


@pytest.mark.parametrize("name", TINY_FAMILIES)
def test_another_size_and_back(name, rng):
    """Positions that are interpolated to twice the grid and back come close to what they were; all others stay."""
    model = lively(tiny_family(name), rng, 0.1)
    size = model.settings.image_size
    before = {key: parameter.asnumpy().copy() for key, parameter in unique_parameters(model).items()}
    grids = [stage.grid for stage in model.stages]
    model.set_size(2 * size)
    assert [stage.grid for stage in model.stages] == [(2 * rows, 2 * columns) for rows, columns in grids]
    assert np.isfinite(model(random_pictures(rng, 2 * size)).asnumpy()).all()
    fresh = tiny_family(name, image_size=2 * size)
    load_weights(fresh, {key: p.asnumpy() for key, p in unique_parameters(model).items()}, "the same names and shapes")
    fresh.set_train(False)
    images = random_pictures(rng, 2 * size)
    np.testing.assert_allclose(fresh(images).asnumpy(), model(images).asnumpy(), rtol=0, atol=1e-5)
    model.set_size(size)
    after = unique_parameters(model)
    moved = {key for key, value in before.items() if not np.array_equal(after[key].asnumpy(), value)}
    assert all("pos_embed" in key or "bias_table" in key for key in moved)
    assert np.isfinite(model(random_pictures(rng, size)).asnumpy()).all()


@pytest.mark.parametrize("name", TINY_FAMILIES)
def test_exempt_from_decay(name):
    model = tiny_family(name)
    family = name.removeprefix("aug").partition("_")[0]
    own = {"pvt": "cls_token", "t2t": "cls_token", "swin": "bias_table"}[family]
    for key in model.no_weight_decay():
        assert key.endswith(own) or ("shortcut" in key and name.startswith("aug"))
    assert any(key.endswith(own) for key in model.no_weight_decay())
    assert model.no_weight_decay() <= set(unique_parameters(model))


@pytest.mark.parametrize(
    ("name", "settings", "said"),
    [
        ("pvt_s", {"image_size": 100}, r"model\.image_size=100: its 100 must be a multiple of 4 \* 8"),
        ("pvt_s", {"depths": [1, 1]}, r"model\.depths=\[1, 1\]: must have 4 numbers, as embed_dims has"),
        ("pvt_s", {"reductions": [8, 4, 2, 2]}, r"model\.reductions=\[8, 4, 2, 2\]: must end with 1"),
        ("pvt_s", {"num_heads": [1, 3, 5, 8]}, r"model\.num_heads=3: must divide embed_dims=128"),
        ("t2t_14", {"image_size": 40}, r"model\.image_size=40: must be a multiple of 16"),
        ("t2t_14", {"tokens": "convolution"}, r"model\.tokens='convolution': must be one of performer, transformer"),
        ("swin_t", {"image_size": 384}, r"model\.window_size=7: must divide the 96 tokens a side of image_size=384"),
        ("swin_t", {"image_size": 40}, r"model\.image_size=40: must be a multiple of 32"),
        ("swin_t", {"depths": [2, 0, 2, 2]}, r"model\.depths=\[2, 0, 2, 2\]: must be at least 1"),
    ],
)
def test_impossible_settings_are_named(name, settings, said):
    with pytest.raises(UserError, match=said):
        create_model(name, **settings)


def test_swin_takes_windows_that_fit():
    model = tiny_family("swin_t")
    assert (model.settings.image_size, model.settings.window_size) == (32, 4)
    model.set_size(48)  # grids of 12 and 6: windows of 4 don't divide 6, of 6 they do
    assert model.settings.window_size == 6
    assert model.blocks[0].attn.bias_table.shape == (11 * 11, 2)
    model.set_size(32)
    assert model.settings.window_size == 4


@pytest.mark.parametrize("name", [*TINY_FAMILIES, "augvit_s"])
def test_attention_can_be_looked_at(name, rng):
    """The weights of a block on the tokens before it add up to one for each token, and are not all alike."""
    model = lively(tiny_model() if name == "augvit_s" else tiny_family(name), rng, 0.3)
    images = random_pictures(rng, model.settings.image_size)
    _, _, kept = model.walk(images, watch=keep_all)
    for index in range(len(model.blocks)):
        weights = model.attention(index, kept[index]).asnumpy()
        seen = weights.shape[0] * weights.shape[2]  # tokens of both pictures, window by window or not
        assert seen == 2 * model.stage_of(index).count
        np.testing.assert_allclose(weights.sum(-1), 1, rtol=0, atol=1e-5)
        assert weights.shape[-1] == 1 or weights.std() > 1e-3  # the coarsest keys of a tiny PVT are a single one


@pytest.mark.parametrize("name", [*TINY_FAMILIES, "augvit_s"])
def test_a_rectangle(name, rng):
    """Set to one and built for one are the same network; settings, stages and preprocessing go along."""
    model = lively(tiny_model() if name == "augvit_s" else tiny_family(name), rng, 0.1)
    height, width = model.settings.image_size, 2 * model.settings.image_size
    model.set_size((height, width))
    assert model.settings.image_size == (height, width) == model.preprocessing.size
    assert [stage.grid[1] / stage.grid[0] for stage in model.stages] == [2.0] * len(model.stages)
    assert [stage.count - stage.prefix for stage in model.stages] == [r * c for r, c in model.settings.grids]
    fresh = create_model(model.name, **plain(model.settings))
    load_weights(fresh, {key: p.asnumpy() for key, p in unique_parameters(model).items()}, "the same names and shapes")
    fresh.set_train(False)
    images = Tensor(rng.standard_normal((2, 3, height, width)).astype(np.float32))
    logits = model(images).asnumpy()
    assert np.isfinite(logits).all()
    np.testing.assert_allclose(fresh(images).asnumpy(), logits, rtol=0, atol=1e-5)
