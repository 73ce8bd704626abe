# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The parameters and MACs that Aug-ViT (Tang et al., NeurIPS 2021) prints in Tables 2 to 5, as it prints them.

A figure that counting doesn't give has beside it what would explain it. The paper seems to take the figures of plain
networks from where those were published, and to add up what it rounded before.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Entry:
    """A row of a table; a figure that begins with + is the difference to the plain network of the table."""

    table: int
    label: str
    model: str  # registered name
    parameters: str  # millions
    macs: str  # 1e9, which the paper calls FLOPs (G)
    settings: Mapping[str, Any] = field(default_factory=dict)  # that differ from the model's own
    parameters_reason: str = ""  # what would explain parameters that counting doesn't give
    macs_reason: str = ""  # the same for the MACs


BASELINE = "deit_s"  # the plain network of Tables 3, 4 and 5

_384 = {"image_size": 384}
_AUGVIT_S = "22.1 and 0.07 in Table 3, both rounded, are 22.17"
_DEIT_B = "without the position table and the class token it would be 86.416, at both sizes"
_AUGVIT_B = "the paper's own base of 86.4 and the shortcuts' 0.147 are 86.547"
_DEIT_B_384 = "0.2 % more than counted; its origin is not known"
_AUGVIT_B_384 = "two paths cost 0.493; the 0.2 that the paper adds to its base would fit one path, 0.246"
_T2T = "T2T-ViT's official README of March 2021 says {}; it was corrected to {} later"
_AUGT2T_24 = "64.198 is the count without the fixed positions and features that its base of 64.1 has"
_AUGT2T = "on the paper's base of {} the shortcuts' {} give the figure"


def _paths(count: int, **kwargs: Any) -> dict[str, Any]:
    return {"shortcut": {"paths": count, **kwargs}}


TABLE_2 = (
    Entry(2, "ViT(DeiT)-S", "deit_s", "22.1", "4.6"),
    Entry(2, "Aug-ViT-S", "augvit_s", "22.2", "4.7", parameters_reason=_AUGVIT_S),
    Entry(2, "ViT(DeiT)-B", "deit_b", "86.4", "17.6", parameters_reason=_DEIT_B),
    Entry(2, "Aug-ViT-B", "augvit_b", "86.5", "17.7", parameters_reason=_AUGVIT_B),
    Entry(2, "ViT(DeiT)-B, 384", "deit_b", "86.4", "55.6", _384, _DEIT_B, _DEIT_B_384),
    Entry(2, "Aug-ViT-B, 384", "augvit_b", "86.5", "55.8", _384, _AUGVIT_B, _AUGVIT_B_384),
    Entry(2, "PVT-S", "pvt_s", "24.5", "3.8"),
    Entry(2, "Aug-PVT-S", "augpvt_s", "24.6", "3.9"),
    Entry(2, "PVT-M", "pvt_m", "44.2", "6.7"),
    Entry(2, "Aug-PVT-M", "augpvt_m", "44.3", "6.8"),
    Entry(2, "T2T-14", "t2t_14", "21.5", "5.2", macs_reason=_T2T.format("5.2", "4.8")),
    Entry(2, "Aug-T2T-14", "augt2t_14", "21.6", "5.3", macs_reason=_AUGT2T.format("5.2", "0.090")),
    Entry(2, "T2T-19", "t2t_19", "39.2", "8.9", macs_reason=_T2T.format("8.9", "8.5")),
    Entry(2, "Aug-T2T-19", "augt2t_19", "39.3", "9.0", macs_reason=_AUGT2T.format("8.9", "0.145")),
    Entry(2, "T2T-24", "t2t_24", "64.1", "14.1", macs_reason=_T2T.format("14.1", "13.8")),
    Entry(2, "Aug-T2T-24", "augt2t_24", "64.2", "14.3", {}, _AUGT2T_24, _AUGT2T.format("14.1", "0.213")),
)

TABLE_3 = (
    Entry(3, "no path", "deit_s", "22.1", "4.6"),
    Entry(3, "1 path", "augvit_s", "+0.04", "+0.04", _paths(1)),
    Entry(3, "2 paths", "augvit_s", "+0.07", "+0.08", _paths(2)),
    Entry(3, "3 paths", "augvit_s", "+0.12", "+0.12", _paths(3), "three times the rounded 0.04 of one path"),
)

_HALF = "half of the rounded 0.07 of both"
TABLE_4 = (
    Entry(4, "baseline", "deit_s", "22.1", "4.6"),
    Entry(4, "MSA", "augvit_s", "+0.035", "+0.04", _paths(2, location="msa"), _HALF),
    Entry(4, "MLP", "augvit_s", "+0.035", "+0.04", _paths(2, location="mlp"), _HALF),
    Entry(4, "MSA and MLP", "augvit_s", "+0.07", "+0.08", _paths(2)),
)

TABLE_5 = (
    Entry(5, "baseline", "deit_s", "22.1", "4.6"),
    Entry(5, "block-circulant, b = 1", "augvit_s", "+0.02", "+0.07", _paths(2, blocks=1)),
    Entry(5, "block-circulant, b = 2", "augvit_s", "+0.03", "+0.07", _paths(2, blocks=2), "cut off, not rounded"),
    Entry(5, "block-circulant, b = 4", "augvit_s", "+0.07", "+0.08", _paths(2, blocks=4)),
    Entry(5, "block-circulant, b = 8", "augvit_s", "+0.15", "+0.10", _paths(2, blocks=8)),
    Entry(5, "unstructured", "augvit_s", "+7.1", "+1.4", _paths(2, projection="dense")),
)

ENTRIES = TABLE_2 + TABLE_3 + TABLE_4 + TABLE_5
