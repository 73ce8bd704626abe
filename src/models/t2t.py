# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The Tokens-to-Token ViT (T2T-ViT: Yuan et al., 2021), plain or with augmented shortcuts."""

import dataclasses
import functools
import re
from dataclasses import dataclass
from typing import Literal

import mindspore as ms
import numpy as np
from mindspore import Tensor

from src.models.class_token import ClassTokenSettings, ClassTokenTransformer
from src.models.contract import ForeignTensor, generators, unique_parameters
from src.models.pytorch_names import official_tensor
from src.models.settings import check_positive
from src.models.tokens_to_token import (
    PERFORMER_DROP_RATE,
    SPLITS,
    STRIDE,
    TokenPerformer,
    TokensToToken,
    TokenTransformer,
)
from src.models.variants import Variant, augmented
from src.ops.position import sinusoid_positions
from src.ops.windows import Grid
from src.preprocessing import Preprocessing


@dataclass(frozen=True)
class T2TSettings(ClassTokenSettings):
    """The settings of a T2T-ViT; the defaults are those of T2T-ViT-14."""

    qkv_bias: bool = False  # biases on queries, keys and values
    norm_eps: float = 1e-5  # of every LayerNorm
    depth: int = 14  # blocks
    mlp_ratio: float = 3.0  # hidden units of the MLP over C
    tokens: Literal["performer", "transformer"] = "performer"  # attention of the tokens-to-token module
    token_dim: int = 64  # channels within that module

    def __post_init__(self) -> None:
        super().__post_init__()
        check_positive(self, "token_dim")
        self.check_multiple(STRIDE)

    @property
    def grids(self) -> list[Grid]:
        """The (rows, columns) of the patches, of the one stage."""
        rows, columns = (side // STRIDE for side in self.sides)
        return [(rows, columns)]


_ATTENTIONS = {"performer": TokenPerformer, "transformer": TokenTransformer}


class TokensToTokenTransformer(ClassTokenTransformer):
    """Overlapping patches by the tokens-to-token module, a class token, fixed positions, a deep and narrow ViT."""

    def __init__(self, settings: T2TSettings) -> None:
        """Build with random weights."""
        patch_embed = TokensToToken(
            _ATTENTIONS[settings.tokens], settings.sides, settings.in_channels, settings.token_dim, settings.embed_dim
        )
        super().__init__(settings, patch_embed)
        if settings.tokens == "performer":
            self.drop_rate = max(settings.drop_rate, PERFORMER_DROP_RATE)

    def positions(self, grid: Grid) -> Tensor:
        """Return the fixed sinusoids (1, 1 + rows * columns, C)."""
        return Tensor(sinusoid_positions(1 + grid[0] * grid[1], self.settings.embed_dim), ms.float32)

    def embed(self, images: Tensor, seeds: Tensor | None = None) -> Tensor:
        """Return the tokens (B, 1 + rows * columns, C), with dropout also within the tokens-to-token module."""
        return self.drop(self.with_class_token(self.patch_embed(images, seeds)), seeds)

    def no_weight_decay(self) -> set[str]:
        """Return the class token and the generators of circulant projections."""
        return {"cls_token"} | generators(self)

    def set_grids(self, settings: T2TSettings) -> None:
        """Take neighbourhoods of other images, and the sinusoids of their grid."""
        self.patch_embed.set_size(settings.sides)
        self.pos_embed = self.positions(*settings.grids)

    def foreign_tensors(self) -> list[ForeignTensor]:
        """Return where each parameter stands in a checkpoint of T2T-ViT's official code."""
        return [self._foreign_tensor(name, p.shape) for name, p in unique_parameters(self).items()]

    def _foreign_tensor(self, name: str, shape: tuple[int, ...]) -> ForeignTensor:
        theirs = name.replace("patch_embed.", "tokens_to_token.")
        if "patch_embed" in name and self.settings.tokens == "performer":
            theirs = theirs.replace("random_features", "w").replace("mlp.fc1", "mlp.0").replace("mlp.fc2", "mlp.2")
        elif "patch_embed" in name:
            theirs = re.sub(r"(attention\d)\.(qkv|proj)", r"\1.attn.\2", theirs)
        tensor = official_tensor(name, theirs, shape, self.settings.shortcut)
        step = next((i for i, pattern in enumerate(_UNFOLDED) if re.fullmatch(pattern, name)), None)
        if step is None:
            return tensor
        # of a neighbourhood, theirs has the values channel by channel, ours token by token
        area = SPLITS[step][0] ** 2
        view = (*shape[:-1], shape[-1] // area, area)
        order = (*range(len(view) - 2), len(view) - 1, len(view) - 2)
        return dataclasses.replace(tensor, view=view, order=order)

    def foreign_constants(self) -> dict[str, np.ndarray]:
        """Return the sinusoids, which the official code keeps among its weights."""
        return {"pos_embed": self.pos_embed.asnumpy()}


# the parameters that see a neighbourhood, of each step
_UNFOLDED = (
    r"patch_embed\.attention1\.(norm1\.\w+|(kqv|qkv)\.weight)",
    r"patch_embed\.attention2\.(norm1\.\w+|(kqv|qkv)\.weight)",
    r"patch_embed\.project\.weight",
)
_SIZES = {
    "14": {},
    "19": {"embed_dim": 448, "depth": 19, "num_heads": 7},
    "24": {"embed_dim": 512, "depth": 24, "num_heads": 8},
}
_PREPROCESSING = functools.partial(Preprocessing.cropping, fraction=0.9)


def _rows(name: str, **settings: str) -> dict[str, Variant]:
    return {
        name.format(size): Variant(TokensToTokenTransformer, T2TSettings(**row, **settings), _PREPROCESSING)
        for size, row in _SIZES.items()
    }


_PLAIN = _rows("t2t_{}")
VARIANTS = {**_PLAIN, **_rows("t2t_{}_t", tokens="transformer"), **augmented(_PLAIN, "t2t", "augt2t")}
