# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The Vision Transformer as DeiT trains it (Touvron et al., 2021), plain or with augmented shortcuts (Aug-ViT)."""

import dataclasses
import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import mindspore as ms
import numpy as np
from mindspore import Parameter, Tensor, nn, ops

from src.config import Preprocessing, check
from src.layers.attention import Attention
from src.layers.block import Block
from src.layers.dense import Dense
from src.layers.dropout import dropout
from src.layers.initial import token_parameter
from src.layers.kernels import Kernels
from src.layers.mlp import Mlp
from src.layers.norm import layer_norm
from src.layers.patch_embed import PatchEmbed
from src.layers.shortcut import ShortcutSettings, build_shortcut
from src.models.contract import Backbone, ForeignTensor, unique_parameters
from src.models.vit_pytorch import foreign_tensor
from src.ops.position import resize_position_embedding


@dataclass(frozen=True)
class ViTSettings:
    """The settings of a Vision Transformer; the defaults are those of DeiT-S."""

    image_size: int = 224  # side of the square input, pixels
    patch_size: int = 16  # side of a patch, pixels
    in_channels: int = 3  # of the images
    num_classes: int = 1000  # outputs of the head
    embed_dim: int = 384  # C, channels of a token
    depth: int = 12  # blocks
    num_heads: int = 6  # h, of each attention
    mlp_ratio: float = 4.0  # hidden units of the MLP over C
    qkv_bias: bool = True  # biases on queries, keys and values
    norm_eps: float = 1e-6  # of every LayerNorm
    drop_path_rate: float = 0.0  # stochastic depth of the last block; it grows linearly from 0 at the first
    drop_rate: float = 0.0  # dropout of the tokens with their positions, of each attention and in and behind each MLP
    shortcut: ShortcutSettings = field(default_factory=ShortcutSettings)  # plain unless its paths say otherwise
    kernels: Kernels = "auto"  # native ones on a CPU where they can be compiled, or MindSpore's portable operators

    def __post_init__(self) -> None:
        for name in ("image_size", "patch_size", "in_channels", "num_classes", "embed_dim", "depth", "num_heads"):
            check(getattr(self, name) >= 1, f"{name}={getattr(self, name)}: must be at least 1")
        size, patch = self.image_size, self.patch_size
        check(size % patch == 0, f"image_size={size}: must be a multiple of patch_size={patch}")
        dim, heads = self.embed_dim, self.num_heads
        check(dim % heads == 0, f"num_heads={heads}: must divide embed_dim={dim}")
        check(self.mlp_ratio > 0, f"mlp_ratio={self.mlp_ratio:g}: must be positive")
        check(self.norm_eps > 0, f"norm_eps={self.norm_eps:g}: must be positive")
        for name in ("drop_path_rate", "drop_rate"):
            check(0 <= getattr(self, name) < 1, f"{name}={getattr(self, name):g}: must lie in [0, 1)")


