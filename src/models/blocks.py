# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The block that every family builds of its own attention: the same MLP, norms and shortcuts in all of them."""

from mindspore import nn

from src.layers.block import Block
from src.layers.mlp import Mlp
from src.layers.shortcut.build import build_shortcut
from src.models.settings import BackboneSettings


def build_block(settings: BackboneSettings, dim: int, attn: nn.Cell, mlp_ratio: float) -> Block:
    """Return a block of ``dim`` = C channels round an attention."""
    return Block(
        dim,
        attn=attn,
        mlp=Mlp(dim, int(dim * mlp_ratio), settings.drop_rate),
        attn_shortcut=build_shortcut(dim, settings.shortcut, "msa"),
        mlp_shortcut=build_shortcut(dim, settings.shortcut, "mlp"),
        norm_eps=settings.norm_eps,
    )
