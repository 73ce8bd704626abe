# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""What every backbone offers; reduction, detection, analysis and deployment use this and nothing else of a model.

Letters, for the whole project: B batch, N tokens, C channels, H W height and width, h heads, d channels a head,
T augmented paths, b circulant blocks a side, n = C / b. Tokens are (B, N, C), images (B, 3, H, W).
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from mindspore import Parameter, Tensor, nn

from src.config import Preprocessing


@dataclass(frozen=True)
class Stage:
    """A run of blocks whose tokens have the same shape; a network without stages has one."""

    blocks: range  # numbers of its blocks
    dim: int  # C, channels of its tokens
    grid: tuple[int, int]  # (rows, columns) of its patch tokens
    prefix: int = 0  # tokens that stand before the grid (1 for a class token)


@dataclass(frozen=True)
class ForeignTensor:
    """Where one of our parameters stands in a checkpoint of the official PyTorch code.

    Theirs, one behind the other along the first axis and seen as ``view``, with axes in ``order``, are ours.
    """

    ours: str  # name of the parameter
    theirs: tuple[str, ...]  # names of the tensors that it is made of
    shape: tuple[int, ...]  # of each of those tensors
    view: tuple[int, ...] = ()  # () where the order of the numbers is the same
    order: tuple[int, ...] = ()  # axes of the view in the order that ours has


class Backbone(nn.Cell):
    """A vision transformer with a classification head.

    Attributes:
        name: the registered name it was created by.
        settings: the frozen dataclass that rebuilds it.
        preprocessing: how pictures become its input.
        stages: the shapes of the tokens, from the first block to the last.
        drop_path_rates: drop probability of each branch, in the order of the masks that ``construct`` takes.
        drop_rate: largest probability that dropout drops an element; 0 for a network without dropout.
        drop: the dropout of the tokens that enter the first block.
        blocks: the transformer blocks in order.
        norm: the LayerNorm behind the last block.
        head: the dense layer that gives the logits.
    """

    name: str
    settings: Any
    preprocessing: Preprocessing
    stages: tuple[Stage, ...]
    drop_path_rates: tuple[float, ...]
    drop_rate: float
    drop: nn.Cell
    blocks: nn.CellList
    norm: nn.LayerNorm
    head: nn.Dense

    @property
    def grid_size(self) -> tuple[int, int]:
        """The (rows, columns) of the patch tokens that ``embed`` returns."""
        return self.stages[0].grid

    @property
    def feature_dims(self) -> tuple[int, ...]:
        """The channels behind each stage."""
        return tuple(stage.dim for stage in self.stages)

    @property
    def num_prefix_tokens(self) -> int:
        """The tokens that stand before the grid behind the last block."""
        return self.stages[-1].prefix

    def stage_of(self, index: int) -> Stage:
        """Return the stage that block ``index`` belongs to."""
        return next(stage for stage in self.stages if index in stage.blocks)

    @abstractmethod
    def embed(self, images: Tensor) -> Tensor:
        """Return the tokens (B, N, C) that enter the first block, of ``images`` (B, 3, H, W)."""

    def enter(self, images: Tensor, keys: Tensor | None = None) -> Tensor:
        """Return what ``embed`` does, with dropout; ``keys`` as in ``construct``."""
        return self.drop(self.embed(images), keys)

    def enter_block(self, index: int, tokens: Tensor, keys: Tensor | None = None) -> Tensor:
        """Return the tokens that enter block ``index``: where a stage begins, those before it on a coarser grid."""
        return tokens

    def advance(self, index: int, tokens: Tensor, masks: Tensor | None = None, keys: Tensor | None = None) -> Tensor:
        """Return the tokens (B, N, C) behind block ``index`` of those before it; the rest as in ``construct``."""
        tokens = self.enter_block(index, tokens, keys)
        block = self.blocks[index]
        if masks is None:
            return block(tokens, None, None, keys)
        return block(tokens, masks[2 * index], masks[2 * index + 1], keys)

    def leave(self, tokens: Tensor) -> Tensor:
        """Return the normed tokens (B, N, C) of those behind the last block."""
        return self.norm(tokens)

    def forward_features(self, images: Tensor, masks: Tensor | None = None, keys: Tensor | None = None) -> Tensor:
        """Return the normed tokens (B, N, C) after the last block; ``masks`` and ``keys`` as in ``construct``."""
        tokens = self.enter(images, keys)
        for i in range(len(self.blocks)):
            tokens = self.advance(i, tokens, masks, keys)
        return self.leave(tokens)

    @abstractmethod
    def forward_head(self, tokens: Tensor) -> Tensor:
        """Return the logits (B, K) of the tokens that ``forward_features`` gives."""

    @abstractmethod
    def no_weight_decay(self) -> set[str]:
        """Return the names of parameters with two or more dimensions that have no weight decay all the same."""

    @abstractmethod
    def resize(self, image_size: int) -> None:
        """Make the network take square images of ``image_size`` pixels, in place, with its positions interpolated."""

    @abstractmethod
    def foreign_tensors(self) -> list[ForeignTensor]:
        """Return where each parameter stands in a checkpoint of the official PyTorch code."""

    def foreign_constants(self) -> dict[str, np.ndarray]:
        """Return the tables that such a checkpoint holds beside parameters, by their names there; we compute them."""
        return {}

    def construct(self, images: Tensor, masks: Tensor | None = None, keys: Tensor | None = None) -> Tensor:
        """Return the logits (B, K) of ``images`` (B, 3, H, W).

        ``masks`` (L, B) are the stochastic-depth masks of the L branches (``drop_path_masks``), ``keys`` (B,) int32 the
        keys of the pictures' dropout masks (``dropout_keys``); None in evaluation.
        """
        return self.forward_head(self.forward_features(images, masks, keys))


def drop_path_rates(settings: Any, depth: int) -> tuple[float, ...]:
    """Return the rates of all branches of ``depth`` blocks: in a line from 0 to that of the settings, two a block."""
    rates = np.linspace(0.0, settings.drop_path_rate, depth)
    return tuple(float(rate) for rate in rates for _ in ("msa", "mlp"))


def generators(network: nn.Cell) -> set[str]:
    """Return the names of the generators of circulant projections, which are 1-D in the released code: no decay."""
    return {name for name, p in unique_parameters(network).items() if "shortcut" in name and p.ndim == 4}


def count_parameters(network: nn.Cell) -> int:
    """Return how many numbers a network learns."""
    return sum(parameter.size for parameter in network.trainable_params())


def unique_parameters(network: nn.Cell) -> dict[str, Parameter]:
    """Return every parameter of a network by its name, in order."""
    return {parameter.name: parameter for parameter in network.get_parameters()}
