# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Small models, built from the registered ones: seconds instead of minutes; weights and pictures for them."""

from typing import Any

import numpy as np
from mindspore import ParameterTuple, Tensor

from src.engine.objectives.classification import Classification
from src.engine.step import gradient_function
from src.models.contract import Backbone, unique_parameters
from src.models.registry import create_model

TINY = {"image_size": 32, "patch_size": 8, "embed_dim": 48, "depth": 2, "num_heads": 3, "num_classes": 10}

# the modes of the released PyTorch code, as settings of our shortcut
RELEASED_MODES = {
    "base": {"paths": 0},
    "linear": {"paths": 1, "form": "circ", "projection": "dense"},
    "circulant": {"paths": 1, "form": "circ"},
    "linear2": {"paths": 2, "projection": "dense"},
    "circulant2": {"paths": 2},
}


def tiny_model(mode: str = "circulant2", shortcut: dict[str, Any] | None = None, **settings: Any) -> Backbone:
    """Return a two-block Aug-ViT of 48 channels in one of the released modes."""
    shortcut = {**RELEASED_MODES[mode], **(shortcut or {})}
    return create_model("augvit_s", shortcut=shortcut, **{**TINY, **settings})


# a network of each other family that takes milliseconds, from a registered one
TINY_FAMILIES: dict[str, dict[str, Any]] = {
    "pvt_s": {
        "image_size": 32,
        "embed_dims": [8, 12],
        "depths": [1, 2],
        "num_heads": [1, 2],
        "mlp_ratios": [2, 3],
        "reductions": [2, 1],
        "patch_sizes": [4, 2],
    },
    "t2t_14": {"image_size": 32, "embed_dim": 24, "depth": 2, "num_heads": 3, "token_dim": 8},
    "t2t_14_t": {"image_size": 32, "embed_dim": 24, "depth": 2, "num_heads": 3, "token_dim": 8},
    "swin_t": {"image_size": 32, "embed_dim": 8, "depths": [2, 1], "num_heads": [2, 4], "window_size": 4},
}
TINY_FAMILIES |= {f"aug{name}": TINY_FAMILIES[name] for name in ("pvt_s", "t2t_14", "swin_t")}


def tiny_family(name: str, **settings: Any) -> Backbone:
    """Return the small network of a registered model of another family, with ten classes."""
    return create_model(name, **{**TINY_FAMILIES[name], "num_classes": 10, **settings})


def lively(model: Backbone, rng: np.random.Generator, spread: float) -> Backbone:
    """Give every parameter a value that shows in the logits: fresh ones hardly do; return ``model``, to infer with."""
    for name, parameter in unique_parameters(model).items():
        value = rng.standard_normal(parameter.shape) * spread + name.endswith("gamma")
        parameter.set_data(Tensor(value.astype(np.float32)))
    model.set_train(False)
    return model


def random_pictures(rng: np.random.Generator, size: int) -> Tensor:
    """Return two normalised pictures (2, 3, size, size)."""
    return Tensor(rng.standard_normal((2, 3, size, size)).astype(np.float32))


def loss_and_gradients(
    model: Backbone, images: Tensor, targets: Tensor, drop_path: Tensor | None = None, seeds: Tensor | None = None
) -> tuple[Tensor, Tensor, dict[str, np.ndarray]]:
    """Return loss, logits, and the gradient of every parameter that a classification trains, by its name."""
    parameters = ParameterTuple(model.trainable_params())
    gradients_of = gradient_function(Classification(), model, parameters)
    (loss, logits), gradients = gradients_of(drop_path, seeds, images, targets)
    return loss, logits, {p.name: g.asnumpy() for p, g in zip(parameters, gradients, strict=True)}
