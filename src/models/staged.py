# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""What PVT and Swin share: stages of blocks, each with an entrance that makes its tokens of those before it."""

from collections.abc import Iterator, Sequence
from typing import Any

from mindspore import Tensor, nn

from src.layers.dense import Dense
from src.layers.dropout import dropout
from src.layers.norm import LayerNorm
from src.models.contract import Backbone, Part, Stage, drop_path_rates


class StagedTransformer(Backbone):
    """Stages that grow coarser in tokens and wider in channels, and a head behind the last."""

    def __init__(
        self, settings: Any, stages: Sequence[Stage], entrances: Sequence[nn.Cell], blocks: Sequence[nn.Cell]
    ) -> None:
        """Build of ready-made parts.

        Args:
            settings: of the family.
            stages: the shapes of their tokens.
            entrances: of the stages; the first takes images (B, 3, H, W), the others (tokens, dropout seeds).
            blocks: of all stages in order.
        """
        super().__init__()
        self.settings, self.stages = settings, tuple(stages)
        self.starts = tuple(stage.blocks.start for stage in stages)
        self.drop_path_rates = drop_path_rates(settings, len(blocks))
        self.drop_rate = settings.drop_rate
        self.drop = dropout(settings.drop_rate)
        self.entrances, self.blocks = nn.CellList(list(entrances)), nn.CellList(list(blocks))
        self.norm = LayerNorm(stages[-1].dim, settings.norm_eps)
        self.head = Dense(stages[-1].dim, settings.num_classes)

    def embed(self, images: Tensor, seeds: Tensor | None = None) -> Tensor:
        """Return the tokens (B, N, C) of the first stage."""
        return self.drop(self.entrances[0](images), seeds)

    def enter_block(self, index: int, tokens: Tensor, seeds: Tensor | None = None) -> Tensor:
        """Return the tokens that enter block ``index``: through the entrance of its stage, where one begins."""
        for stage in range(1, len(self.starts)):
            if index == self.starts[stage]:
                tokens = self.entrances[stage](tokens, seeds)
        return tokens

    def embeddings(self) -> Iterator[Part]:
        """Yield the entrances of the stages."""
        for i, (entrance, stage) in enumerate(zip(self.entrances, self.stages, strict=True)):
            group = f"embedding of stage {i + 1}" if i else "embedding"
            yield Part(f"entrances.{i}", entrance, group, stage.patches)


def stage_blocks(depths: Sequence[int]) -> list[range]:
    """Return the numbers of the blocks of each stage."""
    ends = [sum(depths[: stage + 1]) for stage in range(len(depths))]
    return [range(end - depth, end) for end, depth in zip(ends, depths, strict=True)]
