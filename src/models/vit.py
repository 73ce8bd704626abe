# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The Vision Transformer as DeiT trains it (Touvron et al., 2021), plain or with augmented shortcuts (Aug-ViT)."""

import functools
from dataclasses import dataclass

import mindspore as ms
from mindspore import Parameter, Tensor

from src.layers.initial import token_parameter
from src.layers.patch_embed import PatchEmbed
from src.models.class_token import ClassTokenSettings, ClassTokenTransformer
from src.models.contract import ForeignTensor, generators, unique_parameters
from src.models.pytorch_names import official_tensor
from src.models.settings import check_positive
from src.models.variants import Variant, augmented
from src.ops.position import resize_position_embedding
from src.ops.windows import Grid
from src.preprocessing import Preprocessing


@dataclass(frozen=True)
class ViTSettings(ClassTokenSettings):
    """The settings of a Vision Transformer; the defaults are those of DeiT-S."""

    patch_size: int = 16  # side of a patch, pixels

    def __post_init__(self) -> None:
        super().__post_init__()
        check_positive(self, "patch_size")
        self.check_multiple(self.patch_size, "patch_size=")

    @property
    def grids(self) -> list[Grid]:
        """The (rows, columns) of the patches, of the one stage."""
        rows, columns = (side // self.patch_size for side in self.sides)
        return [(rows, columns)]


class VisionTransformer(ClassTokenTransformer):
    """Patches and a class token, learned positions, pre-norm blocks, a linear head on the class token."""

    def __init__(self, settings: ViTSettings) -> None:
        """Build with random weights."""
        super().__init__(settings, PatchEmbed(settings.patch_size, settings.in_channels, settings.embed_dim))

    def positions(self, grid: Grid) -> Parameter:
        """Return new learned positions (1, 1 + rows * columns, C)."""
        return token_parameter("pos_embed", 1, 1 + grid[0] * grid[1], self.settings.embed_dim)

    def no_weight_decay(self) -> set[str]:
        """Return the class token, the positions, and the generators of circulant projections."""
        return {"cls_token", "pos_embed"} | generators(self)

    def set_grids(self, settings: ViTSettings) -> None:
        """Interpolate the positions bicubically to the grid of ``settings``."""
        (grid,) = settings.grids
        resized = resize_position_embedding(self.pos_embed.asnumpy(), self.num_prefix_tokens, self.grid_size, grid)
        self.pos_embed = Parameter(Tensor(resized, ms.float32), name="pos_embed")

    def foreign_tensors(self) -> list[ForeignTensor]:
        """Return where each parameter stands in a checkpoint of DeiT or of Aug-ViT."""
        settings = self.settings
        conv = (settings.in_channels, settings.patch_size, settings.patch_size)
        parameters = unique_parameters(self).items()
        return [
            official_tensor(name, name, p.shape, settings.shortcut, conv if name == "patch_embed.proj.weight" else ())
            for name, p in parameters
        ]


_SIZES = {
    "ti": {"embed_dim": 192, "num_heads": 3},
    "s": {"embed_dim": 384, "num_heads": 6},
    "b": {"embed_dim": 768, "num_heads": 12},
}
_DEIT = functools.partial(Preprocessing.cropping, fraction=0.875)
# the released Aug-ViT code takes timm's defaults for ViT: mean and deviation 0.5, a crop of 0.9
_AUGVIT = functools.partial(Preprocessing.cropping, fraction=0.9, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
_PLAIN = {f"deit_{size}": Variant(VisionTransformer, ViTSettings(**row), _DEIT) for size, row in _SIZES.items()}
VARIANTS = {**_PLAIN, **augmented(_PLAIN, "deit", "augvit", preprocessing=_AUGVIT)}
