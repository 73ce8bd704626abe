# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Feature diversity: numbers computed by hand and by search, and what depth does to networks of each shortcut."""

import mindspore as ms
import numpy as np
import pytest
from PIL import Image

from src.analysis.figures.diversity import (
    composite_norm,
    diversity,
    mean_similarity,
    measure_diversity,
    similarity_matrix,
)
from src.analysis.figures.layers import choose_layers, layer_tokens
from src.analysis.figures.networks import open_networks
from src.analysis.figures.pictures import picture_loader, sample_pictures
from src.errors import UserError
from src.models.registry import create_model
from src.preprocessing import Preprocessing
from tests.tiny import TINY_FAMILIES, tiny_family, tiny_model


@pytest.mark.parametrize(
    ("matrix", "norm"),
    [
        ([[3.0]], 3),
        ([[1, -2], [3, 4]], (6 * 7) ** 0.5),  # columns 4 and 6, rows 3 and 7
        ([[1, 1, 1]], 3**0.5),
        ([[0, 0], [0, 0]], 0),
    ],
)
def test_the_norm_by_hand(matrix, norm):
    assert composite_norm(np.array(matrix, float)) == pytest.approx(norm)


def test_the_norm_is_one(rng):
    a, b = rng.normal(size=(2, 5, 7))
    assert composite_norm(-3 * a) == pytest.approx(3 * composite_norm(a))
    assert composite_norm(a + b) <= composite_norm(a) + composite_norm(b)


def test_diversity_by_hand():
    tokens = np.array([[0.0, 0], [2, 0], [4, 0]])  # mean (2, 0): columns 4 and 0, rows 2, 0, 2
    assert diversity(tokens) == pytest.approx(8**0.5)
    assert diversity(tokens, exact=True) == pytest.approx(8**0.5)


@pytest.mark.parametrize("exact", [False, True])
def test_equal_tokens_have_no_diversity(rng, exact):
    z = rng.normal(size=6)
    assert diversity(np.ones((9, 1)) * z, exact) == pytest.approx(0, abs=1e-12)


def test_rank_one_is_not_enough_to_collapse(rng):
    tokens = np.outer(rng.normal(size=9), rng.normal(size=6))
    assert diversity(tokens, exact=True) > 0.1 * composite_norm(tokens)


@pytest.mark.parametrize("exact", [False, True])
def test_a_vector_added_to_all_tokens_changes_nothing(rng, exact):
    tokens, z = rng.normal(size=(12, 5)), 10 * rng.normal(size=5)
    assert diversity(tokens + z, exact) == pytest.approx(diversity(tokens, exact), rel=1e-9)


@pytest.mark.parametrize("exact", [False, True])
def test_diversity_grows_with_the_tokens(rng, exact):
    tokens = rng.normal(size=(12, 5))
    assert diversity(-7 * tokens, exact) == pytest.approx(7 * diversity(tokens, exact), rel=1e-9)


def test_exact_lies_between_half_the_mean_form_and_itself(rng):
    batch = rng.standard_t(2, size=(3, 4, 20, 8))  # with outliers, where mean and optimum differ most
    exact, mean = diversity(batch, exact=True), diversity(batch)
    assert exact.shape == (3, 4)
    assert (exact <= mean).all()
    # the mean token is at most ||Z - 1 z^T|| away from any z in both norms, so its r is at most twice the smallest
    assert (exact >= mean / 2).all()
    assert exact.mean() < 0.95 * mean.mean()


def test_exact_is_the_optimum_of_a_search(rng):
    for draw in (rng.normal, lambda size: rng.standard_t(2, size), lambda size: rng.exponential(1, size)):
        tokens = draw(size=(7, 2))
        low, high = tokens.min(0), tokens.max(0)
        for _ in range(6):  # a grid, then finer ones around the best place
            x, y = (np.linspace(low[i], high[i], 41) for i in range(2))
            places = np.stack(np.meshgrid(x, y), -1).reshape(-1, 2)
            found = composite_norm(tokens - places[:, None])
            best, width = places[found.argmin()], (high - low) / 8
            low, high = best - width, best + width
        assert diversity(tokens, exact=True) == pytest.approx(found.min(), rel=2e-3)


def test_similarity_by_hand():
    tokens = np.array([[2.0, 0], [0, 3], [-1, 0], [0, 0]])
    expected = [[1, 0, -1, 0], [0, 1, 0, 0], [-1, 0, 1, 0], [0, 0, 0, 0]]
    assert np.array_equal(similarity_matrix(tokens), expected)
    assert mean_similarity(tokens) == pytest.approx(-2 / 12)


def test_orthogonal_tokens_are_unlike_and_equal_ones_alike(rng):
    orthogonal, _ = np.linalg.qr(rng.normal(size=(8, 8)))
    assert similarity_matrix(5 * orthogonal) == pytest.approx(np.eye(8), abs=1e-12)
    assert mean_similarity(5 * orthogonal) == pytest.approx(0, abs=1e-12)
    assert mean_similarity(np.ones((4, 1)) * rng.normal(size=3)) == pytest.approx(1)
    assert mean_similarity(rng.normal(size=(2, 1, 3))) == pytest.approx([1, 1])


