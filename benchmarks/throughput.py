# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Images a second of registered models, in turn with the same networks in plain PyTorch.

python benchmarks/throughput.py [--models deit_s augvit_s] [--batch_size 8] [--torch_python PYTHON]
"""

import argparse
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # a door in a folder of its own still finds src

from benchmarks.turns import Run, in_turn, machine

_HERE = Path(__file__).resolve().parent
_KINDS = ("forward", "training")


@contextmanager
def contender(python: str, framework: str, model: str, args: argparse.Namespace, kind: str) -> Iterator[Run]:
    """Start the process of one side, hand out what makes it take a turn, and end it."""
    numbers = (str(args.batch_size), str(args.image_size))
    command = [python, str(_HERE / "contender.py"), framework, model, *numbers, kind]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run() -> float:
        assert process.stdin is not None
        assert process.stdout is not None
        process.send_signal(signal.SIGCONT)
        process.stdin.write("go\n")
        process.stdin.flush()
        for line in process.stdout:
            try:
                seconds = float(line)
            except ValueError:
                continue  # a warning of a framework
            # threads that wait for work in a loop would take the cores from the other side
            process.send_signal(signal.SIGSTOP)
            return seconds
        raise SystemExit(f"error: the process of {framework} ended; its message stands above")

    try:
        yield run
    finally:
        process.kill()  # a process that stands still hears nothing else
        process.wait()


def main() -> None:
    """Print a Markdown table of medians, quartiles and ratios."""
    parser = argparse.ArgumentParser(description="Images a second, in turn with plain PyTorch.")
    parser.add_argument("--models", nargs="+", default=["deit_s", "augvit_s"], help="registered models")
    parser.add_argument("--kinds", nargs="+", default=_KINDS, choices=_KINDS, help="what to measure")
    parser.add_argument("--batch_size", type=int, default=8, help="images a pass")
    parser.add_argument("--image_size", type=int, default=224, help="pixels")
    parser.add_argument("--rounds", type=int, default=9, help="turns of each side")
    parser.add_argument("--torch_python", default=sys.executable, help="an interpreter that has torch")
    args = parser.parse_args()
    print(
        f"{machine()}; batch {args.batch_size}, {args.image_size} pixels, float32, median (quartiles) of {args.rounds}"
    )
    print("\n| model | what | MindSpore, ms | PyTorch, ms | images/s, MindSpore over PyTorch |\n|---|---|---|---|---|")
    for model in args.models:
        for kind in args.kinds:
            with (
                contender(sys.executable, "mindspore", model, args, kind) as ours,
                contender(args.torch_python, "torch", model, args, kind) as theirs,
            ):
                times = in_turn({"mindspore": ours, "torch": theirs}, args.rounds, warm_up=1)
            ratio = times["torch"].median / times["mindspore"].median
            what = "forward" if kind == "forward" else "forward and backward"
            print(f"| {model} | {what} | {times['mindspore']} | {times['torch']} | {ratio:.2f} |", flush=True)


if __name__ == "__main__":
    main()
