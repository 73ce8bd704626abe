# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""One side of a comparison: a process that takes a turn of passes when it is told to.

A process each, because two frameworks in one would share thread pools and libraries, which neither is built for.
Drivers import ``command`` from here; nothing of a framework is imported before the process itself works.

    python benchmarks/contender.py --framework mindspore --model augvit_s --kind forward shortcut.implementation=fft
"""

import argparse
import importlib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # a door in a folder of its own still finds src

from benchmarks.options import positive
from benchmarks.turns import take_turns
from benchmarks.work import Subject, Work
from src.errors import UserError, run_door

# each module has MAKERS, kind to (Subject) -> Work, and describe() -> one line of versions and threads
SIDES = {
    "mindspore": "benchmarks.mindspore_side",
    "torch": "benchmarks.torch_side",
    "onnx": "benchmarks.onnx_side",
}
# kinds and what they mean; a shortcut is that of the model's first block, at its width and its number of tokens
KINDS = {
    "shortcut": "one shortcut, forward",
    "shortcut_training": "one shortcut, forward and backward",
    "forward": "forward",
    "training": "training step",
    "recomputed": "training step, blocks recomputed",
}
_PROGRAM = Path(__file__).resolve()


def command(
    python: str,
    framework: str,
    model: str,
    kind: str,
    settings: Mapping[str, Any] | None = None,
    program: Path = _PROGRAM,
    **sizes: int,
) -> list[str]:
    """Return the command line of a process, by default of one for ``benchmarks.turns.process``.

    Args:
        python: the interpreter, which has the framework.
        framework: one of ``SIDES``.
        model: a registered name; for onnx a file.
        kind: one of ``KINDS``.
        settings: of the model, with dots in their names, such as ``{"shortcut.implementation": "fft"}``.
        program: this one, or another that reads its command line by ``asked``.
        **sizes: ``batch_size`` and ``image_size`` where they aren't the defaults.
    """
    flags = ["--framework", framework, "--model", model, "--kind", kind]
    flags += [text for name, size in sizes.items() for text in (f"--{name}", str(size))]
    return [
        python,
        str(program),
        *flags,
        *(f"{key}={value}" for key, value in (settings or {}).items()),
    ]


def find_work(framework: str, kind: str, subject: Subject) -> Work:
    """Return what the process shall do.

    Raises:
        UserError: the framework has no such work, or this interpreter no such framework.
    """
    try:
        makers = importlib.import_module(SIDES[framework]).MAKERS
    except ModuleNotFoundError as error:
        raise UserError(f"{sys.executable}: {error.msg}, which measuring {framework} needs") from None
    if kind not in makers:
        raise UserError(f"--kind {kind}: {framework} has {', '.join(makers)}")
    return makers[kind](subject)


def asked(description: str) -> tuple[str, str, Subject]:
    """Return what the command line of a process with this description names: framework, kind and subject."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--framework", required=True, choices=SIDES, help="what computes")
    parser.add_argument("--model", required=True, help="a registered model; for onnx a file")
    parser.add_argument("--kind", required=True, choices=KINDS, help="what is done")
    parser.add_argument("--batch_size", type=positive, default=8, help="images a pass")
    parser.add_argument("--image_size", type=positive, default=224, help="pixels; a file of onnx knows its own")
    parser.add_argument("settings", nargs="*", metavar="key=value", help="settings of the model, shortcut.paths=1")
    args = parser.parse_args()
    return args.framework, args.kind, Subject(args.model, args.batch_size, args.image_size, tuple(args.settings))


def main() -> None:
    """Build the work named on the command line, then take a turn for each line on standard input."""
    take_turns(find_work(*asked(__doc__.splitlines()[0])).turn)


if __name__ == "__main__":
    run_door(main)
