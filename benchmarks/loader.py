# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Training pictures a second with the whole recipe, in turn with the code of before and with timm's own loader.

    python benchmarks/loader.py --data_path PICTURES [--before FOLDER] [--timm_python PYTHON] [--rounds 9]

PICTURES holds a folder a class, FOLDER another state of this project, whose own copy of this program is run. Once on
one core, which gives pictures a second a core, and once on two. A turn is a pass over the pictures, three times each so
that begin and end of a pass weigh less, in batches of 128: read, decoded, cropped, flipped, RandAugment, mixed,
normalised and erased. timm's loader runs with a worker process a core, as its training script does, and also without
one. What is not given is not measured.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.options import positive
from benchmarks.turns import Times, in_turn, machine, process, take_turns, timed

_ROOT = Path(__file__).resolve().parents[1]
_BATCH, _SIZE, _CLASSES = 128, 224, 1000
_COPIES = 3
_POLICY = "rand-m9-mstd0.5-inc1"


def our_pass(path: str, workers: int) -> tuple[Callable[[], object], int]:
    """Return what passes once over the pictures with our loader, and how many it reads."""
    import numpy as np

    from src.config import Config, DataConfig, TrainConfig
    from src.data.loader import TrainLoader
    from src.data.sources import open_source
    from src.distributed import ALONE
    from src.preprocessing import Preprocessing

    data = DataConfig(
        batch_size=_BATCH,
        workers=workers,
        interpolation="random",
        auto_augment=_POLICY,
        mixup=0.8,
        cutmix=1.0,
        erase_prob=0.25,
    )
    source = open_source(path, "train")
    labels = np.arange(len(source.classes), dtype=np.int32)
    config = Config(data=data, train=TrainConfig(label_smoothing=0.1))
    loader = TrainLoader(source, labels, _CLASSES, config, Preprocessing(size=_SIZE), ALONE)
    return lambda: sum(len(batch.images) for epoch in loader.epochs(0, 1) for batch in epoch), len(source)


def timm_pass(path: str, workers: int) -> tuple[Callable[[], object], int]:
    """Return the same of timm's."""
    import torch
    from timm.data import ImageDataset, create_loader
    from timm.data.mixup import FastCollateMixup

    from benchmarks.timm_repair import let_posterize_keep_no_bits

    let_posterize_keep_no_bits()
    dataset = ImageDataset(path)
    loader = create_loader(
        dataset,
        _SIZE,
        _BATCH,
        is_training=True,
        auto_augment=_POLICY,
        interpolation="random",
        re_prob=0.25,
        re_mode="pixel",
        num_workers=workers,
        collate_fn=FastCollateMixup(0.8, 1.0, label_smoothing=0.1, num_classes=_CLASSES),
        device=torch.device("cpu"),
        persistent_workers=workers > 0,
    )
    return lambda: sum(len(images) for images, _ in loader), len(dataset)


def link_copies(source: Path, target: Path) -> None:
    """Make a data set in which each picture of ``source`` stands several times."""
    for file in (file for folder in source.iterdir() for file in folder.iterdir()):
        folder = target / file.parent.name
        folder.mkdir(exist_ok=True)
        for copy in range(_COPIES):
            (folder / f"{copy}_{file.name}").symlink_to(file.resolve())


def take_side(side: str, path: str, workers: int, cores: int) -> None:
    """Be one side, on so many cores: for each line on standard input, pass once and print the seconds a picture."""
    os.sched_setaffinity(0, set(range(cores)))
    work, count = {"ours": our_pass, "timm": timm_pass}[side](path, workers)
    pictures = count // _BATCH * _BATCH
    take_turns(lambda: timed(work)() / pictures)


def compare(path: str, cores: int, args: argparse.Namespace) -> str:
    """Return the row of so many cores."""

    def command(python: str, root: Path, side: str, workers: int) -> list[str]:
        program = str(root / "benchmarks" / "loader.py")
        return [python, program, "--data_path", path, "--side", side, str(workers), str(cores)]

    commands = {"ours": command(sys.executable, _ROOT, "ours", cores)}
    if args.before:
        commands["before"] = command(sys.executable, Path(args.before).resolve(), "ours", cores)
    if args.timm_python:
        commands["timm"] = command(args.timm_python, _ROOT, "timm", cores)
        commands["alone"] = command(args.timm_python, _ROOT, "timm", 0)
    with ExitStack() as stack:
        times = in_turn({name: stack.enter_context(process(c)) for name, c in commands.items()}, args.rounds, warm_up=1)
    cells = [f"{cores}", f"{1 / times['ours'].median:.0f}"]
    for other in ("before", "timm", "alone"):
        cells += _compared(times["ours"], times[other]) if other in times else ["not measured", ""]
    return f"| {' | '.join(cells)} |"


def _compared(ours: Times, other: Times) -> list[str]:
    """Return pictures a second of the other side, and how many times as many ours reads."""
    return [f"{1 / other.median:.0f}", f"{other.over(ours):.2f}"]


def main() -> None:
    """Print a Markdown table of pictures a second and ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data_path", required=True, help="a folder of class folders")
    parser.add_argument("--before", help="a folder with the project as it was, to compare with")
    parser.add_argument("--timm_python", help="an interpreter that has timm; without it timm is left out")
    parser.add_argument("--rounds", type=positive, default=9, help="turns of each side")
    parser.add_argument("--side", nargs=3, help=argparse.SUPPRESS)  # of the processes started here
    args = parser.parse_args()
    if args.side:
        side, workers, cores = args.side
        take_side(side, args.data_path, int(workers), int(cores))
        return
    print(f"{machine()}; {_SIZE} pixels, batch {_BATCH}, {_POLICY}, median of {args.rounds}")
    print("\n| cores | ours, pictures/s | before | ratio | timm | ratio | timm without workers | ratio |")
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        link_copies(Path(args.data_path), Path(folder))
        for cores in (1, 2):
            print(compare(folder, cores, args), flush=True)


if __name__ == "__main__":
    main()
