# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""How what augmented shortcuts cost over the plain network changes with tokens, batch, T, b, depth and ranks.

    python benchmarks/scaling.py [--model augvit_ti] [--panels tokens batch] [--picture scaling.png] [--report FILE]

At each point a network and its plain twin take turns, each in a process of its own that stands still while another
works: with native kernels, and with portable operators and the dense form, which is what other devices and exported
files have. The panel of ranks trains on one rank and on two, as ``benchmarks/ranks.py`` does, and needs pictures.
"""

import argparse
import importlib
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # a door in a folder of its own still finds src

from benchmarks.contender import KINDS, command
from benchmarks.options import add_report, positive
from benchmarks.report import check_report_path, versions, write_report
from benchmarks.scaling_figure import Panel, draw
from benchmarks.torch_names import plain_twin
from benchmarks.turns import processes_in_turn
from src.analysis.tables import Table
from src.errors import UserError, run_door
from src.plot import check_figure_path

# the settings of both networks, and those of the augmented one beside them
FORMS: Mapping[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "native": ({}, {"shortcut.implementation": "native"}),
    "portable": ({"kernels": "portable"}, {"shortcut.implementation": "dense"}),
}
RANKS = "ranks"
_RANK_COUNTS = (1, 2)
_KINDS = ("forward", "training")


@dataclass(frozen=True)
class Setup:
    """What is measured at a point."""

    model: str  # registered, with augmented shortcuts
    batch: int
    size: int  # pixels
    both: Mapping[str, Any] = field(default_factory=dict)  # settings of both networks
    augmented: Mapping[str, Any] = field(default_factory=dict)  # settings of the augmented one


@dataclass(frozen=True)
class Axis:
    """What changes along a panel."""

    label: str
    flag: str  # of the command line, for other values
    values: tuple[int, ...]
    change: Callable[[int], dict[str, Any]]  # the fields of the setup that a value changes
    log: bool = False  # whether the values are factors apart


AXES = {
    "tokens": Axis("tokens a picture", "image_sizes", (224, 384, 512), lambda size: {"size": size}),
    "batch": Axis("pictures a batch", "batches", (1, 2, 4, 8, 16), lambda batch: {"batch": batch}, log=True),
    "paths": Axis("augmented paths T", "paths", (0, 1, 2, 3), lambda t: {"augmented": {"shortcut.paths": t}}),
    "blocks": Axis(
        "circulant blocks b", "blocks", (1, 2, 4, 8, 16), lambda b: {"augmented": {"shortcut.blocks": b}}, log=True
    ),
    "depth": Axis("blocks of the network", "depths", (2, 4, 6, 8, 10, 12), lambda depth: {"both": {"depth": depth}}),
}


@dataclass(frozen=True)
class Point:
    """What was found at a place of a panel."""

    panel: str
    place: int  # along the axis
    curve: str
    plain: str  # time or speed of the plain network, with its unit
    augmented: str  # of the augmented one
    ratio: float  # time of the augmented network over that of the plain one

    def cells(self) -> list[str]:
        """Return its row of the table."""
        label = AXES[self.panel].label if self.panel in AXES else self.panel
        return [label, str(self.place), self.curve, self.plain, self.augmented, f"{self.ratio:.3f}"]


def sides(setup: Setup, forms: Sequence[str], kind: str) -> dict[tuple[str, bool], list[str]]:
    """Return the commands of the processes that a setup is measured with, by form and whether it is augmented."""
    sizes, found = {"batch_size": setup.batch, "image_size": setup.size}, {}
    for form in forms:
        both, augmented = FORMS[form]
        common = {**setup.both, **both}
        more = {**common, **augmented, **setup.augmented}
        plain = plain_twin(setup.model)
        found[form, False] = command(sys.executable, "mindspore", plain, kind, common, **sizes)
        found[form, True] = command(sys.executable, "mindspore", setup.model, kind, more, **sizes)
    return found


def measure_axis(name: str, args: argparse.Namespace) -> Iterator[Point]:
    """Yield the points of a panel."""
    axis, setup = AXES[name], Setup(args.model, args.batch_size, args.image_size)
    for value in axis_values(name, args):
        there = replace(setup, **axis.change(value))
        place = _counts().tokens(args.model, value) if name == "tokens" else value
        for kind in args.kinds:
            times = processes_in_turn(sides(there, args.forms, kind), args.rounds)
            for form in args.forms:
                plain, augmented = (times[form, which] for which in (False, True))
                ratio = augmented.over(plain)
                yield Point(name, place, f"{form}, {KINDS[kind]}", f"{plain} ms", f"{augmented} ms", ratio)


def measure_ranks(model: str, pictures: str, rounds: int) -> Iterator[Point]:
    """Yield the points of trainings on one rank and on two, with a global batch of 16."""
    from benchmarks.ranks import prepare, train  # these import MindSpore

    names = (plain_twin(model), model)
    speeds: dict[tuple[str, int], list[float]] = {(name, count): [] for count in _RANK_COUNTS for name in names}
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            (Path(folder) / name).mkdir()
            prepare(Path(folder) / name, Path(pictures), name)
        for _ in range(rounds):
            for (name, count), found in speeds.items():
                found.append(train(Path(folder) / name, f"on_{count}", count))
    for count in _RANK_COUNTS:
        plain, augmented = (statistics.median(speeds[name, count]) for name in names)
        shown = (f"{speed:.2f} images/s" for speed in (plain, augmented))
        yield Point(RANKS, count, "native, training of batch 16", *shown, plain / augmented)


def table(points: Sequence[Point]) -> Table:
    """Return a row for each point."""
    return Table(("axis", "value", "what", "plain", "augmented", "time over plain"), [p.cells() for p in points])


def panels(points: Sequence[Point]) -> list[Panel]:
    """Return the panels of the picture, in the order in which they were measured."""
    found: dict[str, Panel] = {}
    for point in points:
        axis = AXES.get(point.panel)
        panel = found.setdefault(point.panel, Panel(axis.label, axis.log) if axis else Panel(RANKS, False))
        panel.curves.setdefault(point.curve, []).append((point.place, point.ratio))
    return list(found.values())


def chosen_panels(args: argparse.Namespace) -> list[str]:
    """Return the names of the panels that the command line asks for.

    Raises:
        UserError: the panel of ranks, and no pictures.
    """
    names = args.panels or [*AXES, *([RANKS] if args.data_path else [])]
    if RANKS in names and not args.data_path:
        raise UserError(f"--panels {RANKS}: needs --data_path, a folder of class folders with 96 pictures")
    return names


def axis_values(name: str, args: argparse.Namespace) -> list[int]:
    """Return the values of a panel; of circulant blocks those that divide the channels of every stage."""
    values = list(getattr(args, AXES[name].flag))
    if name != "blocks":
        return values
    dims = _counts().widths(args.model)
    return [value for value in values if all(dim % value == 0 for dim in dims)]


def _counts() -> ModuleType:
    """Return what counts tokens and channels; it imports MindSpore, which only drivers without PyTorch may do."""
    return importlib.import_module("benchmarks.arithmetic")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="The cost of augmented shortcuts against tokens, batch, T, b, ...")
    add = parser.add_argument
    add("--model", default="augvit_ti", help="a registered augmented model")
    add("--panels", nargs="+", choices=[*AXES, RANKS], help="what to change; default: all, ranks with --data_path")
    for name, axis in AXES.items():
        add(f"--{axis.flag}", nargs="+", type=int, default=axis.values, help=f"values of the panel {name}")
    add("--forms", nargs="+", default=list(FORMS), choices=FORMS, help="how shortcuts are computed")
    add("--kinds", nargs="+", default=["forward"], choices=_KINDS, help="what is measured")
    add("--batch_size", type=positive, default=8, help="images a pass in the other panels")
    add("--image_size", type=positive, default=224, help="pixels in the other panels")
    add("--rounds", type=positive, default=9, help="turns of each side")
    add("--rank_rounds", type=positive, default=3, help="trainings of each kind in the panel of ranks")
    add("--data_path", help="a folder of class folders, for the panel of ranks")
    add("--picture", help="draw the curves into this .png file")
    add_report(parser)
    return parser


def measure(name: str, args: argparse.Namespace) -> Iterator[Point]:
    """Yield the points of a panel."""
    if name == RANKS:
        return measure_ranks(args.model, args.data_path, args.rank_rounds)
    return measure_axis(name, args)


def main() -> None:
    """Measure panel by panel, draw and write what is there after each, and print a Markdown table."""
    args = _parser().parse_args()
    check_report_path(args.report)
    picture = check_figure_path("--picture", args.picture) if args.picture else None
    names, about, points = chosen_panels(args), versions({"mindspore": sys.executable}), []
    title = f"{args.model} over {plain_twin(args.model)}"
    note = f"Medians of {args.rounds} turns. Where the axis says nothing else: batches of {args.batch_size} pictures "
    note += f"of {args.image_size} pixels, and the model's own T, b and depth."
    for name in names:
        for point in measure(name, args):
            print(", ".join(point.cells()), file=sys.stderr, flush=True)
            points.append(point)
        text = f"{note}\n\n{table(points).markdown()}"
        shown = f"\n\n![The curves]({picture.name})" if picture else ""
        if picture:
            draw(panels(points), title, note, "time over the plain network", picture)
        write_report(args.report, title, about, text + shown, sys.argv)
    print("\n".join(about), text, sep="\n\n")


if __name__ == "__main__":
    run_door(main)
