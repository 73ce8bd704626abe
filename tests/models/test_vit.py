# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The Vision Transformer: its contract, its noise, its positions."""

import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor

from src.checkpoint.adapt import load_weights
from src.errors import UserError
from src.layers.dropout import Dropout, dropout_seeds
from src.models.contract import unique_parameters
from src.ops.position import resize_position_embedding
from tests.native import IMPLEMENTATIONS
from tests.tiny import lively, random_pictures, tiny_model

pytestmark = pytest.mark.usefixtures("pynative")

ALL_MODES = ["base", "linear", "circulant", "linear2", "circulant2"]


@pytest.mark.parametrize("released", ALL_MODES)
def test_modes_agree(released, rng):
    model, images = tiny_model(released), random_pictures(rng, 32)
    model.set_train(False)
    pynative = model(images).asnumpy()
    ms.set_context(mode=ms.GRAPH_MODE)
    np.testing.assert_allclose(model(images).asnumpy(), pynative, rtol=0, atol=1e-6)


def test_construct_is_embed_blocks_norm_and_head(rng):
    model, images = lively(tiny_model("circulant2"), rng, 0.2), random_pictures(rng, 32)
    x = model.embed(images)
    assert x.shape == (2, model.num_prefix_tokens + 16, 48)
    for block in model.blocks:
        x = block(x)
    tokens = model.norm(x).asnumpy()
    np.testing.assert_allclose(model.forward_features(images).asnumpy(), tokens, rtol=0, atol=1e-6)
    own = tokens[:, 0] @ model.head.weight.asnumpy().T + model.head.bias.asnumpy()  # of the class token
    np.testing.assert_allclose(model(images).asnumpy(), own, rtol=0, atol=1e-5)


def test_embedding_is_the_strided_convolution_with_positions(rng):
    model, images = lively(tiny_model("base"), rng, 0.2), random_pictures(rng, 32)
    weight, bias = model.patch_embed.proj.weight.asnumpy().reshape(48, 3, 8, 8), model.patch_embed.proj.bias.asnumpy()
    cut = images.asnumpy().reshape(2, 3, 4, 8, 4, 8)  # (B, C, rows, p, columns, p)
    patches = np.einsum("bcrpsq,dcpq->brsd", cut, weight, optimize=True).reshape(2, 16, 48) + bias
    tokens = np.concatenate([np.repeat(model.cls_token.asnumpy(), 2, 0), patches], 1) + model.pos_embed.asnumpy()
    np.testing.assert_allclose(model.embed(images).asnumpy(), tokens, rtol=0, atol=2e-5)


@pytest.mark.parametrize("released", ["base", "circulant2"])
def test_factors_of_one_change_nothing(released, rng):
    model, images = lively(tiny_model(released), rng, 0.2), random_pictures(rng, 32)
    dropped = model(images, Tensor(np.ones((4, 2), np.float32)))
    np.testing.assert_allclose(dropped.asnumpy(), model(images).asnumpy(), rtol=0, atol=1e-6)


