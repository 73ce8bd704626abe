# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The pre-norm transformer block, with the shortcuts as parts of their own."""

from mindspore import Tensor, nn

from src.layers.drop_path import drop_path
from src.layers.norm import LayerNorm


class Block(nn.Cell):
    """Two branches, attention and MLP, each with its norm and its shortcut (Aug-ViT, Eq. 4 and 8).

    z = norm(x);  x = shortcut(x, z, drop_path(branch(z)))
    """

    def __init__(
        self, dim: int, attn: nn.Cell, mlp: nn.Cell, attn_shortcut: nn.Cell, mlp_shortcut: nn.Cell, norm_eps: float
    ) -> None:
        """Build of ready-made parts for ``dim`` = C channels."""
        super().__init__()
        self.norm1 = LayerNorm(dim, norm_eps)
        self.attn = attn
        self.attn_shortcut = attn_shortcut
        self.norm2 = LayerNorm(dim, norm_eps)
        self.mlp = mlp
        self.mlp_shortcut = mlp_shortcut

    def construct(
        self,
        x: Tensor,
        attn_drop_path: Tensor | None = None,
        mlp_drop_path: Tensor | None = None,
        seeds: Tensor | None = None,
    ) -> Tensor:
        """Return the tokens (B, N, C) of ``x`` (B, N, C).

        The factors (B,) of ``drop_path`` for either branch, and ``seeds`` (B,) of ``Dropout``, are None in evaluation.
        """
        z = self.norm1(x)
        x = self.attn_shortcut(x, z, drop_path(self.attn(z, seeds), attn_drop_path))
        z = self.norm2(x)
        return self.mlp_shortcut(x, z, drop_path(self.mlp(z, seeds), mlp_drop_path))
