# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The precision that a training computes in."""

from collections.abc import Callable
from typing import Any

import mindspore as ms
from mindspore import Tensor

from src.config import Config
from src.engine.objectives.objective import Forward

Lower = Callable[[Callable], Callable]  # a function of tensors -> the same in some precision


def training_settings(config: Config) -> dict[str, Any]:
    """Return the settings that a model needs for ``TrainStep``, over those of ``config.model``.

    Native kernels are float32 only, so float16 products go with portable operators.
    """
    return {"kernels": "portable"} if config.train.precision == "float16" else {}


def choose_precision(config: Config) -> Lower:
    """Return what puts a function into the precision of a run."""
    return _float16_products if config.train.precision == "float16" else _as_it_is


def choose_scaler(config: Config) -> ms.amp.DynamicLossScaler | None:
    """Return the loss scale of a run with float16 products (Micikevicius et al., 2018); None without them."""
    train = config.train
    if train.precision != "float16":
        return None
    return ms.amp.DynamicLossScaler(train.loss_scale, 2, train.loss_scale_window)


def lowered(function: Callable[..., Tensor], precision: Lower) -> Forward:
    """Return a function (x, drop_path, seeds) with products in a precision, and float32 outputs."""

    def forward(x: Tensor, drop_path: Tensor | None, seeds: Tensor | None) -> Tensor:
        return function(x, drop_path, seeds)

    lower = precision(forward)

    def outputs(x: Tensor, drop_path: Tensor | None, seeds: Tensor | None) -> Tensor:
        return lower(x, drop_path, seeds).astype(ms.float32)

    return outputs


def _as_it_is(function: Callable) -> Callable:
    return function


def _float16_products(function: Callable) -> Callable:
    """Return a function of tensors with products in float16; LayerNorm, softmax and GELU stay float32.

    A function and not the model, so that an evaluation of the model stays float32, as that of its checkpoint is.
    """
    return ms.amp.auto_mixed_precision(function, "auto", ms.float16)
