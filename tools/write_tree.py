# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Write the tree of the project into both READMEs."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # a door in a folder of its own still finds src

from src.cli import door_parser
from src.errors import run_door
from src.project_tree import READMES, ROOT, write_tree


def main() -> None:
    """Write the tree between the marks of each README."""
    door_parser("Write the tree of the project into both READMEs, between their marks.").parse_args()
    for name in READMES:
        write_tree(ROOT / name)


if __name__ == "__main__":
    run_door(main)
