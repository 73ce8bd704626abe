# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The tokens-to-token module of T2T-ViT (Yuan et al., 2021, Section 3.1): patches that overlap, in three steps."""

import math

from mindspore import Parameter, Tensor, nn, ops
from mindspore.common.initializer import Orthogonal, initializer

from src.layers.dense import Dense
from src.layers.dropout import dropout
from src.layers.mlp import Mlp
from src.layers.norm import LayerNorm
from src.layers.rearrange import Rearrange
from src.ops.windows import Grid, unfold_index, unfolded_grid

SPLITS = ((7, 4, 2), (3, 2, 1), (3, 2, 1))  # side, stride and padding of the neighbourhoods of each step
STRIDE = 16  # pixels from token to token, of all steps together
PERFORMER_DROP_RATE = 0.1  # fixed in the official code
_EPS = 1e-5  # of the LayerNorms
_SMALL = 1e-8  # added to the performer's denominator


class Unfold(nn.Cell):
    """The tokens of each overlapping neighbourhood side by side: the soft split of T2T-ViT.

    The values of a neighbourhood stand token by token; ``torch.nn.Unfold`` has them channel by channel.
    """

    def __init__(self, size: int, stride: int, padding: int, grid: Grid) -> None:
        """Build for a ``grid`` of tokens."""
        super().__init__()
        self.split = (size, stride, padding)
        self.set_grid(grid)

    def set_grid(self, grid: Grid) -> None:
        """Take tokens of another grid."""
        self.grid = unfolded_grid(grid, *self.split)  # of the neighbourhoods
        self.rearrange = Rearrange(unfold_index(grid, *self.split), grid[0] * grid[1])

    def construct(self, tokens: Tensor) -> Tensor:
        """Return (B, rows * columns, size**2 * C) of ``tokens`` (B, N, C)."""
        count = self.grid[0] * self.grid[1]
        width = self.split[0] * self.split[0] * tokens.shape[-1]
        return self.rearrange(tokens).reshape(-1, count, width)  # (B, count * size**2, C) before


class TokensToToken(nn.Cell):
    """unfold, attend, unfold, attend, unfold, project."""

    def __init__(
        self,
        attention: type["TokenPerformer"] | type["TokenTransformer"],
        sides: Grid,
        in_channels: int,
        token_dim: int,
        dim: int,
    ) -> None:
        """Build for images of (height, width) ``sides``.

        ``token_dim`` are the channels within, ``dim`` = C those of the tokens returned.
        """
        super().__init__()
        grid = sides
        self.unfolds = nn.CellList()
        for split in SPLITS:
            self.unfolds.append(Unfold(*split, grid))
            grid = self.unfolds[-1].grid
        areas = [size * size for size, _, _ in SPLITS]
        self.attention1 = attention(areas[0] * in_channels, token_dim)
        self.attention2 = attention(areas[1] * token_dim, token_dim)
        self.project = Dense(areas[2] * token_dim, dim)

    def set_size(self, sides: Grid) -> None:
        """Take images of another (height, width)."""
        grid = sides
        for unfold in self.unfolds:
            unfold.set_grid(grid)
            grid = unfold.grid

    def construct(self, images: Tensor, seeds: Tensor | None = None) -> Tensor:
        """Return the tokens (B, H/16 * W/16, C) of ``images`` (B, 3, H, W); ``seeds`` (B,) are those of ``Dropout``."""
        _, channels, height, width = images.shape
        pixels = images.reshape(-1, channels, height * width).transpose(0, 2, 1)  # (B, H * W, 3)
        tokens = self.attention1(self.unfolds[0](pixels), seeds)
        tokens = self.attention2(self.unfolds[1](tokens), seeds)
        return self.project(self.unfolds[2](tokens))


class TokenPerformer(nn.Cell):
    """Linear attention with one head by fixed random features (Performer: Choromanski et al., 2021), then an MLP.

    phi(t) = exp(w t - |t|^2 / 2) / sqrt(m);  y = phi(q) (phi(k)^T v) / (phi(q) sum phi(k));  y = v + proj(y)
    """

    def __init__(self, in_channels: int, dim: int) -> None:
        """Build from ``in_channels`` to ``dim`` = e."""
        super().__init__()
        count = dim // 2  # m
        self.norm1 = LayerNorm(in_channels, _EPS)
        self.kqv = Dense(in_channels, 3 * dim)
        self.proj = Dense(dim, dim)
        self.norm2 = LayerNorm(dim, _EPS)
        self.mlp = Mlp(dim, dim)
        features = initializer(Orthogonal(math.sqrt(count)), (count, dim))
        self.random_features = Parameter(features, name="random_features", requires_grad=False)
        self.scale = 1.0 / math.sqrt(count)
        self.product = ops.BatchMatMul()
        self.transposed_product = ops.BatchMatMul(transpose_a=True)
        self.product_with_transposed = ops.BatchMatMul(transpose_b=True)
        self.attn_drop = dropout(PERFORMER_DROP_RATE)
        self.mlp_drop = dropout(PERFORMER_DROP_RATE)

    def construct(self, x: Tensor, seeds: Tensor | None = None) -> Tensor:
        """Return (B, N, e) of ``x`` (B, N, in_channels); ``seeds`` (B,) are those of ``Dropout``."""
        kqv = self.kqv(self.norm1(x))
        k, q, v = ops.split(kqv, kqv.shape[-1] // 3, -1)
        y = v + self.attn_drop(self.proj(self.attend(self.features(q), self.features(k), v)), seeds)
        return y + self.mlp_drop(self.mlp(self.norm2(y)), seeds)

    def features(self, t: Tensor) -> Tensor:
        """Return phi (B, N, m) of ``t`` (B, N, e)."""
        half_squares = (t * t).sum(-1, keepdims=True) * 0.5
        return ops.exp(ops.matmul(t, self.random_features.T) - half_squares) * self.scale

    def attend(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Return the values attended to (B, N, e), of features ``q``, ``k`` (B, N, m) and values ``v`` (B, N, e)."""
        sums = self.transposed_product(k, v)  # (B, m, e)
        total = self.product_with_transposed(q, k.sum(1, keepdims=True))  # (B, N, 1)
        return self.product(q, sums) / (total + _SMALL)


class TokenTransformer(nn.Cell):
    """Softmax attention with one head, then an MLP; its scale is that of the channels in, as the official code has it.

    y = v + proj(softmax(q k^T / sqrt(in_channels)) v)
    """

    def __init__(self, in_channels: int, dim: int) -> None:
        """Build from ``in_channels`` to ``dim`` = e."""
        super().__init__()
        self.norm1 = LayerNorm(in_channels, _EPS)
        self.qkv = Dense(in_channels, 3 * dim, has_bias=False)
        self.proj = Dense(dim, dim)
        self.norm2 = LayerNorm(dim, _EPS)
        self.mlp = Mlp(dim, dim)
        self.scale = 1.0 / math.sqrt(in_channels)
        self.product = ops.BatchMatMul(transpose_b=True)
        self.softmax = nn.Softmax(-1)

    def construct(self, x: Tensor, seeds: Tensor | None = None) -> Tensor:
        """Return (B, N, e) of ``x`` (B, N, in_channels); without dropout, so ``seeds`` are not used."""
        qkv = self.qkv(self.norm1(x))
        q, k, v = ops.split(qkv, qkv.shape[-1] // 3, -1)
        y = v + self.proj(ops.matmul(self.softmax(self.product(q * self.scale, k)), v))
        return y + self.mlp(self.norm2(y))
