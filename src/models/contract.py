# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""What every backbone offers; reduction, detection, analysis and deployment use this and nothing else of a model.

Letters, for the whole project: B batch, N tokens, C channels, H W height and width, h heads, d channels a head,
T augmented paths, b circulant blocks a side, n = C / b, L branches. Tokens are (B, N, C), images (B, 3, H, W).

Two arrays of noise travel through a training step, made on the host and None in evaluation: ``drop_path`` (L, B), the
factors of stochastic depth (``drop_path_factors``), and ``seeds`` (B,) int32, of the pictures' dropout masks
(``dropout_seeds``). They are two arguments, because a graph takes a tuple for a constant, and would be compiled anew at
every step.
"""

import math
from abc import abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from mindspore import Parameter, Tensor, nn

from src.layers.accelerate import accelerate
from src.preprocessing import ImageSize, Preprocessing

Watch = Callable[[int, Tensor], tuple[Any, ...]]  # (layer, tokens behind it) -> what is to be kept of them


@dataclass(frozen=True)
class Stage:
    """A run of blocks whose tokens have the same shape; a network without stages has one."""

    blocks: range  # numbers of its blocks
    dim: int  # C, channels of its tokens
    count: int  # N, all of its tokens
    grid: tuple[int, ...] | None  # where its patch tokens stand, such as (rows, columns); None where places are lost
    prefix: int = 0  # tokens before the patches (1 for a class token)
    suffix: int = 0  # tokens behind them

    @classmethod
    def of(cls, blocks: range, dim: int, grid: tuple[int, ...], prefix: int = 0) -> "Stage":
        """Return the stage whose tokens are a prefix and a whole grid."""
        return cls(blocks, dim, prefix + math.prod(grid), grid, prefix)

    @property
    def patches(self) -> int:
        """The tokens that are patches."""
        return self.count - self.prefix - self.suffix

    @property
    def title(self) -> str:
        """What a person calls its blocks."""
        first, last = self.blocks[0], self.blocks[-1]
        return f"blocks {first}-{last}" if last > first else f"block {first}"


class Part(NamedTuple):
    """A Cell of a network as counting sees it; together they hold all that a network computes."""

    name: str  # under which it stands in the network
    cell: nn.Cell
    group: str  # what it belongs to
    tokens: int  # N, of a picture, that it works on


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


def keep_nothing(layer: int, tokens: Tensor) -> tuple[()]:
    """Watch a walk without keeping anything."""
    return ()


def keep_all(layer: int, tokens: Tensor) -> tuple[Tensor]:
    """Keep the tokens (B, N, C) of every layer."""
    return (tokens,)


class Backbone(nn.Cell):
    """A vision transformer with a classification head.

    Layers are counted as in the papers: layer 0 is what enters the first block, layer l what the l-th block puts out.

    Attributes:
        name: the registered name it was created by.
        task: what its outputs are for, of ``networks.settings.Task``.
        settings: the frozen dataclass that rebuilds it.
        preprocessing: how pictures become its input.
        stages: the shapes of the tokens, from the first block to the last.
        drop_path_rates: drop probability of each branch, in the order of ``drop_path``.
        drop_rate: largest probability that dropout drops an element; 0 for a network without dropout.
        drop: the dropout of the tokens that enter the first block.
        blocks: the transformer blocks in order.
        norm: the LayerNorm behind the last block.
        head: the dense layer that gives the logits.
    """

    name: str
    task: str
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
    def grid_size(self) -> tuple[int, ...] | None:
        """The (rows, columns) of the patch tokens that ``embed`` returns."""
        return self.stages[0].grid

    @property
    def feature_dims(self) -> tuple[int, ...]:
        """The channels behind each stage."""
        return tuple(stage.dim for stage in self.stages)

    @property
    def num_prefix_tokens(self) -> int:
        """The tokens that stand before the patches behind the last block."""
        return self.stages[-1].prefix

    def stage_of(self, index: int) -> Stage:
        """Return the stage that block ``index`` belongs to."""
        return next(stage for stage in self.stages if index in stage.blocks)

    @abstractmethod
    def embed(self, images: Tensor, seeds: Tensor | None = None) -> Tensor:
        """Return the tokens (B, N, C) that enter the first block, of ``images`` (B, 3, H, W)."""

    def enter_block(self, index: int, tokens: Tensor, seeds: Tensor | None = None) -> Tensor:
        """Return the tokens that enter block ``index``: where a stage begins, those before it on a coarser grid."""
        return tokens

    def advance(
        self,
        index: int,
        tokens: Tensor,
        alive: Tensor | None = None,
        drop_path: Tensor | None = None,
        seeds: Tensor | None = None,
    ) -> tuple[Tensor, Tensor | None]:
        """Return the tokens (B, N, C) behind block ``index`` of those before it, and which of them are alive.

        ``alive`` (B, N) says which tokens the network still works on; None: all of them.
        """
        tokens = self.enter_block(index, tokens, seeds)
        block = self.blocks[index]
        if drop_path is None:
            return block(tokens, None, None, seeds), alive
        return block(tokens, drop_path[2 * index], drop_path[2 * index + 1], seeds), alive

    def walk(
        self,
        images: Tensor,
        drop_path: Tensor | None = None,
        seeds: Tensor | None = None,
        depth: int | None = None,
        watch: Watch = keep_nothing,
    ) -> tuple[Tensor, Tensor | None, tuple[Any, ...]]:
        """Go through the first ``depth`` blocks, or through all: the one loop over them.

        Returns:
            The tokens (B, N, C) behind the last of them, which of these are alive, and one behind the other what
            ``watch`` kept of each layer, from layer 0 on.
        """
        tokens, alive = self.embed(images, seeds), None
        kept = watch(0, tokens)
        for index in range(len(self.blocks) if depth is None else depth):
            tokens, alive = self.advance(index, tokens, alive, drop_path, seeds)
            kept += watch(index + 1, tokens)
        return tokens, alive, kept

    def attention(self, index: int, tokens: Tensor) -> Tensor:
        """Return the attention weights (B, h, N, K) of block ``index`` on the tokens before it, those of layer index.

        Of attention in windows they are (B * W, h, N, N), window by window.
        """
        block = self.blocks[index]
        return block.attn.weights(block.norm1(self.enter_block(index, tokens)))

    def leave(self, tokens: Tensor) -> Tensor:
        """Return the normed tokens (B, N, C) of those behind the last block."""
        return self.norm(tokens)

    def forward_features(self, images: Tensor, drop_path: Tensor | None = None, seeds: Tensor | None = None) -> Tensor:
        """Return the normed tokens (B, N, C) after the last block."""
        tokens, _, _ = self.walk(images, drop_path, seeds)
        return self.leave(tokens)

    @abstractmethod
    def forward_head(self, tokens: Tensor) -> Tensor:
        """Return the logits (B, K) of the tokens that ``forward_features`` gives."""

    @abstractmethod
    def no_weight_decay(self) -> set[str]:
        """Return the names of parameters with two or more dimensions that have no weight decay all the same."""

    def set_size(self, size: ImageSize) -> None:
        """Make the network take images of ``size`` pixels, a side or (height, width), in place.

        Settings, stages, preprocessing, and tables that depend on the grid go with it; positions are interpolated.

        Raises:
            UserError: a size that the family does not take.
        """
        settings = self.settings.resized(size)
        if settings == self.settings:
            return
        self.set_grids(settings)
        self.settings = settings
        grids = zip(self.stages, settings.grids, strict=True)
        self.stages = tuple(Stage.of(s.blocks, s.dim, grid, s.prefix) for s, grid in grids)
        self.preprocessing = self.preprocessing.resized(size)
        accelerate(self, settings.kernels)  # the tables are Cells that were made anew
        self.compile_cache.clear()  # a graph compiled before holds the old tables

    @abstractmethod
    def set_grids(self, settings: Any) -> None:
        """Make the tables and positions those of the grids of ``settings``; ``self.settings`` are those of before."""

    @abstractmethod
    def embeddings(self) -> Iterator[Part]:
        """Yield what makes tokens of images, and of the tokens of a stage before."""

    def parts(self) -> Iterator[Part]:
        """Yield the Cells of the network in the order of the computation."""
        yield from self.embeddings()
        for index, block in enumerate(self.blocks):
            stage = self.stage_of(index)
            yield Part(f"blocks.{index}", block, stage.title, stage.count)
        yield Part("norm", self.norm, "head", 1)
        yield Part("head", self.head, "head", 1)

    @abstractmethod
    def foreign_tensors(self) -> list[ForeignTensor]:
        """Return where each parameter stands in a checkpoint of the official PyTorch code."""

    def foreign_constants(self) -> dict[str, np.ndarray]:
        """Return the tables that such a checkpoint holds beside parameters, by their names there; we compute them."""
        return {}

    def construct(self, images: Tensor, drop_path: Tensor | None = None, seeds: Tensor | None = None) -> Tensor:
        """Return the logits (B, K) of ``images`` (B, 3, H, W)."""
        return self.forward_head(self.forward_features(images, drop_path, seeds))


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
