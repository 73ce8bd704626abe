# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""What msrun starts for each rank (src/launch/job.py): python tools/rank.py FOLDER SHARES PROGRAM ARGUMENTS."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # a door in a folder of its own still finds src

from src.launch.rank import watch


def main() -> None:
    """Be the scheduler, or watch over a rank."""
    folder, shares, *program = sys.argv[1:]
    if os.environ["MS_ROLE"] != "MS_WORKER":
        os.execv(sys.executable, [sys.executable, *program])
    sys.argv[:] = program  # of the rank, which is forked from this process
    sys.path[:2] = [str(Path(program[0]).parent)]
    sys.exit(watch(program[0], int(os.environ["RANK_ID"]), Path(folder), int(shares)))


if __name__ == "__main__":
    main()
