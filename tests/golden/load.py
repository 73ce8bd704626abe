# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Read a golden, and build the model it is of."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from src.checkpoint.adapt import load_weights
from src.checkpoint.pytorch import convert_state
from src.models.contract import Backbone
from src.models.registry import create_model
from tests.tiny import RELEASED_MODES

FOLDER = Path(__file__).parent
FAMILIES = ("pvt", "t2t_performer", "t2t_transformer", "swin", "augpvt")  # our goldens of the other families
_MODELS = {"pvt": "pvt_s", "t2t": "t2t_14", "swin": "swin_t"}  # to lay the config of a family over
_RENAMED = {"sr_ratios": "reductions", "tokens_type": "tokens", "ln_eps": "norm_eps"}


@dataclass(frozen=True)
class Golden:
    """What ``make_goldens.py`` writes, or a file of the same form."""

    config: dict[str, Any]
    arrays: dict[str, np.ndarray]  # float32, losses and rates aside

    def part(self, prefix: str) -> dict[str, np.ndarray]:
        return {name.removeprefix(prefix): value for name, value in self.arrays.items() if name.startswith(prefix)}

    def gradients(self, model: Backbone) -> dict[str, np.ndarray]:
        """Return the gradients in our names; in place of those of fixed tensors stand the tensors themselves."""
        state = {**self.part("param/"), **self.part("grad/")}
        return convert_state(state, model, "grad/", replace_head=False)

    def in_our_names(self, prefix: str, model: Backbone) -> dict[str, np.ndarray]:
        return convert_state(self.part(prefix), model, prefix, replace_head=False)


def read_golden(path: Path) -> Golden:
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files if name != "config"}
        config = json.loads(str(file["config"]))
    halves = {name: value.astype(np.float32) for name, value in arrays.items() if value.dtype == np.float16}
    return Golden(config, {**arrays, **halves})


def settings(config: dict[str, Any], implementation: str = "auto") -> dict[str, Any]:
    """Return the settings of ``augvit_s`` for a golden's config; with fft and dense go portable operators."""
    same = ("image_size", "patch_size", "embed_dim", "depth", "num_heads", "mlp_ratio", "num_classes")
    shortcut = {**RELEASED_MODES[config["mode"]], "blocks": config["num_cir"], "implementation": implementation}
    kernels = "portable" if implementation in ("fft", "dense") else "auto"
    same = {key: config[key] for key in same}
    return {**same, "norm_eps": config["ln_eps"], "shortcut": shortcut, "kernels": kernels}


def model_of(golden: Golden, prefix: str, implementation: str = "auto") -> Backbone:
    """Return the model of a golden in evaluation mode, with the parameters that stand under ``prefix``."""
    model = create_model("augvit_s", **settings(golden.config, implementation))
    load_weights(model, golden.in_our_names(prefix, model), prefix)
    model.set_train(False)
    return model


def family_settings(config: dict[str, Any]) -> dict[str, Any]:
    """Return our settings for the config of another family's golden."""
    others = {"family", "mode", "num_cir"} | ({"patch_size"} if config["family"] == "pvt" else set())
    settings = {_RENAMED.get(key, key): value for key, value in config.items() if key not in others}
    if "mode" in config:
        settings["shortcut"] = {**RELEASED_MODES[config["mode"]], "blocks": config["num_cir"]}
    return settings


def family_model(golden: Golden, kernels: str) -> Backbone:
    """Return the model of another family's golden in evaluation mode."""
    model = create_model(_MODELS[golden.config["family"]], kernels=kernels, **family_settings(golden.config))
    load_weights(model, golden.in_our_names("param/", model), "param/")
    model.set_train(False)
    return model


def largest_difference(own: dict[str, np.ndarray], golden: dict[str, np.ndarray]) -> float:
    """Return the largest difference of two sets of parameters of the same names.

    The key part of the ``qkv`` biases is left out: softmax does not see it, so that its gradient is zero in exact
    arithmetic, and Adam makes steps of the noise.
    """
    assert own.keys() == golden.keys()
    differences = []
    for name, value in golden.items():
        difference = np.abs(own[name] - value)
        differences.append(difference.reshape(3, -1)[[0, 2]].max() if name.endswith("qkv.bias") else difference.max())
    return float(np.max(differences))
