# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Aug-ViT's Tables 2 to 5, parameters and MACs beside ours: python tools/reproduce_tables.py [--markdown]."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # a door in a folder of its own still finds src

from src.analysis.papers.augvit import ENTRIES
from src.analysis.papers.comparison import compare, render
from src.cli import door_parser, write_report
from src.distributed import start_device
from src.errors import run_door


def main() -> None:
    """Parse the command line, count every network of the tables, and print what the paper has beside it."""
    parser = door_parser("Count what Aug-ViT's Tables 2 to 5 say about parameters and multiply-accumulates (MACs).")
    parser.add_argument("--markdown", action="store_true", help="print the tables in Markdown")
    parser.add_argument("--report", help="write the comparison as JSON to this file")
    args = parser.parse_args()  # without a log: what is printed is a document
    start_device(args.device_target, args.device_id)
    found = compare(ENTRIES)
    print(render(found, args.markdown))
    write_report(args.report, [comparison.report() for comparison in found])


if __name__ == "__main__":
    run_door(main)
