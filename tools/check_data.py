# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Read every picture of a data set: python tools/check_data.py --data_path DIR [--report bad.json]."""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # a door in a folder of its own still finds src

from src.cli import write_report
from src.data.check import read_all
from src.data.sources import open_source
from src.distributed import available_cores
from src.errors import UserError, run_door
from src.logs import Progress, start_logging


def main() -> None:
    """Parse the command line, read both splits, and name every picture that can't be read."""
    parser = argparse.ArgumentParser(description="Read every picture of a data set, and name those that can't be.")
    parser.add_argument("--data_path", required=True, help="a data set with train/ and val/, or CIFAR-10")
    parser.add_argument("--report", help="write the list as JSON to this file")
    args = parser.parse_args()
    start_logging()
    bad: list[str] = []
    sources = {source.name: source for source in (open_source(args.data_path, split) for split in ("train", "val"))}
    for source in sources.values():  # the class folders of one split are either
        progress = Progress(f"reading {source.name}", len(source))
        for fault in read_all(source, available_cores()):
            bad += [fault] if fault else []
            progress.advance(1, "pictures", f"{len(bad)} unreadable" if bad else "")
        progress.close()
        print(f"{source.name}: {len(source)} pictures of {len(source.classes)} classes")
    write_report(args.report, {"data": args.data_path, "unreadable": bad})
    for fault in bad:
        print(fault)
    if bad:
        raise UserError(f"--data_path {args.data_path}: {len(bad)} pictures can't be read; they are named above")


if __name__ == "__main__":
    run_door(main)
