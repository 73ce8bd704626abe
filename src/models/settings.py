# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""What every family can be set to; each adds its own."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from src.checks import check
from src.layers.accelerate import Kernels
from src.layers.shortcut.settings import ShortcutSettings
from src.ops.windows import Grid
from src.preprocessing import ImageSize, sides_of

S = TypeVar("S", bound="BackboneSettings")


@dataclass(frozen=True)
class BackboneSettings:
    """The settings that all families share."""

    image_size: ImageSize = 224  # of the input, pixels: a side, or (height, width)
    in_channels: int = 3  # of the images
    num_classes: int = 1000  # outputs of the head
    qkv_bias: bool = True  # biases on queries, keys and values
    norm_eps: float = 1e-6  # of the LayerNorms of the blocks, and of the last one
    drop_path_rate: float = 0.0  # stochastic depth of the last block; it grows linearly from 0 at the first
    drop_rate: float = 0.0  # dropout of the tokens with their positions, of each attention and in and behind each MLP
    shortcut: ShortcutSettings = field(default_factory=ShortcutSettings)  # plain unless its paths say otherwise
    kernels: Kernels = "auto"  # native ones on a CPU where they can be compiled, or MindSpore's portable operators

    def __post_init__(self) -> None:
        for name in ("image_size", "in_channels", "num_classes"):
            check_positive(self, name)
        check(self.norm_eps > 0, f"norm_eps={self.norm_eps:g}: must be positive")
        for name in ("drop_path_rate", "drop_rate"):
            check(0 <= getattr(self, name) < 1, f"{name}={getattr(self, name):g}: must lie in [0, 1)")

    @property
    def sides(self) -> tuple[int, int]:
        """The (height, width) of the input, pixels."""
        return sides_of(self.image_size)

    @property
    def grids(self) -> list[Grid]:
        """The (rows, columns) of each stage's patches."""
        raise NotImplementedError

    def resized(self: S, size: ImageSize) -> S:
        """Return the settings of the same network for images of another size."""
        return replace(self, image_size=size)

    def check_multiple(self, step: int, name: str = "") -> None:
        """Raise ``UserError`` unless both sides of the images are multiples of ``step``, which has a ``name``."""
        fits = all(side % step == 0 for side in self.sides)
        check(fits, f"image_size={_shown(self.image_size)}: must be a multiple of {name}{step}")


def check_positive(settings: Any, *names: str) -> None:
    """Raise ``UserError`` unless each of these settings, or each number in it, is positive."""
    for name in names:
        value = getattr(settings, name)
        numbers = value if isinstance(value, tuple) else (value,)
        check(min(numbers, default=0) > 0, f"{name}={_shown(value)}: must be at least 1")


def check_heads(dims: Sequence[int], heads: Sequence[int], key: str) -> None:
    """Raise ``UserError`` about the setting ``key`` unless each number of heads divides its number of channels."""
    for dim, count in zip(dims, heads, strict=True):
        check(dim % count == 0, f"num_heads={count}: must divide {key}={dim}")


def check_stages(settings: Any, *names: str) -> None:
    """Raise ``UserError`` unless these settings have a number for each stage, as many as the first of them."""
    first, *others = names
    count = len(getattr(settings, first))
    for name in others:
        value = getattr(settings, name)
        check(len(value) == count, f"{name}={_shown(value)}: must have {count} numbers, as {first} has")


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return str(list(value))
    return f"{value:g}" if isinstance(value, float) else str(value)
