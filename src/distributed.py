# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Where this process computes: the device, and which of how many ranks it is, with what ranks say to each other."""

import os
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import mindspore as ms
import numpy as np
from mindspore import Parameter, Tensor, communication, ops

from src.errors import AgreedError, UserError

_POLL_SECONDS = 0.05  # between two questions whether the first rank has finished what it does alone


@dataclass(frozen=True)
class Ranks:
    """Which process of a data-parallel job this is; every method is called by all of them at the same point.

    Only sums of float32 are used: MindSpore's collectives on a CPU know nothing else. They give up where one rank comes
    30 seconds after another, so no method lets the others wait for what one rank does alone.
    """

    rank: int = 0  # of this process, in [0, size)
    size: int = 1  # number of processes that train together

    @property
    def first(self) -> bool:
        """Whether this is the rank that writes files and speaks to the user."""
        return self.rank == 0

    def total(self, values: Sequence[float]) -> np.ndarray:
        """Return the sums over all ranks of a few numbers, float32; counts are exact below 2**24."""
        own = np.asarray(values, np.float32)
        return own if self.size == 1 else ops.AllReduce()(Tensor(own)).asnumpy()

    def copy_first(self, parameters: Iterable[Parameter]) -> None:
        """Give every rank the parameters of the first one, bit for bit."""
        if self.size > 1:
            broadcast = ops.Broadcast(0)
            for parameter in parameters:
                parameter.set_data(broadcast((Tensor(parameter.asnumpy()),))[0])

    def check_identical(self, parameters: Iterable[Parameter]) -> None:
        """Find out whether all ranks have the same parameters, bit for bit.

        Raises:
            RuntimeError: this rank has others than the rest; training would go on, and be worth nothing.
        """
        if self.size == 1:
            return
        digest = 0
        for parameter in parameters:
            digest = zlib.crc32(parameter.asnumpy(), digest)
        own = np.array([digest & 0xFFFF, digest >> 16], np.float32)  # halves, whose sums are exact
        if (self.total(own) != own * self.size).any():
            raise RuntimeError(f"rank {self.rank} has other parameters than the rest")

    def share(self, text: str | None) -> str | None:
        """Return the text of the lowest rank that has one; None where none has."""
        if self.size == 1:
            return text
        own = np.frombuffer((text or "").encode(), np.uint8).astype(np.float32)
        mine = np.arange(self.size) == self.rank
        lengths = self.total(mine * (len(own) + (text is not None)))  # one more, to tell "" from None
        if not lengths.any():
            return None
        speaker = int(np.flatnonzero(lengths)[0])
        silence = np.zeros(int(lengths[speaker]) - 1, np.float32)
        said = self.total(own if self.rank == speaker else silence) if len(silence) else silence
        return said.astype(np.uint8).tobytes().decode()

    def agree(self, failure: UserError | None) -> None:
        """Let one rank's failure be that of all.

        Raises:
            AgreedError: some rank has a failure; on all of them, with its text.
        """
        if self.total([failure is not None])[0]:
            raise AgreedError(self.share(str(failure) if failure else None))

    def while_first(self, work: Callable[[], None]) -> None:
        """Let the first rank do ``work`` while the others keep it company, however long it takes.

        Raises:
            Exception: what ``work`` raised, on the first rank; the others go on, and wait for it at the next point.
        """
        if self.size == 1:
            work()
            return
        raised: list[BaseException] = []

        def attempt() -> None:
            try:
                work()
            except BaseException as error:
                raised.append(error)

        worker = threading.Thread(target=attempt)
        if self.first:
            worker.start()
        while self.total([worker.is_alive()])[0]:
            time.sleep(_POLL_SECONDS)
        if raised:
            raise raised[0]


ALONE = Ranks()  # a process that works with no other


def start_device(target: str | None = None, device_id: int = 0) -> str:
    """Choose the device and compile networks as static graphs (GRAPH_MODE); call it once, before any tensor.

    Args:
        target: CPU, GPU or Ascend; None takes what the installed MindSpore offers first.
        device_id: which of several devices; a rank that msrun started has its own instead.

    Returns:
        The device target in use.

    Raises:
        UserError: the device is not there.
    """
    target = target or ms.get_context("device_target")
    chosen = (target,) if _launched() else (target, device_id)
    try:
        ms.set_device(*chosen)
    except (RuntimeError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        needed = _NEEDED.get(target, "")
        raise UserError(
            f"--device_target {target} --device_id {device_id}: not usable on this machine: {reason}{needed}"
        ) from None
    ms.set_context(mode=ms.GRAPH_MODE)
    return target


# what MindSpore 2.10 does not say when it finds no device
_NEEDED = {
    "GPU": "; its wheel needs CUDA 11.1 or 11.6 with CUDA_HOME set and cuDNN 8, CUDA 12 does not do",
    "Ascend": "; it needs the Ascend driver and CANN, and the environment of its set_env.sh",
}


def start_ranks() -> Ranks:
    """Join the job that msrun started this process for; call it after ``start_device``, before any other work.

    The scheduler of the job runs the same program, and never comes back from here.

    Returns:
        Which rank this is; one of one where msrun started nothing.
    """
    if not _launched():
        return ALONE
    communication.init()
    return Ranks(communication.get_rank(), communication.get_group_size())


def device_target() -> str:
    """Return the device that operations run on: CPU, GPU or Ascend."""
    return ms.get_context("device_target")


def available_cores() -> int:
    """Return how many processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _launched() -> bool:
    return "MS_ROLE" in os.environ  # msrun sets it for every process that it starts