def test_the_mean_similarity_is_that_of_the_matrix(rng):
    tokens = rng.normal(size=(3, 9, 4))
    matrices = similarity_matrix(tokens)
    off_diagonal = matrices[:, ~np.eye(9, dtype=bool)].mean(1)
    assert mean_similarity(tokens) == pytest.approx(off_diagonal)


FAMILIES = {"augvit_s": lambda: tiny_model(), **{n: lambda n=n: tiny_family(n) for n in ("pvt_s", "t2t_14", "swin_t")}}


@pytest.mark.parametrize("name", FAMILIES)
def test_layers_are_the_outputs_of_the_blocks(name, pynative, rng):
    check_layers(name, rng)


def test_layers_from_a_graph(rng):
    check_layers("augvit_s", rng)


def check_layers(name, rng):
    ms.set_seed(1)
    model = FAMILIES[name]()
    model.set_train(False)
    names = [p.name for p in model.get_parameters()]
    images = rng.normal(size=(2, 3, 32, 32)).astype(np.float32)
    depth = len(model.blocks)
    found = layer_tokens(model, range(depth + 1))(images)
    assert list(found) == list(range(depth + 1))
    tokens = model.embed(ms.Tensor(images))
    for layer in range(depth + 1):
        stage = model.stage_of(max(layer - 1, 0))
        tokens = model.advance(layer - 1, tokens)[0] if layer else tokens
        assert found[layer].shape == (2, stage.patches, stage.dim)
        assert found[layer] == pytest.approx(tokens.asnumpy()[:, stage.prefix :], abs=2e-5)
    assert [p.name for p in model.get_parameters()] == names


def test_a_smaller_batch_and_fewer_layers_give_the_same(rng, pynative):
    model = tiny_model(depth=4)
    images = rng.normal(size=(3, 3, 32, 32)).astype(np.float32)
    every, some = layer_tokens(model, range(5)), layer_tokens(model, (3, 1))
    whole, part = every(images), some(images)
    assert list(part) == [1, 3]
    rest = every(images[:1])
    for layer in part:
        assert np.array_equal(part[layer], whole[layer])
        assert rest[layer] == pytest.approx(whole[layer][:1], abs=1e-5)


def test_layers_by_number():
    model = tiny_model(depth=12)
    assert choose_layers(model, None, "it") == (1, 6, 12)
    assert choose_layers(tiny_model(depth=1), None, "it") == (1,)
    assert choose_layers(model, [12, 0, 12], "it") == (0, 12)
    for layer in (13, -1):
        with pytest.raises(UserError, match=rf"--layers {layer}: it has the layers 0 .* to 12"):
            choose_layers(model, [layer], "it")


def test_a_measurement_is_that_of_each_picture(picture_folder, pynative):
    model = tiny_model(depth=3)
    source = sample_pictures(str(picture_folder), 7)
    loader = picture_loader(source, model.preprocessing)
    found = measure_diversity(model, loader, (0, 3))
    batch = np.concatenate([batch.images for batch in loader])
    assert list(found.similarity) == [0, 3]
    for layer, tokens in layer_tokens(model, range(4))(batch).items():
        tokens = tokens.astype(np.float64)
        assert found.absolute[:, layer] == pytest.approx(diversity(tokens), rel=1e-4)
        assert found.relative[:, layer] == pytest.approx(diversity(tokens) / composite_norm(tokens), rel=1e-4)
        assert found.cosine[:, layer] == pytest.approx(mean_similarity(tokens), abs=1e-4)
        if layer in found.similarity:
            assert found.similarity[layer] == pytest.approx(similarity_matrix(tokens).mean(0), abs=1e-4)
    report = found.report()
    assert report["pictures"] == 7
    assert report["relative"]["mean"] == pytest.approx(found.relative.mean(0).tolist())
    assert report["relative"]["std"] == pytest.approx(found.relative.std(0).tolist())
    exact = measure_diversity(model, loader, exact=True)
    assert (exact.absolute <= found.absolute * (1 + 1e-6)).all()


def test_tokens_that_are_not_finite_are_named(picture_folder, pynative):
    model = tiny_model(depth=2)
    bias = model.blocks[1].mlp.fc2.bias
    bias.set_data(ms.Tensor(np.full(bias.shape, np.inf, np.float32)))
    loader = picture_loader(sample_pictures(str(picture_folder), 2), model.preprocessing)
    with pytest.raises(UserError, match=r"it: layer 2 puts out numbers that are not finite"):
        measure_diversity(model, loader, name="it")


def random_diversity(picture_folder, seed, **shortcut):
    """Return the measurement of a random network of 12 blocks with these shortcuts."""
    settings = {"image_size": 32, "patch_size": 4, "embed_dim": 48, "num_heads": 3, "num_classes": 10}
    ms.set_seed(seed)
    model = create_model("deit_s", shortcut=shortcut, **settings)
    return measure_diversity(model, picture_loader(sample_pictures(str(picture_folder), 8), model.preprocessing))


