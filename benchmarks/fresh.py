# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""A process that does its first pass and a few more, and says what they took: seconds, and the memory of the process.

Its command line is that of ``benchmarks/contender.py``, and what it prints last a ``Cost``.
"""

import dataclasses
import importlib
import json
import resource
import statistics
import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # a door in a folder of its own still finds src

from benchmarks.contender import SIDES, asked, find_work
from benchmarks.turns import timed
from src.errors import run_door

PROGRAM = Path(__file__).resolve()
_LATER = 5  # passes after the first


@dataclass(frozen=True)
class Cost:
    """What the passes of one process took."""

    first: float  # seconds of the first pass, in which graphs are compiled
    later: float  # seconds of a later one, the median of a few
    peak: float  # most resident memory until the last pass, GB
    alone: float  # the same before the model is built, of the frameworks that are imported, GB


def read(text: str) -> Cost:
    """Return what a process said, from all that it and its frameworks printed."""
    return Cost(**json.loads(text.splitlines()[-1]))


def peak() -> float:
    """Return the most memory that was resident at once so far, in GB of 10^9 bytes.

    Linux hands on the peak of the process that started this one, which must be the smaller.
    """
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, KiB elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9


def main() -> None:
    """Do the work named on the command line, and print a ``Cost``."""
    framework, kind, subject = asked(__doc__.splitlines()[0])
    importlib.import_module(SIDES[framework])
    alone = peak()
    run = timed(find_work(framework, kind, subject).run)
    first = run()
    later = statistics.median(run() for _ in range(_LATER))
    print(json.dumps(dataclasses.asdict(Cost(first, later, peak(), alone))), flush=True)


if __name__ == "__main__":
    run_door(main)
