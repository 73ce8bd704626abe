# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The pre-norm transformer block, with the shortcuts as parts of their own."""

from mindspore import Tensor, nn

from src.layers.drop_path import drop_path
from src.layers.kernels import Kernels
from src.layers.norm import layer_norm


class Block(nn.Cell):
    """Two branches, attention and MLP, each with its norm and its shortcut (Aug-ViT, Eq. 4 and 8).

    z = norm(x);  x = shortcut(x, z, drop_path(branch(z)))
    """

    def __init__(
        self,
        dim: int,
        attn: nn.Cell,
        mlp: nn.Cell,
        attn_shortcut: nn.Cell,
        mlp_shortcut: nn.Cell,
        norm_eps: float,
        kernels: Kernels = "auto",
    ) -> None:
        """Build of ready-made parts for ``dim`` = C channels."""
        super().__init__()
        self.norm1 = layer_norm(dim, norm_eps, kernels)
        self.attn = attn
        self.attn_shortcut = attn_shortcut
        self.norm2 = layer_norm(dim, norm_eps, kernels)
        self.mlp = mlp
        self.mlp_shortcut = mlp_shortcut

    def construct(
        self,
        x: Tensor,
        attn_mask: Tensor | None = None,
        mlp_mask: Tensor | None = None,
        keys: Tensor | None = None,
    ) -> Tensor:
        """Return the tokens (B, N, C) of ``x`` (B, N, C); masks (B,) of ``drop_path``, ``keys`` (B,) of ``Dropout``."""
        z = self.norm1(x)
        x = self.attn_shortcut(x, z, drop_path(self.attn(z, keys), attn_mask))
        z = self.norm2(x)
        return self.mlp_shortcut(x, z, drop_path(self.mlp(z, keys), mlp_mask))
