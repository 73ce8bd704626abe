# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Images a second of registered models, in turn with the same networks in plain PyTorch or by another checkout.

python benchmarks/throughput.py [--models deit_s augvit_s] [--batch_size 8] [--torch_python PYTHON]
git worktree add ../before COMMIT; python benchmarks/throughput.py --before ../before [--kinds forward shortcut ...]
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
    parser = argparse.ArgumentParser(description="Images a second, in turn with plain PyTorch or another checkout.")
    parser.add_argument("--models", nargs="+", default=["deit_s", "augvit_s"], help="registered models")
    parser.add_argument("--kinds", nargs="+", default=_KINDS, choices=KINDS, help="what to measure")
    parser.add_argument("--batch_size", type=positive, default=8, help="images a pass")
    parser.add_argument("--image_size", type=positive, default=224, help="pixels")
    parser.add_argument("--rounds", type=positive, default=9, help="turns of each side")
    other = parser.add_mutually_exclusive_group()
    other.add_argument("--torch_python", default=sys.executable, help="an interpreter that has torch")
    other.add_argument("--before", type=Path, help="folder of another checkout, to be compared with in torch's place")
    args = parser.parse_args()
    rival = "PyTorch" if args.before is None else "before"
    print(
        f"{machine()}; batch {args.batch_size}, {args.image_size} pixels, float32, median (quartiles) of {args.rounds}"
    )
    print(f"\n| model | what | MindSpore, ms | {rival}, ms | images/s, MindSpore over {rival} |\n|---|---|---|---|---|")
    for model in args.models:
        for kind in args.kinds:
            times = processes_in_turn(_sides(args, model, kind), args.rounds)
            ratio = times["rival"].over(times["mindspore"])
            print(f"| {model} | {KINDS[kind]} | {times['mindspore']} | {times['rival']} | {ratio:.2f} |", flush=True)


def _sides(args: argparse.Namespace, model: str, kind: str) -> dict[str, list[str]]:
    """Return the command lines of the two sides."""
    sizes = {"batch_size": args.batch_size, "image_size": args.image_size}
    own = command(sys.executable, "mindspore", model, kind, **sizes)
    if args.before is None:
        return {"mindspore": own, "rival": command(args.torch_python, "torch", model, kind, **sizes)}
    program = args.before.resolve() / "benchmarks" / "contender.py"
    if not program.is_file():
        raise UserError(f"--before {args.before}: has no benchmarks/contender.py")
    return {"mindspore": own, "rival": command(sys.executable, "mindspore", model, kind, program=program, **sizes)}


if __name__ == "__main__":
    run_door(main)
