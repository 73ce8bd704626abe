# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Every registered model: its size, its pictures, and that all of it learns."""

import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor, nn
from mindspore.nn.utils import no_init_parameters

from src.errors import UserError
from src.models.contract import count_parameters, unique_parameters
from src.models.registry import create_model, list_models
from src.preprocessing import IMAGENET_MEAN, IMAGENET_STD, Preprocessing
from tests.tiny import loss_and_gradients

# at 224 pixels; plain networks have those of their official code, Aug-ViT those of the released code, biases included
PARAMETERS = {
    "augvit_b": 86_751_976,
    "augvit_s": 22_142_824,
    "augvit_ti": 5_763_496,
    "deit_b": 86_567_656,
    "deit_s": 22_050_664,
    "deit_ti": 5_717_416,
    "pvt_ti": 13_229_288,
    "pvt_s": 24_485_864,
    "pvt_m": 44_208_104,
    "pvt_l": 61_369_320,
    "t2t_14": 21_465_806,
    "t2t_19": 39_085_070,
    "t2t_24": 64_000_974,
    "swin_t": 28_288_354,
    "swin_s": 49_606_258,
    "swin_b": 87_768_224,
}
# Aug twins that have no released code: T = 2 paths with b = 4 circulant blocks a side past both branches of a block
TWINS = {"augpvt": "pvt", "augt2t": "t2t", "augswin": "swin"}
PARAMETERS_384 = {"deit_ti": 5_790_376, "deit_s": 22_196_584, "deit_b": 86_859_496, "t2t_14": 21_465_806}
# the smallest of each family, cut to what its layout allows: settings, channels and grid
SMALLEST = {
    "deit_ti": ({"image_size": 32, "depth": 2}, (192,), (2, 2)),
    "augvit_ti": ({"image_size": 32, "depth": 2}, (192,), (2, 2)),
    **dict.fromkeys(
        ("pvt_ti", "augpvt_ti"), ({"image_size": 64, "depths": [1, 1, 1, 1]}, (64, 128, 320, 512), (16, 16))
    ),
    **dict.fromkeys(("t2t_14", "t2t_14_t", "augt2t_14"), ({"image_size": 32, "depth": 2}, (384,), (2, 2))),
    **dict.fromkeys(
        ("swin_t", "augswin_t"),
        ({"image_size": 64, "depths": [2, 2, 2, 2], "window_size": 4}, (96, 192, 384, 768), (16, 16)),
    ),
}
BLIND_BIASES = {"qkv.bias": (3, 1), ".kv.bias": (2, 0)}  # number of parts, that of the keys


@pytest.fixture(autouse=True, scope="module")
def _pynative():
    ms.set_context(mode=ms.PYNATIVE_MODE)
    yield
    ms.set_context(mode=ms.GRAPH_MODE)


def test_every_model_stands_in_the_table():
    twins = {f"{twin}_{name.partition('_')[2]}" for twin, family in TWINS.items() for name in of_family(family)}
    assert list_models() == sorted({*PARAMETERS, *twins, *(f"t2t_{size}_t" for size in (14, 19, 24))})


def without_values(name, **settings):
    """Return a model whose parameters have shapes alone: a large one takes seconds to fill."""
    with no_init_parameters():
        return create_model(name, **settings)


def of_family(family):
    return [name for name in PARAMETERS if name.partition("_")[0] == family]


@pytest.mark.parametrize("name", PARAMETERS)
def test_number_of_parameters(name):
    assert count_parameters(without_values(name)) == PARAMETERS[name]


@pytest.mark.parametrize("name", ["augpvt_s", "augpvt_m", "augt2t_14", "augswin_t"])
def test_number_of_parameters_of_a_twin(name):
    model = without_values(name)
    paths = sum(20 * len(stage.blocks) * stage.dim for stage in model.stages)  # 2 * 2 * (b * C + C)
    family, _, size = name.partition("_")
    assert count_parameters(model) == PARAMETERS[f"{TWINS[family]}_{size}"] + paths


@pytest.mark.parametrize("name", PARAMETERS_384)
def test_number_of_parameters_at_384_pixels(name):
    assert count_parameters(without_values(name, image_size=384)) == PARAMETERS_384[name]


@pytest.mark.parametrize("name", SMALLEST)
def test_every_parameter_learns(name, rng):
    ms.set_seed(0)
    settings, dims, grid = SMALLEST[name]
    model = create_model(name, **settings)
    model.set_train(True)
    assert model.name == name
    assert (model.feature_dims, model.grid_size) == (dims, grid)
    fixed = set(unique_parameters(model)) - {p.name for p in model.trainable_params()}
    assert all(name.endswith("random_features") for name in fixed)
    images = Tensor(rng.standard_normal((2, 3, settings["image_size"], settings["image_size"])).astype(np.float32))
    targets = Tensor(np.eye(1000, dtype=np.float32)[[3, 500]])
    loss, logits, gradients = loss_and_gradients(model, images, targets)
    assert logits.shape == (2, 1000)
    assert np.isfinite(logits.asnumpy()).all()
    assert 4 < float(loss) < 10  # a fresh head knows nothing: log 1000 = 6.9
    for key, value in gradients.items():
        assert np.isfinite(value).all(), key
        assert all(np.abs(part).max() > 0 for part in seen_parts(key, value)), key


