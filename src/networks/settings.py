# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The tree of settings that says what a network is: what the builder builds, and what every checkpoint holds."""

from dataclasses import dataclass
from typing import Any, Literal

Task = Literal["classify"]  # what the outputs are for; decides objective and metric


@dataclass(frozen=True)
class NetworkSettings:
    """A network, whatever it is a mixture of."""

    model: str  # registered name of the backbone
    settings: Any  # of the backbone: the frozen dataclass of its family, the shortcut among its fields
    task: Task = "classify"
