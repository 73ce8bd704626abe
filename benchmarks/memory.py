# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""What a training step takes to compile, what it takes then, and how much memory.

    python benchmarks/memory.py [--models deit_s augvit_s] [--batch_size 8] [--torch_python PYTHON] [--report FILE]

The step as it is, with blocks computed again on the way back (``train.recompute``), and PyTorch's where
``--torch_python`` is given. Every measurement is a process of its own (``benchmarks/fresh.py``), for its memory is that
of all it ever did; one has ended before the next one starts, and in a round each has a turn.
"""

import argparse
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # a door in a folder of its own still finds src

from benchmarks.contender import KINDS, command
from benchmarks.fresh import PROGRAM, Cost, read
from benchmarks.options import add_comparison, positive
from benchmarks.report import check_report_path, versions, write_report
from benchmarks.turns import Times
from src.analysis.tables import Table
from src.errors import UserError, run_door

Side = tuple[str, str, str]  # model, framework, kind of ``KINDS``
Costs = Mapping[Side, Sequence[Cost]]  # a cost a round
_NAMES = {"mindspore": "MindSpore", "torch": "PyTorch"}
_HEAD = ("model", "what", "first step, s", "later step, s", "peak, GB", "peak before the model, GB")


def sides(models: Sequence[str], pythons: Mapping[str, str], sizes: Mapping[str, int]) -> dict[Side, list[str]]:
    """Return the commands of the processes, in the order of the table; ``pythons`` has them by framework."""
    kinds = [("mindspore", "training"), ("mindspore", "recomputed"), ("torch", "training")]
    found = [(model, framework, kind) for model in models for framework, kind in kinds if framework in pythons]
    return {side: command(pythons[side[1]], side[1], side[0], side[2], program=PROGRAM, **sizes) for side in found}


def measured(words: Sequence[str]) -> Cost:
    """Return what a process says that it took.

    Raises:
        UserError: it ended with a message, or was killed, as it is where memory runs out.
    """
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise UserError(f"{' '.join(words)} ended with status {done.returncode}")
    return read(done.stdout)


def table(costs: Costs) -> Table:
    """Return medians, and quartiles of all but the memory of the frameworks alone."""
    return Table(_HEAD, [[*_names(side), *_cells(rounds)] for side, rounds in costs.items()], left=2)


def body(costs: Costs, rounds: int, about: str) -> str:
    """Return all that is to be said, in Markdown; ``about`` says of what size the batches are."""
    said = f"{about}, float32, median (quartiles) of {rounds} processes. The first step compiles; GB are 10^9 bytes."
    return f"{said}\n\n{table(costs).markdown()}"


def _names(side: Side) -> tuple[str, str]:
    model, framework, kind = side
    return model, f"{_NAMES[framework]}, {KINDS[kind]}"


def _cells(costs: Sequence[Cost]) -> list[str]:
    first, later, peak = (Times(tuple(getattr(cost, name) for cost in costs)) for name in ("first", "later", "peak"))
    alone = statistics.median(cost.alone for cost in costs)
    return [_shown(first, 1), _shown(later, 3), _shown(peak, 2), f"{alone:.2f}"]


def _shown(values: Times, digits: int) -> str:
    return f"{values.median:.{digits}f} ({values.low:.{digits}f} to {values.high:.{digits}f})"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="What a training step takes to compile, and how much memory.")
    add = parser.add_argument
    add("--models", nargs="+", default=["deit_s", "augvit_s"], help="registered models")
    add("--batch_size", type=positive, default=8, help="images a step")
    add("--image_size", type=positive, default=224, help="pixels")
    add_comparison(parser, 3, "processes")
    return parser


def main() -> None:
    """Measure round by round, and print a Markdown table."""
    args = _parser().parse_args()
    check_report_path(args.report)
    pythons = {"mindspore": sys.executable, **({"torch": args.torch_python} if args.torch_python else {})}
    about = versions(pythons)
    commands = sides(args.models, pythons, {"batch_size": args.batch_size, "image_size": args.image_size})
    costs: dict[Side, list[Cost]] = {side: [] for side in commands}
    for _ in range(args.rounds):
        for side, words in commands.items():
            costs[side].append(measured(words))
            print(f"{', '.join(_names(side))}: {costs[side][-1]}", file=sys.stderr, flush=True)
    text = body(costs, args.rounds, f"Batch {args.batch_size}, {args.image_size} pixels")
    print("\n".join(about), text, sep="\n\n")
    write_report(args.report, "What a training step takes to compile, and how much memory", about, text, sys.argv)


if __name__ == "__main__":
    run_door(main)
