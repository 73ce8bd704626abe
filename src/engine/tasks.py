# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""What each task is trained with and scored by: a row a task."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from src.engine.metrics.accuracy import Accuracy
from src.engine.metrics.metric import Metric
from src.engine.objectives.classification import Classification
from src.engine.objectives.objective import Objective
from src.networks.settings import Task


@dataclass(frozen=True)
class TaskParts:
    """What a task takes."""

    objective: Callable[[], Objective]
    metric: type[Metric]


TASKS: Mapping[Task, TaskParts] = {"classify": TaskParts(Classification, Accuracy)}
