# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The patch tokens inside a network: layer 0 enters the first block, layer l is what block l puts out."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from mindspore import Tensor, nn

from src.errors import UserError
from src.models.contract import Backbone, Stage

LayerTokens = Callable[[np.ndarray], dict[int, np.ndarray]]  # images (B, 3, H, W) -> layer: tokens (B, N, C)


class Layers(nn.Cell):
    """The tokens of several layers of a backbone, class token included, from one graph."""

    def __init__(self, model: Backbone, layers: Iterable[int]) -> None:
        """Build around ``model``, whose parameters keep their names."""
        super().__init__(auto_prefix=False)
        self.model = model
        self.layers = tuple(sorted(set(layers)))

    def construct(self, images: Tensor) -> tuple[Tensor, ...]:
        """Return the tokens (B, N, C) of each layer, in ascending order, of ``images`` (B, 3, H, W)."""
        _, _, kept = self.model.walk(images, depth=self.layers[-1], watch=self.watch)
        return kept

    def watch(self, layer: int, tokens: Tensor) -> tuple[Tensor, ...]:
        """Keep the tokens of the layers that are wanted."""
        return (tokens,) if layer in self.layers else ()


def layer_tokens(model: Backbone, layers: Iterable[int]) -> LayerTokens:
    """Return the function from images to the patch tokens of some layers, each (B, N, C), without prefix tokens.

    A batch smaller than the largest seen is filled up, so that the last one does not compile the network again.
    """
    network = Layers(model, layers)
    network.set_train(False)
    full = 0

    def tokens(images: np.ndarray) -> dict[int, np.ndarray]:
        nonlocal full
        full = max(full, len(images))
        filled = np.concatenate([images, np.zeros((full - len(images), *images.shape[1:]), images.dtype)])
        outputs = zip(network.layers, network(Tensor(filled)), strict=True)
        return {n: found.asnumpy()[: len(images), stage_behind(model, n).prefix :] for n, found in outputs}

    return tokens


def stage_behind(model: Backbone, layer: int) -> Stage:
    """Return the stage that the tokens of a layer belong to."""
    return model.stage_of(max(layer - 1, 0))


def choose_layers(model: Backbone, wanted: Sequence[int] | None, name: str) -> tuple[int, ...]:
    """Return the wanted layers in ascending order; the first, the middle and the last block where none are named.

    Raises:
        UserError: ``--layers`` names one that the network, called ``name``, does not have.
    """
    depth = len(model.blocks)
    if wanted is None:
        return tuple(sorted({1, max(depth // 2, 1), depth}))
    for layer in wanted:
        if not 0 <= layer <= depth:
            raise UserError(f"--layers {layer}: {name} has the layers 0 (what enters the first block) to {depth}")
    return tuple(sorted(set(wanted)))
