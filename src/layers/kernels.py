# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The choice between native kernels and portable operators."""

from typing import Literal

from src import distributed
from src.ops.native.library import library

# auto: native ones on a CPU where they can be compiled; portable: MindSpore's own operators, as an exported file needs,
# those that are fast on a CPU; traced: the same for a graph that is put into another format, where one operator for a
# whole function is wanted even if it is slow in MindSpore
Kernels = Literal["auto", "portable", "traced"]


def native_kernels(kernels: Kernels) -> bool:
    """Say whether a layer takes its native kernel, which exists for the CPU alone."""
    return kernels == "auto" and distributed.device_target() == "CPU" and library() is not None
