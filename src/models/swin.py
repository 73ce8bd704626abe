# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The Swin Transformer (Liu et al., 2021), plain or with augmented shortcuts."""

import dataclasses
import functools
import re
from dataclasses import dataclass

import numpy as np
from mindspore import Tensor, nn

from src.checks import check
from src.layers.dense import Dense
from src.layers.norm import LayerNorm
from src.layers.patch_embed import PatchEmbed
from src.layers.patch_merge import PatchMerge
from src.layers.window_attention import WindowAttention
from src.models.blocks import build_block
from src.models.contract import ForeignTensor, Stage, generators, unique_parameters
from src.models.pytorch_names import official_tensor
from src.models.settings import BackboneSettings, check_heads, check_positive, check_stages
from src.models.staged import StagedTransformer, stage_blocks
from src.models.variants import Variant, augmented
from src.ops.windows import Grid, relative_position_index
from src.preprocessing import ImageSize, Preprocessing, sides_of

_MERGED = 2  # tokens a side that become one between two stages


@dataclass(frozen=True)
class SwinSettings(BackboneSettings):
    """The settings of a Swin Transformer; the defaults are those of Swin-T."""

    norm_eps: float = 1e-5  # of every LayerNorm
    patch_size: int = 4  # side of a patch, pixels
    embed_dim: int = 96  # channels of the first stage; each has twice those of the one before
    depths: tuple[int, ...] = (2, 2, 6, 2)  # blocks of each stage
    num_heads: tuple[int, ...] = (3, 6, 12, 24)  # h, of each stage's attention
    window_size: int = 7  # side of a window, tokens
    mlp_ratio: float = 4.0  # hidden units of the MLP over C

    def __post_init__(self) -> None:
        super().__post_init__()
        check_stages(self, "depths", "num_heads")
        check_positive(self, "patch_size", "embed_dim", "depths", "num_heads", "window_size", "mlp_ratio")
        check_heads(self.dims, self.num_heads, "channels")
        self.check_multiple(self.patch_size * _MERGED ** (len(self.depths) - 1))
        for side in (side for grid in self.grids for side in grid):
            check(
                side % min(self.window_size, side) == 0,
                f"window_size={self.window_size}: must divide the {side} tokens a side of image_size={self.image_size}",
            )

    @property
    def dims(self) -> list[int]:
        """The channels of each stage."""
        return [self.embed_dim * 2**stage for stage in range(len(self.depths))]

    @property
    def grids(self) -> list[Grid]:
        """The (rows, columns) of each stage's patches."""
        return self._grids(self.image_size)

    def resized(self, size: ImageSize) -> "SwinSettings":
        """Return the settings for another image size, with the window as it is if it fits, else as many windows."""
        sides = [side for grid in self._grids(size) for side in grid]
        fits = all(side and side % min(self.window_size, side) == 0 for side in sides)
        window = self.window_size if fits else max(1, self.window_size * min(sides_of(size)) // min(self.sides))
        return dataclasses.replace(self, image_size=size, window_size=window)

    def _grids(self, size: ImageSize) -> list[Grid]:
        height, width = sides_of(size)
        steps = [self.patch_size * _MERGED**stage for stage in range(len(self.depths))]  # pixels from token to token
        return [(height // step, width // step) for step in steps]


class SwinTransformer(StagedTransformer):
    """Stages of attention within windows, every second block with shifted ones; a head on the mean of the tokens."""

    def __init__(self, settings: SwinSettings) -> None:
        """Build with random weights."""
        shapes = zip(stage_blocks(settings.depths), settings.dims, settings.grids, strict=True)
        stages = [Stage.of(*shape) for shape in shapes]
        entrances = [PatchEntrance(settings), *(Merging(settings, i) for i in range(1, len(stages)))]
        places = [(i, index) for i, depth in enumerate(settings.depths) for index in range(depth)]
        blocks = [_block(settings, stage, shifted=index % 2 == 1) for stage, index in places]
        super().__init__(settings, stages, entrances, blocks)

    def forward_head(self, tokens: Tensor) -> Tensor:
        """Return the logits (B, K) of the mean token."""
        return self.head(tokens.mean(1))

    def no_weight_decay(self) -> set[str]:
        """Return the tables of relative positions and the generators of circulant projections."""
        tables = {name for name in unique_parameters(self) if name.endswith("bias_table")}
        return tables | generators(self)

    def set_grids(self, settings: SwinSettings) -> None:
        """Take other windows, or other sizes of them with interpolated biases: see ``SwinSettings.resized``."""
        for i, (stage, grid) in enumerate(zip(self.stages, settings.grids, strict=True)):
            if i:
                self.entrances[i].merge.set_grid(settings.grids[i - 1])
            for index in stage.blocks:
                self.blocks[index].attn.set_grid(grid, settings.window_size)

    def foreign_tensors(self) -> list[ForeignTensor]:
        """Return where each parameter stands in a checkpoint of Swin's official code."""
        return [self._foreign_tensor(name, p.shape) for name, p in unique_parameters(self).items()]

    def foreign_constants(self) -> dict[str, np.ndarray]:
        """Return the index of the relative positions and the masks of the shifted windows, of each block."""
        tables = {}
        for index, block in enumerate(self.blocks):
            place, size = self._place(index), block.attn.window
            tables[f"{place}attn.relative_position_index"] = relative_position_index(size)
            mask = block.attn.mask.asnumpy()[:, 0]
            if mask.any():
                tables[f"{place}attn_mask"] = mask
        return tables

    def _place(self, index: int) -> str:
        """Return the name of a block in the official code."""
        stage = next(i for i, own in enumerate(self.stages) if index in own.blocks)
        return f"layers.{stage}.blocks.{index - self.stages[stage].blocks.start}."

    def _foreign_tensor(self, name: str, shape: tuple[int, ...]) -> ForeignTensor:
        settings = self.settings
        theirs = name
        if parts := re.match(r"blocks\.(\d+)\.", name):
            theirs = self._place(int(parts[1])) + name[parts.end() :]
            theirs = theirs.replace("attn.bias_table", "attn.relative_position_bias_table")
        elif parts := re.match(r"entrances\.(\d+)\.", name):
            stage = int(parts[1])  # they count a merging to the stage before it
            module = f"layers.{stage - 1}.downsample." if stage else "patch_embed."
            theirs = module + name[parts.end() :].removeprefix("patches.")
        patch = (settings.in_channels, settings.patch_size, settings.patch_size)
        first = name == "entrances.0.patches.proj.weight"
        return official_tensor(name, theirs, shape, settings.shortcut, patch if first else ())


class PatchEntrance(nn.Cell):
    """LayerNorm(patches W): the tokens of the first stage."""

    def __init__(self, settings: SwinSettings) -> None:
        """Build for the first stage of ``settings``."""
        super().__init__()
        self.patches = PatchEmbed(settings.patch_size, settings.in_channels, settings.embed_dim)
        self.norm = LayerNorm(settings.embed_dim, settings.norm_eps)

    def construct(self, images: Tensor) -> Tensor:
        """Return the tokens (B, N, C) of ``images`` (B, 3, H, W)."""
        return self.norm(self.patches(images))


class Merging(nn.Cell):
    """LayerNorm(2 x 2 tokens) W: half as many tokens a side, twice as many channels (Swin, Section 3.1)."""

    def __init__(self, settings: SwinSettings, stage: int) -> None:
        """Build for the entrance of ``stage``."""
        super().__init__()
        dim, before = settings.dims[stage], stage - 1
        wide = settings.dims[before] * _MERGED**2
        self.merge = PatchMerge(settings.grids[before], _MERGED, columns_first=True)
        self.norm = LayerNorm(wide, settings.norm_eps)
        self.reduction = Dense(wide, dim, has_bias=False)

    def construct(self, tokens: Tensor, seeds: Tensor | None = None) -> Tensor:
        """Return (B, N / 4, 2 * C) of ``tokens`` (B, N, C); without dropout, so ``seeds`` are not used."""
        return self.reduction(self.norm(self.merge(tokens)))


def _block(settings: SwinSettings, stage: int, shifted: bool) -> nn.Cell:
    dim, heads, grid = settings.dims[stage], settings.num_heads[stage], settings.grids[stage]
    window, qkv_bias = settings.window_size, settings.qkv_bias
    attn = WindowAttention(dim, heads, grid, window, shifted, qkv_bias, settings.drop_rate)
    return build_block(settings, dim, attn, settings.mlp_ratio)


_SIZES = {
    "t": {},
    "s": {"depths": (2, 2, 18, 2)},
    "b": {"depths": (2, 2, 18, 2), "embed_dim": 128, "num_heads": (4, 8, 16, 32)},
}
_PREPROCESSING = functools.partial(Preprocessing.cropping, fraction=0.875)
_PLAIN = {f"swin_{size}": Variant(SwinTransformer, SwinSettings(**row), _PREPROCESSING) for size, row in _SIZES.items()}
VARIANTS = {**_PLAIN, **augmented(_PLAIN, "swin", "augswin")}
