# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The Pyramid Vision Transformer, first version (PVT: Wang et al., 2021), plain or with augmented shortcuts."""

import functools
import re
from dataclasses import dataclass

import mindspore as ms
from mindspore import Parameter, Tensor, nn, ops

from src.checks import check
from src.layers.dropout import dropout
from src.layers.initial import token_parameter
from src.layers.norm import LayerNorm
from src.layers.patch_embed import PatchEmbed
from src.layers.patch_merge import PatchProjection
from src.layers.reduction_attention import ReductionAttention
from src.models.blocks import build_block
from src.models.contract import ForeignTensor, Stage, generators, unique_parameters
from src.models.pytorch_names import official_tensor
from src.models.settings import BackboneSettings, check_heads, check_positive, check_stages
from src.models.staged import StagedTransformer, stage_blocks
from src.models.variants import Variant, augmented
from src.ops.position import bilinear_matrix, resize_position_embedding
from src.ops.tokens import first_token
from src.ops.windows import Grid
from src.preprocessing import Preprocessing

_EMBED_EPS = 1e-5  # of the LayerNorm of the patches, PyTorch's default


@dataclass(frozen=True)
class PVTSettings(BackboneSettings):
    """The settings of a PVT, a number for each stage; the defaults are those of PVT-Small."""

    embed_dims: tuple[int, ...] = (64, 128, 320, 512)  # C, channels of a token
    depths: tuple[int, ...] = (3, 4, 6, 3)  # blocks
    num_heads: tuple[int, ...] = (1, 2, 5, 8)  # h, of each attention
    mlp_ratios: tuple[float, ...] = (8.0, 8.0, 4.0, 4.0)  # hidden units of the MLP over C
    reductions: tuple[int, ...] = (8, 4, 2, 1)  # side of the patches that are keys and values; 1 in the last
    patch_sizes: tuple[int, ...] = (4, 2, 2, 2)  # side of the patches that become tokens: of pixels, then of tokens

    def __post_init__(self) -> None:
        super().__post_init__()
        names = ("embed_dims", "depths", "num_heads", "mlp_ratios", "reductions", "patch_sizes")
        check_stages(self, *names)
        check_positive(self, *names)
        check_heads(self.embed_dims, self.num_heads, "embed_dims")
        check(
            self.reductions[-1] == 1, f"reductions={list(self.reductions)}: must end with 1, where the class token is"
        )
        for side in self.sides:
            for patch, reduction in zip(self.patch_sizes, self.reductions, strict=True):
                fits = side % (patch * reduction) == 0
                check(fits, f"image_size={self.image_size}: its {side} must be a multiple of {patch} * {reduction}")
                side //= patch

    @property
    def grids(self) -> list[Grid]:
        """The (rows, columns) of each stage's patches."""
        grids, (rows, columns) = [], self.sides
        for patch in self.patch_sizes:
            rows, columns = rows // patch, columns // patch
            grids.append((rows, columns))
        return grids


class PyramidTransformer(StagedTransformer):
    """Four stages with learned positions, attention to coarser grids, and a class token in the last stage."""

    def __init__(self, settings: PVTSettings) -> None:
        """Build with random weights."""
        count = len(settings.depths)
        shapes = zip(stage_blocks(settings.depths), settings.embed_dims, settings.grids, strict=True)
        stages = [Stage.of(*shape, prefix=int(i == count - 1)) for i, shape in enumerate(shapes)]
        entrances = [_entrance(settings, i) for i in range(count)]
        blocks = [_block(settings, i) for i, stage in enumerate(stages) for _ in stage.blocks]
        super().__init__(settings, stages, entrances, blocks)

    def forward_head(self, tokens: Tensor) -> Tensor:
        """Return the logits (B, K) of the class token."""
        return self.head(first_token(tokens))

    def no_weight_decay(self) -> set[str]:
        """Return the class token and the generators of circulant projections; the positions decay, as in PVT's code."""
        return {f"entrances.{len(self.stages) - 1}.cls_token"} | generators(self)

    def set_grids(self, settings: PVTSettings) -> None:
        """Interpolate the positions of each stage bilinearly to its grid of ``settings``."""
        before = self.settings.grids
        for i, (entrance, grid) in enumerate(zip(self.entrances, settings.grids, strict=True)):
            table = entrance.pos_embed
            resized = resize_position_embedding(
                table.asnumpy(), self.stages[i].prefix, before[i], grid, matrix=bilinear_matrix
            )
            entrance.pos_embed = Parameter(Tensor(resized, ms.float32), name=table.name)
            if i:
                entrance.patches.set_grid(settings.grids[i - 1])
            for index in self.stages[i].blocks:
                if settings.reductions[i] > 1:
                    self.blocks[index].attn.reduce.patches.set_grid(grid)

    def foreign_tensors(self) -> list[ForeignTensor]:
        """Return where each parameter stands in a checkpoint of PVT's official code."""
        return [self._foreign_tensor(name, p.shape) for name, p in unique_parameters(self).items()]

    def _foreign_tensor(self, name: str, shape: tuple[int, ...]) -> ForeignTensor:
        settings = self.settings
        stage, patch = 0, 0
        if parts := re.match(r"blocks\.(\d+)\.", name):
            index = int(parts[1])
            stage = next(i for i, own in enumerate(self.stages) if index in own.blocks)
            patch = settings.reductions[stage]
            theirs = f"block{stage + 1}.{index - self.stages[stage].blocks.start}.{name[parts.end() :]}"
            theirs = theirs.replace("attn.reduce.patches.proj", "attn.sr").replace("attn.reduce.norm", "attn.norm")
        elif parts := re.match(r"entrances\.(\d+)\.", name):
            stage = int(parts[1])
            patch = settings.patch_sizes[stage]
            theirs = _ENTRANCE_NAMES[name[parts.end() :]].format(stage + 1)
        else:
            theirs = name
        if name == "entrances.0.patches.proj.weight":  # from pixels, in a convolution's own order
            return official_tensor(name, theirs, shape, settings.shortcut, (settings.in_channels, patch, patch))
        if name.endswith("patches.proj.weight"):
            channels = shape[1] // patch**2
            conv = (shape[0], channels, patch, patch)
            return ForeignTensor(name, (theirs,), conv, conv, (0, 2, 3, 1))
        return official_tensor(name, theirs, shape, settings.shortcut)


