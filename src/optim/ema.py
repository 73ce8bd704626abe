# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The exponential moving average of the weights."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from mindspore import Parameter, ParameterTuple, Tensor, nn, ops


class MovingAverage(nn.Cell):
    """average = decay * average + (1 - decay) * weight, once after each optimizer step; it starts at the weights.

    Written as average -= (1 - decay) * (average - weight), which is the same.
    """

    def __init__(self, parameters: Sequence[Parameter], decay: float) -> None:
        """Build for ``parameters`` with a ``decay`` in (0, 1)."""
        super().__init__()
        self.parameters = ParameterTuple(parameters)
        self.averages = self.parameters.clone(prefix="ema", init="same")
        self.decay = decay

    def construct(self) -> Tensor:
        """Take the present weights into the average; returns True."""
        done = True
        for i in range(len(self.parameters)):
            step = (self.averages[i] - self.parameters[i]) * (1.0 - self.decay)
            done = ops.depend(done, ops.assign_sub(self.averages[i], step))  # a pass over memory less than assign
        return done

    def state(self) -> dict[str, Parameter]:
        """Return the averages by the names of the weights."""
        return {p.name: average for p, average in zip(self.parameters, self.averages, strict=True)}

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Put the averages in the place of the weights while the context lasts."""
        weights = [p.asnumpy().copy() for p in self.parameters]
        try:
            self._assign([average.asnumpy().copy() for average in self.averages])
            yield
        finally:
            self._assign(weights)

    def _assign(self, values: Sequence[np.ndarray]) -> None:
        """Write into the weights; set_data would give them other memory, that a compiled step never looks at."""
        for p, value in zip(self.parameters, values, strict=True):
            ops.assign(p, Tensor(value))