def seen_parts(name, value):
    """Return the parts of a gradient that are not zero: softmax does not see a shift of the keys."""
    for suffix, (count, keys) in BLIND_BIASES.items():
        if name.endswith(suffix):
            return np.delete(value.reshape(count, -1), keys, 0)
    return value[None]


@pytest.mark.parametrize(
    ("name", "settings", "epsilons"),
    [
        ("deit_ti", {"depth": 1}, {1e-6}),
        ("augvit_ti", {"depth": 1}, {1e-6}),
        ("pvt_ti", {"depths": [1, 1, 1, 1]}, {1e-6, 1e-5}),
        ("t2t_14", {"depth": 1}, {1e-5}),
        ("swin_t", {"depths": [1, 1, 1, 1]}, {1e-5}),
    ],
)
def test_norms_have_the_epsilon_of_the_reference(name, settings, epsilons):
    norms = {
        key: cell for key, cell in create_model(name, **settings).cells_and_names() if isinstance(cell, nn.LayerNorm)
    }
    assert {norm.epsilon for norm in norms.values()} == epsilons
    assert all(
        norm.epsilon == min(epsilons)
        for key, norm in norms.items()
        if ".norm" in key and "blocks" in key and "reduce" not in key
    )


@pytest.mark.parametrize(
    ("name", "size", "resize", "mean", "std"),
    [
        ("deit_ti", 224, 256, IMAGENET_MEAN, IMAGENET_STD),
        ("deit_b", 384, 438, IMAGENET_MEAN, IMAGENET_STD),
        ("augvit_s", 224, 248, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
        ("augvit_b", 384, 426, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    ],
)
def test_pictures_of_a_model_are_those_of_timm(name, size, resize, mean, std):
    model = create_model(name, image_size=size, depth=1)
    assert model.preprocessing == Preprocessing(size, resize, "bicubic", mean, std)


def test_preprocessing_can_be_set():
    model = create_model("augvit_ti", {"resize": 300, "mean": [0.1, 0.2, 0.3]}, depth=1)
    assert model.preprocessing == Preprocessing(224, 300, "bicubic", (0.1, 0.2, 0.3), (0.5, 0.5, 0.5))


def test_a_shortcut_is_laid_over_the_model_s_own():
    model = create_model("augvit_ti", image_size=32, depth=1, shortcut={"blocks": 8})
    assert (model.settings.shortcut.paths, model.settings.shortcut.blocks) == (2, 8)
    assert model.blocks[0].attn_shortcut.project.weight.shape == (2, 8, 8, 24)


@pytest.mark.parametrize(
    ("name", "said"), [("augvit_x", "augvit_s"), ("deit-ti", "deit_ti"), ("resnet50", "known: augpvt_l, augpvt_m")]
)
def test_unknown_name_lists_the_near_ones(name, said):
    with pytest.raises(UserError, match=f"{name}: no such model.*{said}"):
        create_model(name)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"image_sise": 32}, r"model\.image_sise: no such key; did you mean image_size"),
        ({"shortcut": {"path": 2}}, r"model\.shortcut\.path: no such key; did you mean .*paths"),
        ({"depth": "many"}, r"model\.depth='many': expected a number"),
        ({"depth": 0}, r"model\.depth=0"),
        ({"image_size": 33}, r"model\.image_size=33: must be a multiple of patch_size=16"),
        ({"num_heads": 5}, r"model\.num_heads=5: must divide embed_dim=192"),
        ({"drop_path_rate": 1.0}, r"model\.drop_path_rate=1"),
        ({"mlp_ratio": 0}, r"model\.mlp_ratio=0"),
        ({"num_classes": 0}, r"model\.num_classes=0"),
        ({"shortcut": {"paths": 4}}, r"model\.shortcut\.paths=4"),
        ({"shortcut": {"identity": False}}, r"model\.shortcut\.paths=2: augmented paths stand beside an identity"),
        (
            {"shortcut": {"projection": "sparse"}},
            r"model\.shortcut\.projection='sparse': must be one of circulant, dense",
        ),
        ({"shortcut": {"blocks": 5}}, r"shortcut\.blocks=5: must divide the 192 channels"),
        ({"shortcut": 2}, r"model\.shortcut: expected a table"),
    ],
)
def test_impossible_settings_are_named(settings, said):
    with pytest.raises(UserError, match=said):
        create_model("augvit_ti", **settings)


def test_preprocessing_smaller_than_the_crop_is_refused():
    with pytest.raises(UserError, match=r"preprocessing\.resize=200: must not be smaller than the crop of 224"):
        create_model("deit_ti", {"resize": 200}, depth=1)
