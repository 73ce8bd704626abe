# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Where this process computes: the device, and which of how many ranks it is."""

import os
from dataclasses import dataclass

import mindspore as ms

from src.errors import UserError


@dataclass(frozen=True)
class Ranks:
    """Which process of a data-parallel job this is."""

    rank: int = 0  # of this process, in [0, size)
    size: int = 1  # number of processes that train together


def start_device(target: str | None = None, device_id: int = 0) -> str:
    """Choose the device and compile networks as static graphs (GRAPH_MODE); call it once, before any tensor.

    Args:
        target: CPU, GPU or Ascend; None takes what the installed MindSpore offers first.
        device_id: which of several devices.

    Returns:
        The device target in use.

    Raises:
        UserError: the device is not there.
    """
    target = target or ms.get_context("device_target")
    try:
        ms.set_device(target, device_id)
    except (RuntimeError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise UserError(
            f"--device_target {target} --device_id {device_id}: not usable on this machine: {reason}"
        ) from None
    ms.set_context(mode=ms.GRAPH_MODE)
    return target


def device_target() -> str:
    """Return the device that operations run on: CPU, GPU or Ascend."""
    return ms.get_context("device_target")


def available_cores() -> int:
    """Return how many processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
