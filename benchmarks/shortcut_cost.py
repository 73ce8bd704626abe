# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""What augmented shortcuts cost over the plain network, in every form: one shortcut, a forward pass, a training step.

    python benchmarks/shortcut_cost.py [--models augvit_s] [--batches 8] [--torch_python PYTHON] [--report FILE]

The forms are native, fft and dense, and PyTorch's gathered weight where ``--torch_python`` is given, each in turn with
its plain twin (deit_s of augvit_s, say), in a process of its own that stands still while another works. The processes
end with their row of the table, so that six of augvit_b at once are the most that has to find memory.

What a single shortcut replaces is x + y. Calling a graph from Python takes about as long as a shortcut: so a pass is
twelve of them in one graph, each with weights and a branch of its own, and the time is a twelfth of the pass's.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations, product
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # a door in a folder of its own still finds src

from benchmarks.contender import KINDS, command
from benchmarks.options import add_comparison, positive
from benchmarks.report import check_report_path, versions, write_report
from benchmarks.torch_names import plain_twin
from benchmarks.turns import Times, processes_in_turn
from src.analysis.tables import Table
from src.errors import run_door

FORMS = ("native", "fft", "dense")
_KINDS = ("shortcut", "shortcut_training", "forward", "training")
PLAIN, TORCH_PLAIN, GATHERED = "plain", "PyTorch plain", "PyTorch gathered"
_SHORT = 0.02  # seconds below which a tenth of a millisecond is too coarse
_HEAD = ("model", "what", "batch", "pixels")


@dataclass(frozen=True)
class Subject:
    """What a row of the tables is about."""

    model: str  # registered, with augmented shortcuts
    kind: str  # of ``_KINDS``
    batch: int
    size: int  # pixels

    def cells(self) -> list[str]:
        """Return the first cells of its row."""
        return [self.model, KINDS[self.kind], str(self.batch), str(self.size)]

    def __str__(self) -> str:
        """Return it in words."""
        return f"{self.model}, {KINDS[self.kind]}, batch {self.batch}, {self.size} pixels"


Rows = Mapping[Subject, Mapping[str, Times]]  # times by the name of their side


def sides(subject: Subject, forms: Sequence[str], torch_python: str | None) -> dict[str, list[str]]:
    """Return the commands of the processes that a subject is measured with, by their names in the table."""
    model, kind, plain = subject.model, subject.kind, plain_twin(subject.model)
    sizes = {"batch_size": subject.batch, "image_size": subject.size}
    found = {PLAIN: command(sys.executable, "mindspore", plain, kind, **sizes)}
    for form in forms:
        settings = {"shortcut.implementation": form}
        found[form] = command(sys.executable, "mindspore", model, kind, settings, **sizes)
    if torch_python:
        found[TORCH_PLAIN] = command(torch_python, "torch", plain, kind, **sizes)
        found[GATHERED] = command(torch_python, "torch", model, kind, **sizes)
    return found


def over_plain(times: Mapping[str, Times]) -> dict[str, float]:
    """Return what each augmented side takes over the plain network of its own framework."""
    plains = {GATHERED: TORCH_PLAIN}
    augmented = [name for name in times if name not in (PLAIN, TORCH_PLAIN)]
    return {name: times[name].over(times[plains.get(name, PLAIN)]) for name in augmented}


def losing_lines(rows: Rows, much: float) -> list[str]:
    """Return a line for each loss: over ``much`` times the plain network, or slower than another form or PyTorch.

    A form is slower than another where its first quartile lies above the other's third.
    """
    return [f"{subject}: {loss}" for subject, times in rows.items() for loss in _losses(times, much)]


def _losses(times: Mapping[str, Times], much: float) -> Iterator[str]:
    heavy = [f"{name} {ratio:.2f}" for name, ratio in over_plain(times).items() if ratio > much]
    if heavy:
        yield f"over {much:g} times its plain: {', '.join(heavy)}"
    forms = [name for name in times if name in FORMS]
    rivals = [*permutations(forms, 2), *((form, GATHERED) for form in forms), (PLAIN, TORCH_PLAIN)]
    for one, other in rivals:
        if other in times and times[one].low > times[other].high:
            slow, quick = (_number(times[name].median, _digits(times[one])) for name in (one, other))
            yield f"{one} is slower than {other}: {slow} ms against {quick} ({times[one].over(times[other]):.2f})"


def times_table(rows: Rows) -> Table:
    """Return medians and quartiles."""
    names = list(next(iter(rows.values())))
    cells = [[*subject.cells(), *(_milliseconds(times[name]) for name in names)] for subject, times in rows.items()]
    return Table((*_HEAD, *(f"{name}, ms" for name in names)), cells, left=2)


