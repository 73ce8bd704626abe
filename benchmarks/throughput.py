# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Images a second of registered models, in turn with the same networks in plain PyTorch.

python benchmarks/throughput.py [--models deit_s augvit_s] [--batch_size 8] [--torch_python PYTHON]
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # a door in a folder of its own still finds src

from benchmarks.contender import KINDS, command
from benchmarks.options import positive
from benchmarks.turns import machine, processes_in_turn

_KINDS = ("forward", "training")


def main() -> None:
    """Print a Markdown table of medians, quartiles and ratios."""
    parser = argparse.ArgumentParser(description="Images a second, in turn with plain PyTorch.")
    parser.add_argument("--models", nargs="+", default=["deit_s", "augvit_s"], help="registered models")
    parser.add_argument("--kinds", nargs="+", default=_KINDS, choices=_KINDS, help="what to measure")
    parser.add_argument("--batch_size", type=positive, default=8, help="images a pass")
    parser.add_argument("--image_size", type=positive, default=224, help="pixels")
    parser.add_argument("--rounds", type=positive, default=9, help="turns of each side")
    parser.add_argument("--torch_python", default=sys.executable, help="an interpreter that has torch")
    args = parser.parse_args()
    print(
        f"{machine()}; batch {args.batch_size}, {args.image_size} pixels, float32, median (quartiles) of {args.rounds}"
    )
    print("\n| model | what | MindSpore, ms | PyTorch, ms | images/s, MindSpore over PyTorch |\n|---|---|---|---|---|")
    sizes = {"batch_size": args.batch_size, "image_size": args.image_size}
    for model in args.models:
        for kind in args.kinds:
            sides = {
                "mindspore": command(sys.executable, "mindspore", model, kind, **sizes),
                "torch": command(args.torch_python, "torch", model, kind, **sizes),
            }
            times = processes_in_turn(sides, args.rounds)
            ratio = times["torch"].over(times["mindspore"])
            print(f"| {model} | {KINDS[kind]} | {times['mindspore']} | {times['torch']} | {ratio:.2f} |", flush=True)


if __name__ == "__main__":
    main()
