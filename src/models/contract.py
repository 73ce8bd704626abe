# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""What every backbone offers; reduction, detection, analysis and deployment use this and nothing else of a model.

Letters, for the whole project: B batch, N tokens, C channels, H W height and width, h heads, d channels a head,
T augmented paths, b circulant blocks a side, n = C / b. Tokens are (B, N, C), images (B, 3, H, W).
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

from mindspore import Parameter, Tensor, nn

from src.config import Preprocessing


@dataclass(frozen=True)
class ForeignTensor:
    """Where one of our parameters stands in a checkpoint of the official PyTorch code."""

    ours: str  # name of the parameter
    theirs: tuple[str, ...]  # names of the tensors that it is made of, one behind the other along the first axis
    shape: tuple[int, ...]  # of each of those tensors


class Backbone(nn.Cell):
    """A vision transformer with a classification head.

    Attributes:
        name: the registered name it was created by.
        settings: the frozen dataclass that rebuilds it.
        preprocessing: how pictures become its input.
        num_prefix_tokens: tokens that stand before the grid (1 for a class token).
        grid_size: (rows, columns) of the patch tokens that ``embed`` returns.
        feature_dims: channels after each stage; one number for a network without stages.
        drop_path_rates: drop probability of each branch, in the order of the masks that ``construct`` takes.
        drop_rate: probability that dropout drops an element; 0 for a network without dropout.
        blocks: the transformer blocks in order.
    """

    name: str
    settings: Any
    preprocessing: Preprocessing
    num_prefix_tokens: int
    grid_size: tuple[int, int]
    feature_dims: tuple[int, ...]
    drop_path_rates: tuple[float, ...]
    drop_rate: float
    blocks: nn.CellList

    @abstractmethod
    def embed(self, images: Tensor) -> Tensor:
        """Return the tokens (B, N, C) that enter the first block, of ``images`` (B, 3, H, W)."""

    @abstractmethod
    def enter(self, images: Tensor, keys: Tensor | None = None) -> Tensor:
        """Return what ``embed`` does, with dropout; ``keys`` as in ``construct``."""

    @abstractmethod
    def advance(self, index: int, tokens: Tensor, masks: Tensor | None = None, keys: Tensor | None = None) -> Tensor:
        """Return the tokens (B, N, C) behind block ``index`` of those before it; the rest as in ``construct``."""

    @abstractmethod
    def leave(self, tokens: Tensor) -> Tensor:
        """Return the normed tokens (B, N, C) of those behind the last block."""

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

    def construct(self, images: Tensor, masks: Tensor | None = None, keys: Tensor | None = None) -> Tensor:
        """Return the logits (B, K) of ``images`` (B, 3, H, W).

        ``masks`` (L, B) are the stochastic-depth masks of the L branches (``drop_path_masks``), ``keys`` (B,) int32 the
        keys of the pictures' dropout masks (``dropout_keys``); None in evaluation.
        """
        return self.forward_head(self.forward_features(images, masks, keys))


def count_parameters(network: nn.Cell) -> int:
    """Return how many numbers a network learns."""
    return sum(parameter.size for parameter in network.trainable_params())


def unique_parameters(network: nn.Cell) -> dict[str, Parameter]:
    """Return every parameter of a network by its name, in order."""
    return {parameter.name: parameter for parameter in network.get_parameters()}
