# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The Tokens-to-Token ViT in plain PyTorch: our own reading, with the official names."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.torch_layers import Attention, Block, Mlp, token_table

SPLITS = ((7, 4, 2), (3, 2, 1), (3, 2, 1))  # side, stride and padding of the neighbourhoods of each step
STRIDE = 16  # pixels from token to token, of all steps together


class TokenPerformer(nn.Module):
    """Attention with one head by fixed random features, in time linear in the tokens; then an MLP."""

    def __init__(self, channels: int, dim: int) -> None:
        """Build from ``channels`` to ``dim``."""
        super().__init__()
        count = dim // 2
        features = nn.init.orthogonal_(torch.empty(count, dim)) * count**0.5
        self.w = nn.Parameter(features, requires_grad=False)
        self.norm1, self.kqv, self.proj = nn.LayerNorm(channels), nn.Linear(channels, 3 * dim), nn.Linear(dim, dim)
        self.dp = nn.Dropout(0.1)
        self.norm2 = nn.LayerNorm(dim)
        self.mlp = nn.Sequential(nn.Linear(dim, dim), nn.GELU(), nn.Linear(dim, dim), nn.Dropout(0.1))

    def features(self, t: Tensor) -> Tensor:
        """Return the positive random features (B, N, m) of ``t`` (B, N, e)."""
        return torch.exp(functional.linear(t, self.w) - t.square().sum(-1, keepdim=True) / 2) / len(self.w) ** 0.5

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, N, e) of ``x`` (B, N, channels)."""
        k, q, v = self.kqv(self.norm1(x)).chunk(3, -1)
        k, q = self.features(k), self.features(q)
        total = q @ k.sum(1).unsqueeze(2)  # (B, N, 1)
        y = v + self.dp(self.proj(q @ (k.transpose(1, 2) @ v) / (total + 1e-8)))
        return y + self.mlp(self.norm2(y))


class TokenAttention(nn.Module):
    """Softmax attention with one head, whose scale is that of the channels in; the values go past it."""

    def __init__(self, channels: int, dim: int) -> None:
        """Build from ``channels`` to ``dim``."""
        super().__init__()
        self.scale = channels**-0.5
        self.qkv, self.proj = nn.Linear(channels, 3 * dim, bias=False), nn.Linear(dim, dim)

    def forward(self, z: Tensor) -> Tensor:
        """Return (B, N, e) of ``z`` (B, N, channels)."""
        q, k, v = self.qkv(z).chunk(3, -1)
        return v + self.proj(((q * self.scale) @ k.transpose(-2, -1)).softmax(-1) @ v)


class TokenTransformer(nn.Module):
    """That attention, then an MLP."""

    def __init__(self, channels: int, dim: int) -> None:
        """Build from ``channels`` to ``dim``."""
        super().__init__()
        self.norm1, self.attn = nn.LayerNorm(channels), TokenAttention(channels, dim)
        self.norm2, self.mlp = nn.LayerNorm(dim), Mlp(dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, N, e) of ``x`` (B, N, channels)."""
        y = self.attn(self.norm1(x))
        return y + self.mlp(self.norm2(y))


ATTENTIONS = {"performer": TokenPerformer, "transformer": TokenTransformer}


class TokensToToken(nn.Module):
    """unfold, attend, unfold, attend, unfold, project."""

    def __init__(self, tokens: str, token_dim: int, dim: int) -> None:
        """Build for attention of the kind ``tokens``, with ``token_dim`` channels within and ``dim`` behind."""
        super().__init__()
        areas = [size * size for size, _, _ in SPLITS]
        self.splits = [nn.Unfold(size, stride=stride, padding=padding) for size, stride, padding in SPLITS]
        self.attention1 = ATTENTIONS[tokens](areas[0] * 3, token_dim)
        self.attention2 = ATTENTIONS[tokens](areas[1] * token_dim, token_dim)
        self.project = nn.Linear(areas[2] * token_dim, dim)

    def forward(self, images: Tensor) -> Tensor:
        """Return the tokens (B, H/16 * W/16, C) of ``images`` (B, 3, H, W)."""
        x = self.splits[0](images).transpose(1, 2)
        for attention, split in ((self.attention1, self.splits[1]), (self.attention2, self.splits[2])):
            x = attention(x)
            side = round(x.shape[1] ** 0.5)
            x = split(x.transpose(1, 2).reshape(len(x), -1, side, side)).transpose(1, 2)
        return self.project(x)


class TokensToTokenTransformer(nn.Module):
    """Tokens of tokens, class token, fixed positions, blocks, head."""

    def __init__(
        self,
        image_size: int,
        dim: int,
        depth: int,
        heads: int,
        ratio: int = 3,
        tokens: str = "performer",
        token_dim: int = 64,
        classes: int = 1000,
        mode: str = "base",
        eps: float = 1e-5,
    ) -> None:
        """Build with random weights; ``eps`` is that of the blocks' norms and of the last one."""
        super().__init__()
        self.tokens_to_token = TokensToToken(tokens, token_dim, dim)
        self.cls_token = token_table(1, 1, dim)
        self.pos_embed = nn.Parameter(sinusoids(1 + (image_size // STRIDE) ** 2, dim), requires_grad=False)
        blocks = [Block(dim, Attention(dim, heads, False), ratio * dim, mode, eps) for _ in range(depth)]
        self.blocks = nn.Sequential(*blocks)
        self.norm, self.head = nn.LayerNorm(dim, eps), nn.Linear(dim, classes)

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits (B, K) of ``images`` (B, 3, H, W)."""
        x = self.tokens_to_token(images)
        x = torch.cat([self.cls_token.expand(len(x), -1, -1), x], 1) + self.pos_embed
        return self.head(self.norm(self.blocks(x))[:, 0])


def sinusoids(count: int, dim: int) -> Tensor:
    """Return the positions (1, count, dim): sines in the even channels, cosines in the odd ones."""
    channels = torch.arange(dim)
    angles = torch.arange(count).double()[:, None] / 10000.0 ** (channels.div(2, rounding_mode="floor") * 2 / dim)
    return torch.where(channels % 2 == 0, angles.sin(), angles.cos()).float()[None]
