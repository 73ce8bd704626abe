# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""What msrun starts for each rank: runs the program and writes down its process and its end (src/launch/job.py).

python tools/rank.py FOLDER SHARES PROGRAM ARGUMENTS

The program has one of SHARES parts of the processor cores: two ranks that each compute with threads for all of them
wait for each other's threads (benchmarks/ranks.py: 0.79 of one rank's speed, 0.93 with a share each).
"""

import os
import subprocess
import sys
import time
from pathlib import Path

_LINGER_SECONDS = 30.0  # after a failure, before msrun sees it and kills the other ranks
_POLL_SECONDS = 1.0


def write(path: Path, text: str) -> None:
    """Write a file that is never seen half written."""
    path.with_suffix(".tmp").write_text(text)
    path.with_suffix(".tmp").replace(path)


def share_cores(rank: int, shares: int) -> None:
    """Keep this process and those it starts to one of ``shares`` parts of its cores, where there are so many."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) >= shares:
        part = rank % shares
        os.sched_setaffinity(0, cores[part * len(cores) // shares : (part + 1) * len(cores) // shares])


def main() -> None:
    """Run one rank, or the scheduler."""
    folder, shares, *program = sys.argv[1:]
    command = [sys.executable, *program]
    if os.environ["MS_ROLE"] != "MS_WORKER":
        os.execv(sys.executable, command)
    share_cores(int(os.environ["RANK_ID"]), int(shares))
    launcher, name = os.getppid(), f"worker_{os.environ['RANK_ID']}"
    rank = subprocess.Popen(command)
    write(Path(folder, f"{name}.pid"), f"{rank.pid} {os.getpid()}")
    while True:
        try:
            status = rank.wait(_POLL_SECONDS)
            break
        except subprocess.TimeoutExpired:
            if os.getppid() != launcher:  # it was killed, and nobody is left to end this rank
                rank.kill()
    write(Path(folder, f"{name}.status"), f"{time.time()} {status}")
    if status:
        time.sleep(_LINGER_SECONDS)
    sys.exit(status if status >= 0 else 128 - status)


if __name__ == "__main__":
    main()
