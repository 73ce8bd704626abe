# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""What the command lines of the comparisons have in common."""

import argparse


def positive(text: str) -> int:
    """Return an integer of a command line, at least 1; the ``type`` of an argument, whose errors argparse reports."""
    value = int(text) if text.isdecimal() else 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} must be an integer of at least 1")
    return value


def add_report(parser: argparse.ArgumentParser) -> None:
    """Declare ``--report``."""
    parser.add_argument("--report", help="write what is printed and what it was measured on to this .md file")


def add_comparison(parser: argparse.ArgumentParser, rounds: int, turn: str) -> None:
    """Declare ``--rounds``, of which ``turn`` says what one is, ``--torch_python``, and ``--report``."""
    parser.add_argument("--rounds", type=positive, default=rounds, help=f"{turn} of each side")
    parser.add_argument("--torch_python", help="an interpreter that has torch; without it PyTorch is left out")
    add_report(parser)
