# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""What watches over one rank: runs its program, and writes down its process and its end for ``src/launch/job.py``."""

import multiprocessing
import os
import runpy
import sys
import time
import traceback
from pathlib import Path

_LINGER_SECONDS = 30.0  # after a rank has ended, before msrun sees it; the launcher is done with it long before
_POLL_SECONDS = 1.0


def watch(program: str, number: int, folder: Path, shares: int) -> int:
    """Run ``program`` to its end, and return its exit status.

    Args:
        program: a Python file, whose arguments this process has.
        number: of the rank that it is.
        folder: of the job's logs.
        shares: parts that the processor cores are divided into, of which the rank has one. Two ranks that each compute
            with threads for all cores wait for each other (0.79 of one rank's speed in ``benchmarks/ranks.py``, 0.93
            with a part each).
    """
    launcher = os.getppid()
    _keep_to_share(number, shares)
    end = folder / f"worker_{number}.status"
    rank = multiprocessing.get_context("fork").Process(target=_run, args=(program, end))
    rank.start()
    _write(folder / f"worker_{number}.pid", f"{rank.pid} {os.getpid()}")
    while rank.exitcode is None:
        rank.join(_POLL_SECONDS)
        if os.getppid() != launcher:  # it was killed, and nobody is left to end this rank
            rank.kill()
    if not end.exists():  # it was killed
        _write_end(end, rank.exitcode)
        time.sleep(_LINGER_SECONDS)
    return rank.exitcode if rank.exitcode >= 0 else 128 - rank.exitcode


def _run(program: str, end: Path) -> None:
    """Be the Python program, write down its end, and stay: another rank may still wait for this one's answer.

    The process ends by a signal of the launcher, or as one that was forked does, with its status and nothing else. What
    MindSpore 2.10.0 does when an interpreter exits is to close connections that another rank is closing, too; now and
    then a rank dies of it (SIGSEGV in its thread RECV_EVENT_LOOP), whatever its status was.
    """
    try:
        runpy.run_path(program, run_name="__main__")
        status = 0
    except SystemExit as left:
        status = exit_status(left)
    except BaseException:
        traceback.print_exc()
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    _write_end(end, status)
    time.sleep(_LINGER_SECONDS)
    sys.exit(status)


def exit_status(left: SystemExit) -> int:
    """Return the status that Python would end with, and say what it would say: a text is an error by itself."""
    if isinstance(left.code, str):
        sys.stderr.write(f"{left.code}\n")
    return left.code if isinstance(left.code, int) else int(left.code is not None)


def _keep_to_share(rank: int, shares: int) -> None:
    """Keep this process, and those it starts, to their part of its cores, where there are so many."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) >= shares:
        part = rank % shares
        os.sched_setaffinity(0, cores[part * len(cores) // shares : (part + 1) * len(cores) // shares])


def _write_end(path: Path, status: int) -> None:
    """Write when a rank ended, by the clock that all processes of a machine share, and how."""
    _write(path, f"{time.monotonic()} {status}")


def _write(path: Path, text: str) -> None:
    """Write a file that is never seen half written."""
    path.with_suffix(".tmp").write_text(text)
    path.with_suffix(".tmp").replace(path)
