# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Every registered model: its size, its pictures, and that all of it learns."""

import mindspore as ms
import numpy as np
import pytest
from mindspore import ParameterTuple, Tensor, nn

from src.config import IMAGENET_MEAN, IMAGENET_STD, Preprocessing
from src.engine.step import gradient_function
from src.errors import UserError
from src.models.contract import count_parameters, unique_parameters
from src.models.registry import create_model, list_models

# at 224 pixels; DeiT's are those of its paper, Aug-ViT's those of the released code, biases included
PARAMETERS = {
    "augvit_b": 86_751_976,
    "augvit_s": 22_142_824,
    "augvit_ti": 5_763_496,
    "deit_b": 86_567_656,
    "deit_s": 22_050_664,
    "deit_ti": 5_717_416,
}
PARAMETERS_384 = {"deit_ti": 5_790_376, "deit_s": 22_196_584, "deit_b": 86_859_496}
WIDTHS = {"ti": 192, "s": 384, "b": 768}


@pytest.fixture(autouse=True, scope="module")
def _pynative():
    ms.set_context(mode=ms.PYNATIVE_MODE)
    yield
    ms.set_context(mode=ms.GRAPH_MODE)


def test_every_model_stands_in_the_table():
    assert list_models() == sorted(PARAMETERS)


@pytest.mark.parametrize("name", list_models())
def test_number_of_parameters(name):
    assert count_parameters(create_model(name)) == PARAMETERS[name]


@pytest.mark.parametrize("name", PARAMETERS_384)
def test_number_of_parameters_at_384_pixels(name):
    assert count_parameters(create_model(name, image_size=384)) == PARAMETERS_384[name]


@pytest.mark.parametrize("name", list_models())
def test_every_parameter_learns(name, rng):
    ms.set_seed(0)
    model = create_model(name, image_size=32, depth=2)
    model.set_train(True)
    assert model.name == name
    assert model.feature_dims == (WIDTHS[name.rpartition("_")[2]],)
    assert model.grid_size == (2, 2)
    parameters = ParameterTuple(model.trainable_params())
    assert {p.name for p in parameters} == set(unique_parameters(model))
    images = Tensor(rng.standard_normal((2, 3, 32, 32)).astype(np.float32))
    targets = Tensor(np.eye(1000, dtype=np.float32)[[3, 500]])
    (loss, logits), gradients = gradient_function(model, parameters)(images, targets, None)
    assert logits.shape == (2, 1000)
    assert np.isfinite(logits.asnumpy()).all()
    assert 4 < float(loss) < 10  # a fresh head knows nothing: log 1000 = 6.9
    for parameter, gradient in zip(parameters, gradients, strict=True):
        value = gradient.asnumpy()
        assert np.isfinite(value).all(), parameter.name
        # softmax does not see a shift of the keys: their bias has no gradient
        parts = value.reshape(3, -1)[[0, 2]] if parameter.name.endswith("qkv.bias") else value[None]
        assert all(np.abs(part).max() > 0 for part in parts), parameter.name


@pytest.mark.parametrize("name", list_models())
def test_norms_have_the_epsilon_of_the_reference(name):
    norms = [cell for _, cell in create_model(name, depth=1).cells_and_names() if isinstance(cell, nn.LayerNorm)]
    assert [norm.epsilon for norm in norms] == [1e-6] * 3


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
    ("name", "said"), [("augvit_x", "augvit_s"), ("deit-ti", "deit_ti"), ("resnet50", ", ".join(PARAMETERS))]
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