_ENTRANCE_NAMES = {
    "patches.proj.weight": "patch_embed{}.proj.weight",
    "patches.proj.bias": "patch_embed{}.proj.bias",
    "norm.gamma": "patch_embed{}.norm.gamma",
    "norm.beta": "patch_embed{}.norm.beta",
    "pos_embed": "pos_embed{}",
    "cls_token": "cls_token",
}


class Entrance(nn.Cell):
    """LayerNorm(patches W) + positions."""

    def __init__(self, patches: nn.Cell, dim: int, tokens: int, drop_rate: float) -> None:
        """Build for ``tokens`` = N of ``dim`` = C channels that ``patches`` makes."""
        super().__init__()
        self.patches = patches
        self.norm = LayerNorm(dim, _EMBED_EPS)
        self.pos_embed = token_parameter("pos_embed", 1, tokens, dim)
        self.drop = dropout(drop_rate)

    def construct(self, x: Tensor, seeds: Tensor | None = None) -> Tensor:
        """Return the tokens (B, N, C) of images or of the tokens of the stage before."""
        return self.drop(self.norm(self.patches(x)) + self.pos_embed, seeds)


class ClassTokenEntrance(Entrance):
    """The same with a class token before the patches, for the last stage."""

    def __init__(self, patches: nn.Cell, dim: int, tokens: int, drop_rate: float) -> None:
        """Build as ``Entrance``; there is one token more than ``tokens``."""
        super().__init__(patches, dim, tokens + 1, drop_rate)
        self.cls_token = token_parameter("cls_token", 1, 1, dim)

    def construct(self, x: Tensor, seeds: Tensor | None = None) -> Tensor:
        """Return the tokens (B, 1 + N, C) of the tokens of the stage before."""
        patches = self.norm(self.patches(x))
        cls_token = ops.broadcast_to(self.cls_token, (patches.shape[0], 1, -1))
        return self.drop(ops.cat((cls_token, patches), 1) + self.pos_embed, seeds)


def _entrance(settings: PVTSettings, stage: int) -> Entrance:
    dim, (rows, columns), patch = settings.embed_dims[stage], settings.grids[stage], settings.patch_sizes[stage]
    if stage == 0:
        patches = PatchEmbed(patch, settings.in_channels, dim)
    else:
        before = stage - 1
        patches = PatchProjection(settings.grids[before], patch, settings.embed_dims[before], dim)
    last = stage == len(settings.depths) - 1
    drop_rate = settings.drop_rate if stage else 0.0  # the network itself has the dropout of the first stage
    return (ClassTokenEntrance if last else Entrance)(patches, dim, rows * columns, drop_rate)


def _block(settings: PVTSettings, stage: int) -> nn.Cell:
    dim, reduction = settings.embed_dims[stage], settings.reductions[stage]
    heads, grid = settings.num_heads[stage], settings.grids[stage]
    attn = ReductionAttention(dim, heads, grid, reduction, settings.qkv_bias, settings.drop_rate)
    return build_block(settings, dim, attn, settings.mlp_ratios[stage])


_DEPTHS = {"ti": (2, 2, 2, 2), "s": (3, 4, 6, 3), "m": (3, 4, 18, 3), "l": (3, 8, 27, 3)}
_PREPROCESSING = functools.partial(Preprocessing.cropping, fraction=0.875)
_PLAIN = {
    f"pvt_{size}": Variant(PyramidTransformer, PVTSettings(depths=depths), _PREPROCESSING)
    for size, depths in _DEPTHS.items()
}
VARIANTS = {**_PLAIN, **augmented(_PLAIN, "pvt", "augpvt")}
