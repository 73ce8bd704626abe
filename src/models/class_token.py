# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""What ViT and T2T-ViT share: a class token before the patches, blocks of one width, a head on the class token."""

from abc import abstractmethod
from typing import Any

from mindspore import Parameter, Tensor, nn, ops

from src.layers.attention import Attention
from src.layers.dense import Dense
from src.layers.dropout import dropout
from src.layers.initial import token_parameter
from src.layers.norm import layer_norm
from src.models.blocks import build_block
from src.models.contract import Backbone, Stage, drop_path_rates
from src.ops.tokens import first_token


class ClassTokenTransformer(Backbone):
    """A class token and patches, with positions, through pre-norm blocks of one width; a head on the class token."""

    def __init__(self, settings: Any, patch_embed: nn.Cell, grid: tuple[int, int]) -> None:
        """Build with random weights.

        Args:
            settings: of the family, with ``embed_dim``, ``depth``, ``num_heads`` and ``mlp_ratio``.
            patch_embed: images (B, 3, H, W) -> patch tokens (B, rows * columns, C).
            grid: (rows, columns) of those.
        """
        super().__init__()
        dim = settings.embed_dim
        self.settings = settings
        self.stages = (Stage(range(settings.depth), dim, grid, prefix=1),)
        self.drop_path_rates = drop_path_rates(settings, settings.depth)
        self.drop_rate = settings.drop_rate
        self.patch_embed = patch_embed
        self.cls_token = token_parameter("cls_token", 1, 1, dim)
        self.pos_embed = self.positions(grid)
        self.drop = dropout(settings.drop_rate, 0)
        self.blocks = nn.CellList([_block(settings, i) for i in range(settings.depth)])
        self.norm = layer_norm(dim, settings.norm_eps, settings.kernels)
        self.head = Dense(dim, settings.num_classes, kernels=settings.kernels)

    @abstractmethod
    def positions(self, grid: tuple[int, int]) -> Parameter | Tensor:
        """Return the positions (1, 1 + rows * columns, C) of a grid, learned or fixed."""

    def embed(self, images: Tensor) -> Tensor:
        """Return the tokens (B, 1 + rows * columns, C): the class token and the patches, with positions."""
        return self.with_class_token(self.patch_embed(images))

    def with_class_token(self, patches: Tensor) -> Tensor:
        """Return the tokens (B, 1 + N, C) of ``patches`` (B, N, C), with positions."""
        cls_token = ops.broadcast_to(self.cls_token, (patches.shape[0], 1, -1))
        return ops.cat((cls_token, patches), 1) + self.pos_embed

    def forward_head(self, tokens: Tensor) -> Tensor:
        """Return the logits (B, K) of the class token."""
        return self.head(first_token(tokens))


def _block(settings: Any, index: int) -> nn.Cell:
    first = 1 + 3 * index  # dropouts are numbered in the order of the network, from that of the positions on
    dim = settings.embed_dim
    attn = Attention(dim, settings.num_heads, settings.qkv_bias, settings.kernels, settings.drop_rate, first)
    return build_block(settings, dim, attn, settings.mlp_ratio, first + 1)
