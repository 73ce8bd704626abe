# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""What watches over one rank: runs its program, and writes down its process and its end for ``src/launch/job.py``."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

_LINGER_SECONDS = 30.0  # after a failure, before msrun sees it and kills the other ranks
_POLL_SECONDS = 1.0


def watch(program: Sequence[str], number: int, folder: Path, shares: int) -> int:
    """Run ``program`` to its end, and return its exit status.

    Args:
        program: a Python file and its arguments.
        number: of the rank that it is.
        folder: of the job's logs.
        shares: parts that the processor cores are divided into, of which the rank has one. Two ranks that each compute
            with threads for all cores wait for each other (0.79 of one rank's speed in ``benchmarks/ranks.py``, 0.93
            with a part each).
    """
    launcher = os.getppid()
    _keep_to_share(number, shares)
    rank = subprocess.Popen([sys.executable, *program])
    _write(folder / f"worker_{number}.pid", f"{rank.pid} {os.getpid()}")
    while True:
        try:
            status = rank.wait(_POLL_SECONDS)
            break
        except subprocess.TimeoutExpired:
            if os.getppid() != launcher:  # it was killed, and nobody is left to end this rank
                rank.kill()
    _write(folder / f"worker_{number}.status", f"{time.time()} {status}")
    if status:
        time.sleep(_LINGER_SECONDS)
    return status if status >= 0 else 128 - status


def _keep_to_share(rank: int, shares: int) -> None:
    """Keep this process, and those it starts, to their part of its cores, where there are so many."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) >= shares:
        part = rank % shares
        os.sched_setaffinity(0, cores[part * len(cores) // shares : (part + 1) * len(cores) // shares])


def _write(path: Path, text: str) -> None:
    """Write a file that is never seen half written."""
    path.with_suffix(".tmp").write_text(text)
    path.with_suffix(".tmp").replace(path)