class VisionTransformer(Backbone):
    """Patches and a class token, learned positions, pre-norm blocks, a linear head on the class token."""

    num_prefix_tokens = 1

    def __init__(self, settings: ViTSettings) -> None:
        """Build with random weights."""
        super().__init__()
        self.settings = settings
        dim, grid = settings.embed_dim, settings.image_size // settings.patch_size
        self.grid_size = (grid, grid)
        self.feature_dims = (dim,)
        rates = np.linspace(0.0, settings.drop_path_rate, settings.depth)
        self.drop_path_rates = tuple(float(rate) for rate in rates for _ in ("msa", "mlp"))
        self.drop_rate = settings.drop_rate
        self.patch_embed = PatchEmbed(settings.patch_size, settings.in_channels, dim)
        self.cls_token = token_parameter("cls_token", 1, 1, dim)
        self.pos_embed = token_parameter("pos_embed", 1, 1 + grid * grid, dim)
        self.drop = dropout(settings.drop_rate, 0)
        self.blocks = nn.CellList([_block(settings, i) for i in range(settings.depth)])
        self.norm = layer_norm(dim, settings.norm_eps, settings.kernels)
        self.head = Dense(dim, settings.num_classes)

    def embed(self, images: Tensor) -> Tensor:
        """Return the tokens (B, 1 + H/p * W/p, C): the class token, then the patches row by row, with positions."""
        patches = self.patch_embed(images)
        cls_token = ops.broadcast_to(self.cls_token, (patches.shape[0], 1, -1))
        return ops.cat((cls_token, patches), 1) + self.pos_embed

    def enter(self, images: Tensor, keys: Tensor | None = None) -> Tensor:
        """Return what ``embed`` does, with dropout by ``keys`` (B,)."""
        return self.drop(self.embed(images), keys)

    def advance(self, index: int, tokens: Tensor, masks: Tensor | None = None, keys: Tensor | None = None) -> Tensor:
        """Return the tokens behind block ``index``; ``masks`` (2 * depth, B), those of attention and MLP in turn."""
        block = self.blocks[index]
        if masks is None:
            return block(tokens, None, None, keys)
        return block(tokens, masks[2 * index], masks[2 * index + 1], keys)

    def leave(self, tokens: Tensor) -> Tensor:
        """Return the normed tokens of those behind the last block."""
        return self.norm(tokens)

    def forward_head(self, tokens: Tensor) -> Tensor:
        """Return the logits (B, K) of the class token."""
        cls_token, _ = ops.split(tokens, (1, tokens.shape[1] - 1), 1)
        return self.head(cls_token.reshape(-1, tokens.shape[2]))

    def no_weight_decay(self) -> set[str]:
        """Return the class token, the positions, and the generators of circulant projections (1-D in the reference)."""
        generators = {name for name, p in unique_parameters(self).items() if "shortcut" in name and p.ndim == 4}
        return {"cls_token", "pos_embed"} | generators

    def resize(self, image_size: int) -> None:
        """Interpolate the positions bicubically to the grid of ``image_size``, a multiple of the patch size."""
        self.settings = dataclasses.replace(self.settings, image_size=image_size)
        grid = (image_size // self.settings.patch_size,) * 2
        if grid == self.grid_size:
            return
        resized = resize_position_embedding(self.pos_embed.asnumpy(), self.num_prefix_tokens, self.grid_size, grid)
        self.pos_embed = Parameter(Tensor(resized, ms.float32), name="pos_embed")
        self.grid_size = grid
        self.compile_cache.clear()  # a graph compiled before holds the old table

    def foreign_tensors(self) -> list[ForeignTensor]:
        """Return where each parameter stands in a checkpoint of DeiT or of Aug-ViT."""
        settings = self.settings
        patch_shape = (settings.in_channels, settings.patch_size, settings.patch_size)
        parameters = unique_parameters(self).items()
        return [foreign_tensor(name, p.shape, settings.shortcut, patch_shape) for name, p in parameters]


def _block(settings: ViTSettings, index: int) -> Block:
    dim, rate = settings.embed_dim, settings.drop_rate
    first = 1 + 3 * index  # dropouts are numbered in the order of the network, from that of the positions on
    return Block(
        dim,
        attn=Attention(dim, settings.num_heads, settings.qkv_bias, settings.kernels, rate, first),
        mlp=Mlp(dim, int(dim * settings.mlp_ratio), settings.kernels, rate, first + 1),
        attn_shortcut=build_shortcut(dim, settings.shortcut, "msa", settings.kernels),
        mlp_shortcut=build_shortcut(dim, settings.shortcut, "mlp", settings.kernels),
        norm_eps=settings.norm_eps,
        kernels=settings.kernels,
    )


_Pictures = Callable[[int], Preprocessing]
_DEIT_PICTURES: _Pictures = functools.partial(Preprocessing.cropping, fraction=0.875)
# The released Aug-ViT code takes timm's defaults for ViT: mean and deviation 0.5, a crop of 0.9.
_AUGVIT_PICTURES: _Pictures = functools.partial(
    Preprocessing.cropping, fraction=0.9, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5)
)
_SIZES = {
    "ti": {"embed_dim": 192, "num_heads": 3},
    "s": {"embed_dim": 384, "num_heads": 6},
    "b": {"embed_dim": 768, "num_heads": 12},
}
VARIANTS: Mapping[str, tuple[ViTSettings, _Pictures]] = {
    **{f"deit_{size}": (ViTSettings(**row), _DEIT_PICTURES) for size, row in _SIZES.items()},
    **{
        f"augvit_{size}": (ViTSettings(**row, shortcut=ShortcutSettings(paths=2)), _AUGVIT_PICTURES)
        for size, row in _SIZES.items()
    },
}
