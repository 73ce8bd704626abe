# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""What ViT and T2T-ViT share: a class token before the patches, blocks of one width, a head on the class token."""

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

from mindspore import Parameter, Tensor, nn, ops

from src.layers.attention import Attention
from src.layers.dense import Dense
from src.layers.dropout import dropout
from src.layers.initial import token_parameter
from src.layers.norm import LayerNorm
from src.models.blocks import build_block
from src.models.contract import Backbone, Part, Stage, drop_path_rates
from src.models.settings import BackboneSettings, check_heads, check_positive
from src.ops.tokens import first_token
from src.ops.windows import Grid


@dataclass(frozen=True)
class ClassTokenSettings(BackboneSettings):
    """The settings that both families have beside those of all; the defaults are those of DeiT-S."""

    embed_dim: int = 384  # C, channels of a token
    depth: int = 12  # blocks
    num_heads: int = 6  # h, of each attention
    mlp_ratio: float = 4.0  # hidden units of the MLP over C

    def __post_init__(self) -> None:
        super().__post_init__()
        check_positive(self, "embed_dim", "depth", "num_heads", "mlp_ratio")
        check_heads((self.embed_dim,), (self.num_heads,), "embed_dim")


class ClassTokenTransformer(Backbone):
    """A class token and patches, with positions, through pre-norm blocks of one width; a head on the class token."""

    def __init__(self, settings: ClassTokenSettings, patch_embed: nn.Cell) -> None:
        """Build with random weights.

        Args:
            settings: of the family.
            patch_embed: images (B, 3, H, W) -> patch tokens (B, rows * columns, C) of ``settings.grids``.
        """
        super().__init__()
        dim, (grid,) = settings.embed_dim, settings.grids
        self.settings = settings
        self.stages = (Stage.of(range(settings.depth), dim, grid, prefix=1),)
        self.drop_path_rates = drop_path_rates(settings, settings.depth)
        self.drop_rate = settings.drop_rate
        self.patch_embed = patch_embed
        self.cls_token = token_parameter("cls_token", 1, 1, dim)
        self.pos_embed = self.positions(grid)
        self.drop = dropout(settings.drop_rate)
        self.blocks = nn.CellList([_block(settings) for _ in range(settings.depth)])
        self.norm = LayerNorm(dim, settings.norm_eps)
        self.head = Dense(dim, settings.num_classes)

    @abstractmethod
    def positions(self, grid: Grid) -> Parameter | Tensor:
        """Return the positions (1, 1 + rows * columns, C) of a grid, learned or fixed."""

    def embed(self, images: Tensor, seeds: Tensor | None = None) -> Tensor:
        """Return the tokens (B, 1 + rows * columns, C): the class token and the patches, with positions."""
        return self.drop(self.with_class_token(self.patch_embed(images)), seeds)

    def with_class_token(self, patches: Tensor) -> Tensor:
        """Return the tokens (B, 1 + N, C) of ``patches`` (B, N, C), with positions."""
        cls_token = ops.broadcast_to(self.cls_token, (patches.shape[0], 1, -1))
        return ops.cat((cls_token, patches), 1) + self.pos_embed

    def forward_head(self, tokens: Tensor) -> Tensor:
        """Return the logits (B, K) of the class token."""
        return self.head(first_token(tokens))

    def embeddings(self) -> Iterator[Part]:
        """Yield what makes patches of images."""
        yield Part("patch_embed", self.patch_embed, "embedding", self.stages[0].patches)


def _block(settings: ClassTokenSettings) -> nn.Cell:
    dim = settings.embed_dim
    attn = Attention(dim, settings.num_heads, settings.qkv_bias, settings.drop_rate)
    return build_block(settings, dim, attn, settings.mlp_ratio)
