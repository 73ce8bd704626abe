# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""What all optimizers are made of: parameters, each with a weight decay and a learning rate of its own."""

from abc import abstractmethod
from collections.abc import Sequence

from mindspore import Parameter, ParameterTuple, Tensor, nn

from src.config import OptimConfig
from src.optim.groups import groups_of


class GroupedOptimizer(nn.Cell):
    """One step on all parameters at once.

    The learning rate is an argument: the schedule stays outside, so that a resumed run needs no list of rates.

    Attributes:
        parameters: in the order of the gradients.
        decays: weight decay of each.
        lr_scales: factor on the learning rate of each.
    """

    def __init__(self, parameters: Sequence[Parameter], optim: OptimConfig, no_decay: set[str]) -> None:
        """Build for ``parameters``; the names in ``no_decay`` have no weight decay, see ``groups_of``.

        Raises:
            UserError: a rule of ``optim.groups`` that no parameter goes by.
        """
        super().__init__()
        self.parameters = ParameterTuple(parameters)
        groups = groups_of(parameters, optim, no_decay)
        self.decays, self.lr_scales = zip(*((group.weight_decay, group.lr_scale) for group in groups), strict=True)

    @abstractmethod
    def construct(self, gradients: tuple[Tensor, ...], lr: Tensor) -> Tensor:
        """Take one step along ``gradients`` (in the order of the parameters) at the rate ``lr``; returns True."""

    @abstractmethod
    def state(self) -> dict[str, Parameter]:
        """Return what a checkpoint needs beside the weights, by name."""
