# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""What exported networks take in onnxruntime, in turn with files that PyTorch exported of the same networks.

python benchmarks/onnx_latency.py --torch_python PYTHON [--models deit_s augvit_s] [--batches 1 8] [--rounds 9]
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # a door in a folder of its own still finds src

from benchmarks.contender import command
from benchmarks.options import positive
from benchmarks.turns import Key, Times, machine, processes_in_turn

_HERE = Path(__file__).resolve().parent
_SIDES = ("mindspore", "torch")
_SIZE = 224


def make_files(models: list[str], torch_python: str, folder: Path) -> dict[tuple[str, str], Path]:
    """Return the file of each model and side."""
    files = {}
    for model in models:
        for side, python in zip(_SIDES, (sys.executable, torch_python), strict=True):
            files[model, side] = folder / f"{model}_{side}.onnx"
            maker = [python, str(_HERE / "onnx_maker.py"), side, model, str(files[model, side])]
            subprocess.run(maker, check=True, stdout=subprocess.DEVNULL)
    return files


def measure(files: Mapping[Key, Path], batch: int, rounds: int) -> dict[Key, Times]:
    """Return the times of all files, each in a process of its own that stands still while another works."""
    python = sys.executable
    sides = {key: command(python, "onnx", str(path), "forward", batch_size=batch) for key, path in files.items()}
    return processes_in_turn(sides, rounds)


def main() -> None:
    """Print a Markdown table of medians, quartiles and ratios."""
    parser = argparse.ArgumentParser(description="Exported networks in onnxruntime, in turn with PyTorch's files.")
    parser.add_argument("--models", nargs="+", default=["deit_s", "augvit_s"], help="registered models")
    parser.add_argument("--batches", nargs="+", type=positive, default=[1, 8], help="images a call")
    parser.add_argument("--rounds", type=positive, default=9, help="turns of each file")
    parser.add_argument("--torch_python", required=True, help="an interpreter that has torch and onnx")
    args = parser.parse_args()
    print(f"{machine()}; {_SIZE} pixels, float32, median (quartiles) of {args.rounds}")
    first = args.models[0]
    print(f"\n| model | batch | ours, ms | PyTorch's, ms | ours over PyTorch's | ours over our {first} |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        files = make_files(args.models, args.torch_python, Path(folder))
        for batch in args.batches:
            times = measure(files, batch, args.rounds)
            for model in args.models:
                ours, theirs = (times[model, side] for side in _SIDES)
                ratios = (ours.over(theirs), ours.over(times[first, "mindspore"]))
                print(f"| {model} | {batch} | {ours} | {theirs} | {ratios[0]:.2f} | {ratios[1]:.2f} |", flush=True)


if __name__ == "__main__":
    main()
