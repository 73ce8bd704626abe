# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""What a change costs: the same networks by the code of here and of another checkout, in turn.

git worktree add ../before COMMIT; python benchmarks/before.py --checkout ../before [--models deit_s augvit_s]
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # a door in a folder of its own still finds src

from benchmarks.contender import KINDS, command
from benchmarks.options import positive
from benchmarks.turns import machine, processes_in_turn
from src.errors import UserError, run_door

_KINDS = ("forward", "training")


def main() -> None:
    """Print a Markdown table of medians, quartiles and ratios."""
    parser = argparse.ArgumentParser(description="The same networks by the code of here and of another checkout.")
    parser.add_argument("--checkout", type=Path, required=True, help="folder of the other checkout")
    parser.add_argument("--models", nargs="+", default=["deit_s", "augvit_s"], help="registered models")
    parser.add_argument("--kinds", nargs="+", default=_KINDS, choices=KINDS, help="what to measure")
    parser.add_argument("--batch_size", type=positive, default=8, help="images a pass")
    parser.add_argument("--image_size", type=positive, default=224, help="pixels")
    parser.add_argument("--rounds", type=positive, default=9, help="turns of each side")
    args = parser.parse_args()
    other = args.checkout.resolve() / "benchmarks" / "contender.py"
    if not other.is_file():
        raise UserError(f"--checkout {args.checkout}: has no benchmarks/contender.py")
    print(f"{machine()}; batch {args.batch_size}, {args.image_size} pixels, median (quartiles) of {args.rounds}")
    print("\n| model | what | here, ms | there, ms | images/s, here over there |\n|---|---|---|---|---|")
    sizes = {"batch_size": args.batch_size, "image_size": args.image_size}
    for model in args.models:
        for kind in args.kinds:
            sides = {
                "here": command(sys.executable, "mindspore", model, kind, **sizes),
                "there": command(sys.executable, "mindspore", model, kind, program=other, **sizes),
            }
            times = processes_in_turn(sides, args.rounds)
            ratio = times["there"].over(times["here"])
            print(f"| {model} | {KINDS[kind]} | {times['here']} | {times['there']} | {ratio:.2f} |", flush=True)


if __name__ == "__main__":
    run_door(main)
