# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Train a set of variants with several seeds each, and tabulate them; run again, it goes on where it was stopped.

python tools/sweep.py --base config/augvit_cifar10.yaml --data_path CIFAR10 --output_path runs/ablation \
    --seeds 1 2 --variants config/ablation/plain.yaml config/ablation/paths_*.yaml -- [key=value ...]
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # a door in a folder of its own still finds src

from src.engine.sweep import plan, run
from src.engine.sweep_report import markdown, rows, write_report
from src.errors import run_door
from src.logs import start_logging


def main() -> None:
    """Parse the command line, train, and write the table."""
    parser = argparse.ArgumentParser(description="Train variants with several seeds each, and tabulate them.")
    parser.add_argument("--base", type=Path, required=True, help="the config that the variants lie over")
    parser.add_argument("--variants", type=Path, nargs="+", required=True, help="YAML files of a few lines each")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2], help="each variant is trained with each")
    parser.add_argument("--data_path", required=True, help="the data set")
    parser.add_argument("--output_path", type=Path, required=True, help="folder of the runs and the table")
    parser.add_argument("more", nargs="*", metavar="ARGUMENT", help="after --: of train.py, such as train.epochs=3")
    args = parser.parse_args()
    start_logging()
    trials = plan(args.base, args.variants, args.seeds, args.output_path)
    run(trials, ["--data_path", args.data_path, *args.more])
    table = rows(trials)
    write_report(table, args.output_path)
    print(markdown(table))


if __name__ == "__main__":
    run_door(main)