def ratios_table(rows: Rows) -> Table:
    """Return what each side takes over its plain twin, and the multiply-accumulates of ours over the same.

    It counts, and so imports MindSpore: call it when everything is measured.
    """
    from benchmarks.arithmetic import count

    names = list(over_plain(next(iter(rows.values()))))
    forms = [name for name in names if name in FORMS]
    cells = []
    for subject, times in rows.items():
        counted = [count(subject.model, subject.kind, subject.size, {"shortcut.implementation": f}) for f in forms]
        plain = count(plain_twin(subject.model), subject.kind, subject.size, {})
        macs = [(own.executed, plain.executed) for own in counted] + [(counted[0].paper, plain.paper)]
        ratios = [f"{ratio:.2f}" for ratio in over_plain(times).values()]
        cells.append([*subject.cells(), *ratios, *(_macs(own, other) for own, other in macs)])
    heads = [*(f"{name}, time" for name in names), *(f"{form}, MACs" for form in forms), "paper's MACs"]
    return Table((*_HEAD, *heads), cells, left=2)


def torch_table(rows: Rows) -> Table:
    """Return what PyTorch's gathered form takes over each of ours, and the plain networks compared as images/s."""
    forms = [name for name in next(iter(rows.values())) if name in FORMS]
    cells = []
    for subject, times in rows.items():
        ratios = [*(times[GATHERED].over(times[form]) for form in forms), times[TORCH_PLAIN].over(times[PLAIN])]
        cells.append([*subject.cells(), *(f"{ratio:.2f}" for ratio in ratios)])
    heads = [*(f"{GATHERED} over {form}" for form in forms), "plain, images/s over PyTorch's"]
    return Table((*_HEAD, *heads), cells, left=2)


def body(rows: Rows, rounds: int, much: float) -> str:
    """Return all that is to be said, in Markdown."""
    parts = [f"Median (quartiles) of {rounds} turns, float32; a ratio is the median of those within a round."]
    parts += [times_table(rows).markdown()]
    parts += [
        "Over the plain twin in the same framework. Multiply-accumulates (MACs) are those of an image, forward; of a "
        "single shortcut, beside which x + y has none, millions.",
        ratios_table(rows).markdown(),
    ]
    if all(GATHERED in times for times in rows.values()):
        parts += ["Against PyTorch, above 1 where ours is faster.", torch_table(rows).markdown()]
    lines = losing_lines(rows, much) or ["nowhere"]
    return "\n\n".join([*parts, "Where a form loses:", "\n".join(f"- {line}" for line in lines)])


def _milliseconds(times: Times) -> str:
    """Return median and quartiles."""
    median, low, high = (_number(seconds, _digits(times)) for seconds in (times.median, times.low, times.high))
    return f"{median} ({low} to {high})"


def _digits(times: Times) -> int:
    return 1 if times.median >= _SHORT else 3


def _number(seconds: float, digits: int) -> str:
    return f"{1e3 * seconds:.{digits}f}"


def _macs(own: float, plain: float) -> str:
    return f"{own / plain:.3f}" if plain else f"{own / 1e6:#.3g} M"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="What augmented shortcuts cost over the plain network.")
    add = parser.add_argument
    add("--models", nargs="+", default=["augvit_ti", "augvit_s", "augvit_b"], help="registered augmented models")
    add("--kinds", nargs="+", default=_KINDS, choices=_KINDS, help="what to measure")
    add("--batches", nargs="+", type=positive, default=[8], help="images a pass")
    add("--image_sizes", nargs="+", type=positive, default=[224], help="pixels")
    add("--forms", nargs="+", default=list(FORMS), choices=FORMS, help="of the block-circulant product")
    add("--much", type=float, default=1.25, help="times the plain network that count as a loss")
    add_comparison(parser, 9, "turns")
    return parser


def main() -> None:
    """Measure row by row, and print Markdown tables and where a form loses."""
    args = _parser().parse_args()
    check_report_path(args.report)
    pythons = {"mindspore": sys.executable, **({"torch": args.torch_python} if args.torch_python else {})}
    about = versions(pythons)
    rows = {}
    for subject in (Subject(*row) for row in product(args.models, args.kinds, args.batches, args.image_sizes)):
        rows[subject] = processes_in_turn(sides(subject, args.forms, args.torch_python), args.rounds)
        shown = ", ".join(f"{name} {_milliseconds(times)}" for name, times in rows[subject].items())
        print(f"{subject}: {shown}", file=sys.stderr, flush=True)
    text = body(rows, args.rounds, args.much)
    print("\n".join(about), text, sep="\n\n")
    write_report(args.report, "What augmented shortcuts cost", about, text, sys.argv)


if __name__ == "__main__":
    run_door(main)
