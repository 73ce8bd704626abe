# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Parameters and multiply-accumulates of a network: python tools/complexity.py --model augvit_s [key=value ...]."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # a door in a folder of its own still finds src

from src.analysis.cost.count import build_to_count, measure
from src.cli import door_parser, write_report
from src.config import load_assignments
from src.distributed import start_device
from src.errors import UserError, run_door


def main() -> None:
    """Parse the command line, count, and print the table."""
    parser = door_parser("Count the parameters and multiply-accumulates (MACs) of a network for one picture.")
    parser.add_argument("--model", required=True, help="registered model")
    parser.add_argument("--image_size", type=int, help="side of the picture, pixels (default: the model's own)")
    rows = parser.add_mutually_exclusive_group()
    rows.add_argument("--modules", action="store_true", help="a row for every module instead of sums over blocks")
    rows.add_argument("--depth", type=int, help="sums over modules whose names agree in so many parts")
    parser.add_argument("--markdown", action="store_true", help="print the table in Markdown")
    parser.add_argument("--report", help="write every module as JSON to this file")
    parser.add_argument("assignments", nargs="*", metavar="key=value", help="settings of the model, shortcut.paths=1")
    args = parser.parse_args()  # without a log: what is printed is a document
    if args.depth is not None and args.depth < 1:
        raise UserError(f"--depth {args.depth}: must be at least 1")
    settings = load_assignments(args.assignments)
    if args.image_size is not None:
        settings["image_size"] = args.image_size
    start_device(args.device_target, args.device_id)
    found = measure(build_to_count(args.model, **settings))
    shown = found.rows if args.modules else found.to_depth(args.depth) if args.depth else found.grouped()
    table = found.table(shown)
    print(f"{found.title()}\n\n{table.markdown() if args.markdown else table.text()}")
    write_report(args.report, found.report())


if __name__ == "__main__":
    run_door(main)
