# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The counterparts of all registered models in plain PyTorch: what the project is measured against.

Short readings of our own, with the names and the arithmetic of the released code; of augmented paths that is a gathered
dense weight, then ``F.linear``. They need the package torch, which nothing else of the project but their goldens does.
"""

from typing import Any

from torch import nn

from benchmarks.torch_names import TWINS
from benchmarks.torch_pvt import PyramidTransformer
from benchmarks.torch_swin import SwinTransformer
from benchmarks.torch_t2t import TokensToTokenTransformer
from benchmarks.torch_vit import VisionTransformer

CLASSES = 1000
_VIT = {"patch": 16, "depth": 12}
_PVT = {"dims": (64, 128, 320, 512), "heads": (1, 2, 5, 8), "ratios": (8, 8, 4, 4), "reductions": (8, 4, 2, 1)}
_T2T = {
    "14": {"dim": 384, "depth": 14, "heads": 6},
    "19": {"dim": 448, "depth": 19, "heads": 7},
    "24": {"dim": 512, "depth": 24, "heads": 8},
}
FAMILIES: dict[str, tuple[type[nn.Module], dict[str, dict[str, Any]]]] = {
    "deit": (
        VisionTransformer,
        {
            "ti": {**_VIT, "dim": 192, "heads": 3},
            "s": {**_VIT, "dim": 384, "heads": 6},
            "b": {**_VIT, "dim": 768, "heads": 12},
        },
    ),
    "pvt": (
        PyramidTransformer,
        {
            "ti": {**_PVT, "depths": (2, 2, 2, 2)},
            "s": {**_PVT, "depths": (3, 4, 6, 3)},
            "m": {**_PVT, "depths": (3, 4, 18, 3)},
            "l": {**_PVT, "depths": (3, 8, 27, 3)},
        },
    ),
    "t2t": (
        TokensToTokenTransformer,
        {**_T2T, **{f"{size}_t": {**row, "tokens": "transformer"} for size, row in _T2T.items()}},
    ),
    "swin": (
        SwinTransformer,
        {
            "t": {"dim": 96, "depths": (2, 2, 6, 2), "heads": (3, 6, 12, 24)},
            "s": {"dim": 96, "depths": (2, 2, 18, 2), "heads": (3, 6, 12, 24)},
            "b": {"dim": 128, "depths": (2, 2, 18, 2), "heads": (4, 8, 16, 32)},
        },
    ),
}


def registered(name: str, image_size: int) -> nn.Module:
    """Return the counterpart of a registered model, ``deit_s`` or ``augpvt_s``, say."""
    family, _, size = name.partition("_")
    build, sizes = FAMILIES[TWINS.get(family, family)]
    mode = "circulant2" if family in TWINS else "base"
    return build(image_size=image_size, classes=CLASSES, mode=mode, **sizes[size])
