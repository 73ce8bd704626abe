# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""What every objective offers to a training step."""

from collections.abc import Callable
from typing import Protocol

import numpy as np
from mindspore import Tensor

from src.data.batch import Batch

Forward = Callable[[Tensor, Tensor | None, Tensor | None], Tensor]  # (inputs, drop_path, seeds) -> outputs


class Objective(Protocol):
    """What is minimised."""

    def trainable(self, name: str) -> bool:
        """Say whether the parameter ``name`` is learned."""

    def arrays(self, batch: Batch) -> tuple[np.ndarray, ...]:
        """Return what a step takes of a batch: the inputs of the network, then what they are compared with."""

    def loss(
        self, forward: Forward, arrays: tuple[Tensor, ...], drop_path: Tensor | None, seeds: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Return the loss () and the outputs of the network, within a graph.

        Args:
            forward: the network, or the part of it that the first of ``arrays`` goes through.
            arrays: as those of ``arrays``.
            drop_path: as in ``Backbone``.
            seeds: as in ``Backbone``.
        """