@pytest.mark.parametrize("released", ["base", "circulant2"])
@pytest.mark.parametrize("branch", range(4))
def test_a_factor_of_zero_drops_one_branch_of_one_picture(released, branch, rng):
    """The oracle is a branch whose last layer is zero: identity and augmented paths stay."""
    model, images = lively(tiny_model(released), rng, 0.2), random_pictures(rng, 32)
    factors = np.ones((4, 2), np.float32)
    factors[branch, 1] = 0
    dropped, whole = model(images, Tensor(factors)).asnumpy(), model(images).asnumpy()
    block = model.blocks[branch // 2]
    last = (block.attn.proj, block.mlp.fc2)[branch % 2]
    last.weight.set_data(last.weight * 0)
    last.bias.set_data(last.bias * 0)
    without = model(images).asnumpy()
    assert np.abs(whole[1] - without[1]).max() > 1e-3
    np.testing.assert_allclose(dropped[0], whole[0], rtol=0, atol=1e-6)
    np.testing.assert_allclose(dropped[1], without[1], rtol=0, atol=1e-6)


def test_factors_scale_their_branch(rng):
    model, images = lively(tiny_model("base", depth=1), rng, 0.2), random_pictures(rng, 32)
    factors = np.array([[1, 1], [2.5, 2.5]], np.float32)
    dropped = model(images, Tensor(factors)).asnumpy()
    last = model.blocks[0].mlp.fc2
    last.weight.set_data(last.weight * 2.5)
    last.bias.set_data(last.bias * 2.5)
    np.testing.assert_allclose(dropped, model(images).asnumpy(), rtol=0, atol=1e-5)


def test_every_dropout_has_a_number_of_its_own():
    model = tiny_model("circulant2", depth=3, drop_rate=0.2)
    drops = [cell for _, cell in model.cells_and_names() if isinstance(cell, Dropout)]
    assert len({cell.offset for cell in drops}) == len(drops) == 1 + 3 * 3
    assert model.drop_rate == 0.2


@pytest.mark.parametrize("released", ["base", "circulant2"])
def test_dropout_needs_seeds_and_is_a_function_of_them(released, mode, rng):
    model, images = lively(tiny_model(released, drop_rate=0.2), rng, 0.2), random_pictures(rng, 32)
    plain = lively(tiny_model(released), np.random.default_rng(0), 0.2)
    load_weights(plain, {name: p.asnumpy() for name, p in unique_parameters(model).items()}, "same")
    assert np.array_equal(model(images).asnumpy(), plain(images).asnumpy())
    seeds = dropout_seeds(0, 0, range(2))
    dropped = model(images, None, Tensor(seeds)).asnumpy()
    assert np.abs(dropped - plain(images).asnumpy()).max(axis=1).min() > 1e-2
    turned = model(Tensor(images.asnumpy()[::-1].copy()), None, Tensor(seeds[::-1].copy())).asnumpy()
    np.testing.assert_allclose(turned[::-1], dropped, rtol=0, atol=1e-5)
    other = model(images, None, Tensor(dropout_seeds(0, 1, range(2)))).asnumpy()
    assert np.abs(other - dropped).max(axis=1).min() > 1e-2


@pytest.mark.parametrize("drop_rate", [-0.1, 1.0])
def test_a_rate_of_dropout_lies_below_one(drop_rate):
    with pytest.raises(UserError, match=r"model\.drop_rate=.*: must lie in \[0, 1\)"):
        tiny_model("base", drop_rate=drop_rate)


def test_without_dropout_there_is_none():
    model = tiny_model("circulant2")
    assert model.drop_rate == 0.0
    assert not [cell for _, cell in model.cells_and_names() if isinstance(cell, Dropout)]


@pytest.mark.parametrize("size", [16, 64])
def test_resize_interpolates_the_positions(size, rng):
    model = lively(tiny_model("circulant2"), rng, 0.2)
    before = {name: parameter.asnumpy().copy() for name, parameter in unique_parameters(model).items()}
    model.set_size(size)
    grid = (size // 8, size // 8)
    assert (model.grid_size, model.settings.image_size) == (grid, size)
    after = unique_parameters(model)
    assert list(after) == list(before)
    expected = resize_position_embedding(before.pop("pos_embed"), 1, (4, 4), grid)
    assert np.array_equal(model.pos_embed.asnumpy(), expected)
    assert all(np.array_equal(after[name].asnumpy(), value) for name, value in before.items())
    assert model.pos_embed.requires_grad
    logits = model(random_pictures(rng, size)).asnumpy()
    assert logits.shape == (2, 10)
    assert np.isfinite(logits).all()


def test_resize_to_the_same_size_changes_nothing(rng):
    model, images = lively(tiny_model("base"), rng, 0.2), random_pictures(rng, 32)
    positions, logits = model.pos_embed, model(images).asnumpy()
    model.set_size(32)
    assert model.pos_embed is positions
    assert np.array_equal(model(images).asnumpy(), logits)


def test_resize_to_no_multiple_of_the_patch_is_refused_and_changes_nothing(rng):
    model = lively(tiny_model("base"), rng, 0.2)
    with pytest.raises(Exception, match="image_size=36: must be a multiple of patch_size=8"):
        model.set_size(36)
    assert (model.settings.image_size, model.grid_size) == (32, (4, 4))


def test_resize_holds_for_a_network_that_was_compiled_before(rng):
    ms.set_context(mode=ms.GRAPH_MODE)
    model, images = lively(tiny_model("base"), rng, 0.2), random_pictures(rng, 32)
    first = model(images).asnumpy()
    model.set_size(64)
    model.set_size(32)  # the same size, other positions
    fresh = tiny_model("base")
    fresh.set_train(False)
    load_weights(fresh, {name: parameter.asnumpy() for name, parameter in unique_parameters(model).items()}, "same")
    expected = fresh(images).asnumpy()
    assert np.abs(expected - first).max() > 1e-3
    np.testing.assert_allclose(model(images).asnumpy(), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("released", ALL_MODES)
def test_exempt_from_decay_are_tokens_positions_and_generators(released):
    model = tiny_model(released)
    exempt = model.no_weight_decay()
    assert exempt <= set(unique_parameters(model))
    places = [f"blocks.{i}.{branch}_shortcut.project.weight" for i in range(2) for branch in ("attn", "mlp")]
    assert exempt == {"cls_token", "pos_embed", *(places if released.startswith("circulant") else ())}


def test_drop_path_grows_in_a_line_over_the_blocks():
    rates = tiny_model("base", depth=3, drop_path_rate=0.2).drop_path_rates
    assert rates == pytest.approx((0, 0, 0.1, 0.1, 0.2, 0.2))
    assert tiny_model("base", depth=1, drop_path_rate=0.2).drop_path_rates == (0, 0)


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
def test_a_shortcut_keeps_generators_and_biases_alone(implementation):
    model = tiny_model("circulant2", depth=1, shortcut={"implementation": implementation})
    shapes = {name: parameter.shape for name, parameter in unique_parameters(model).items() if "shortcut" in name}
    each = {"weight": (2, 4, 4, 12), "bias": (96,)}
    assert shapes == {
        f"blocks.0.{branch}_shortcut.project.{kind}": shape
        for branch in ("attn", "mlp")
        for kind, shape in each.items()
    }
