# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The Vision Transformer as DeiT trains it (Touvron et al., 2021), plain or with augmented shortcuts (Aug-ViT)."""

import dataclasses
import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import mindspore as ms
from mindspore import Parameter, Tensor

from src.config import Preprocessing, check
from src.layers.initial import token_parameter
from src.layers.patch_embed import PatchEmbed
from src.layers.shortcut import ShortcutSettings
from src.models.class_token import ClassTokenTransformer
from src.models.contract import ForeignTensor, generators, unique_parameters
from src.models.pytorch_names import official_tensor
from src.models.settings import BackboneSettings, check_heads, check_positive
from src.ops.position import resize_position_embedding


@dataclass(frozen=True)
class ViTSettings(BackboneSettings):
    """The settings of a Vision Transformer; the defaults are those of DeiT-S."""

    patch_size: int = 16  # side of a patch, pixels
    embed_dim: int = 384  # C, channels of a token
    depth: int = 12  # blocks
    num_heads: int = 6  # h, of each attention
    mlp_ratio: float = 4.0  # hidden units of the MLP over C

    def __post_init__(self) -> None:
        super().__post_init__()
        check_positive(self, "patch_size", "embed_dim", "depth", "num_heads", "mlp_ratio")
        size, patch = self.image_size, self.patch_size
        check(size % patch == 0, f"image_size={size}: must be a multiple of patch_size={patch}")
        check_heads((self.embed_dim,), (self.num_heads,), "embed_dim")


class VisionTransformer(ClassTokenTransformer):
    """Patches and a class token, learned positions, pre-norm blocks, a linear head on the class token."""

    def __init__(self, settings: ViTSettings) -> None:
        """Build with random weights."""
        grid = (settings.image_size // settings.patch_size,) * 2
        patch_embed = PatchEmbed(settings.patch_size, settings.in_channels, settings.embed_dim)
        super().__init__(settings, patch_embed, grid)

    def positions(self, grid: tuple[int, int]) -> Parameter:
        """Return new learned positions (1, 1 + rows * columns, C)."""
        return token_parameter("pos_embed", 1, 1 + grid[0] * grid[1], self.settings.embed_dim)

    def no_weight_decay(self) -> set[str]:
        """Return the class token, the positions, and the generators of circulant projections."""
        return {"cls_token", "pos_embed"} | generators(self)

    def resize(self, image_size: int) -> None:
        """Interpolate the positions bicubically to the grid of ``image_size``, a multiple of the patch size."""
        self.settings = dataclasses.replace(self.settings, image_size=image_size)
        grid = (image_size // self.settings.patch_size,) * 2
        if grid == self.grid_size:
            return
        resized = resize_position_embedding(self.pos_embed.asnumpy(), self.num_prefix_tokens, self.grid_size, grid)
        self.pos_embed = Parameter(Tensor(resized, ms.float32), name="pos_embed")
        self.stages = tuple(dataclasses.replace(stage, grid=grid) for stage in self.stages)
        self.compile_cache.clear()  # a graph compiled before holds the old table

    def foreign_tensors(self) -> list[ForeignTensor]:
        """Return where each parameter stands in a checkpoint of DeiT or of Aug-ViT."""
        settings = self.settings
        conv = (settings.in_channels, settings.patch_size, settings.patch_size)
        parameters = unique_parameters(self).items()
        return [
            official_tensor(name, name, p.shape, settings.shortcut, conv if name == "patch_embed.proj.weight" else ())
            for name, p in parameters
        ]


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