@pytest.mark.parametrize("seed", [0, 1])
def test_diversity_falls_without_shortcuts(picture_folder, pynative, seed):
    """Theorems 1 and 2 of Aug-ViT bound r(Z) itself, and so do these: without shortcuts it falls doubly exponentially.

    What they leave open is r(Z) / ||Z||: augmented shortcuts raise it over none at all, but in a random network not
    over the identity, because what GELU lets through is mostly positive, in every token alike.
    """
    none = random_diversity(picture_folder, seed, identity=False)
    identity = random_diversity(picture_folder, seed)
    augmented = random_diversity(picture_folder, seed, paths=2, scale=1.0)
    for found in (none, identity, augmented):
        assert np.array_equal(found.absolute[:, 0], none.absolute[:, 0])  # the same weights embed
    assert none.relative[:, 3].max() < 1e-3
    assert none.absolute[:, 3].max() < 1e-3 * none.absolute[:, 0].min()
    assert none.cosine[:, 3].min() > 0.999
    for shortcuts in (identity, augmented):
        assert (shortcuts.relative[:, 1:] > 3 * none.relative[:, 1:]).all()
        assert (shortcuts.absolute[:, 1:] > 10 * none.absolute[:, 1:]).all()
        assert (shortcuts.relative[:, 12] > 1000 * none.relative[:, 12]).all()
    assert (identity.absolute[:, 12] > 0.7 * identity.absolute[:, 0]).all()
    assert (augmented.absolute[:, 1:] > identity.absolute[:, 1:]).all()


def test_pictures_are_spread_over_the_folder(picture_folder):
    every = sample_pictures(str(picture_folder), 1000)
    assert len(every) == 33
    assert len({every.picture_name(i) for i in range(33)}) == 33
    some = sample_pictures(str(picture_folder), 3)
    assert [every.picture_name(i) for i in (0, 11, 22)] == [some.picture_name(i) for i in range(3)]
    one = sample_pictures(every.picture_name(5), 100)
    assert [one.picture_name(i) for i in range(len(one))] == [every.picture_name(5)]
    assert one.picture(0).mode == "RGB"


def test_mistakes_with_pictures(tmp_path):
    with pytest.raises(UserError, match=r"--data_path .*nowhere: no such file or folder"):
        sample_pictures(str(tmp_path / "nowhere"), 1)
    with pytest.raises(UserError, match=r"--data_path .*: no picture in this folder, at any depth"):
        sample_pictures(str(tmp_path), 1)
    with pytest.raises(UserError, match=r"--pictures 0: must be at least 1"):
        sample_pictures(str(tmp_path), 0)


def test_enlarging_keeps_the_cut(tmp_path):
    large = Preprocessing(size=224, resize=256, mean=(0.5, 0.5, 0.5)).resized(1024)
    assert (large.size, large.resize, large.mean) == (1024, 1170, (0.5, 0.5, 0.5))
    Image.new("RGB", (30, 20)).save(tmp_path / "a.png")
    loader = picture_loader(sample_pictures(str(tmp_path), 1), large)
    assert next(iter(loader)).images.shape == (1, 3, 1024, 1024)


def networks(*models, checkpoints=(), labels=None, image_size=None, seed=1):
    return open_networks(checkpoints, models, labels, image_size, seed, ms.set_seed)


SMALL = [f"{key}={str(value).replace(' ', '')}" for key, value in {**TINY_FAMILIES["swin_t"], "num_classes": 4}.items()]


def test_random_networks_by_name():
    plain, bare, named = networks("swin_t", *SMALL, "swin_t", *SMALL, "shortcut.identity=false", "swin_t", *SMALL)
    assert plain.label == " ".join(["random", "swin_t", *SMALL])
    assert bare.label.endswith("shortcut.identity=false")
    assert not bare.model.settings.shortcut.identity
    for one, other in zip(plain.model.get_parameters(), named.model.get_parameters(), strict=True):
        assert np.array_equal(one.asnumpy(), other.asnumpy())
    labelled = networks("swin_t", *SMALL, labels=["this"], image_size=64)[0]
    assert (labelled.label, labelled.model.grid_size, labelled.model.preprocessing.size) == ("this", (16, 16), 64)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "--checkpoint_path, --model: name a checkpoint or a registered model"),
        ({"models": ["paths=2", "swin_t"]}, "--model paths=2: the name of a model comes before its settings"),
        ({"models": ["swim_t"]}, "model.name=swim_t: no such model; did you mean swin_t"),
        ({"models": ["swin_t", *SMALL], "labels": ["a", "b"]}, "--labels: 2 for 1 networks; name each of them"),
        ({"models": ["swin_t", *SMALL], "image_size": 30}, "--image_size 30: random swin_t .*image_size=30: must be a"),
        ({"models": ["swin_t", *SMALL], "seed": -1}, "--seed -1: must lie in"),
    ],
)
def test_mistakes_with_networks(arguments, message):
    models = arguments.pop("models", [])
    with pytest.raises(UserError, match=message):
        networks(*models, **arguments)
