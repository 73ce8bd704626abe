# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Two ranks against one on the CPU: how much their trainings differ, and how much faster two are.

    python benchmarks/ranks.py --data_path PICTURES [--model augvit_ti] [--rounds 2]

The same training, global batch 16, by one process and by two of batch 8, in turn: crops, RandAugment, erasing and
stochastic depth are on, mixing is off, because it mixes within the batch of a rank. PICTURES holds a folder a class;
96 pictures of it are used. The speed is that of the epochs after the first, in which the step is compiled.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.options import positive
from benchmarks.turns import machine
from src.checkpoint.record import load_record

CONFIG = """model: {{name: {model}, drop_path_rate: 0.1}}
data: {{workers: 1, interpolation: random, auto_augment: rand-m9-mstd0.5-inc1, erase_prob: 0.25, repeats: 3}}
optim: {{warmup_epochs: 1, ema_decay: 0.9}}
train: {{epochs: 4, log_every: 1}}
"""
_TRAIN, _VAL = 96, 2  # pictures


def link_pictures(source: Path, target: Path) -> None:
    """Make a data set of the first pictures of ``source``."""
    files = sorted(path for folder in sorted(source.iterdir()) for path in folder.iterdir())[:_TRAIN]
    for split, some in (("train", files), ("val", files[:_VAL])):
        for file in some:
            folder = target / split / file.parent.name
            folder.mkdir(parents=True, exist_ok=True)
            (folder / file.name).symlink_to(file.resolve())


def prepare(desk: Path, pictures: Path, model: str) -> None:
    """Put the data set and the config of a registered model into the folder that trainings run in."""
    link_pictures(pictures, desk / "data")
    (desk / "config.yaml").write_text(CONFIG.format(model=model))


def train(desk: Path, name: str, ranks: int) -> float:
    """Train on so many ranks into the run folder ``name``, and return the pictures a second."""
    shutil.rmtree(desk / name, ignore_errors=True)
    flags = ["--config_path", "config.yaml", "--data_path", "data", "--output_path", name]
    more = [*flags, f"data.batch_size={16 // ranks}"]
    command = [sys.executable, str(ROOT / "train.py"), *more, "--device_target", "CPU"]
    if ranks > 1:
        command = [sys.executable, str(ROOT / "tools" / "launch.py"), "CPU", str(ranks), "train.py", *more]
    subprocess.run(command, cwd=desk, check=True, stdout=subprocess.DEVNULL, env=dict(os.environ))
    seconds = [line["seconds"] for line in read_metrics(desk / name, "epoch")[1:]]
    return _TRAIN / statistics.median(seconds)


def read_metrics(folder: Path, kind: str) -> list[dict]:
    """Return the lines of one kind of a run's metrics."""
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [line for line in lines if line["kind"] == kind]


def differences(one: Path, two: Path) -> str:
    """Return the largest differences of losses and parameters of two runs, in words."""
    losses = [[line["loss"] for line in read_metrics(folder, "step")] for folder in (one, two)]
    left, right = (load_record(folder / "last.ckpt").weights for folder in (one, two))
    apart = {name: np.abs(value - right[name]) for name, value in left.items()}
    # softmax does not see the key part of these biases: its gradient is zero but for noise, of which Adam makes steps
    biases = {name: apart.pop(name).reshape(3, -1) for name in list(apart) if name.endswith("qkv.bias")}
    seen = max(float(each.max()) for each in (*apart.values(), *(bias[[0, 2]] for bias in biases.values())))
    unseen = max(float(bias[1].max()) for bias in biases.values())
    losses_apart = float(np.abs(np.subtract(*losses)).max())
    return f"losses {losses_apart:.1e}, parameters {seen:.1e}, key part of the qkv biases {unseen:.1e}"


def main() -> None:
    """Train in turn, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data_path", required=True, help="a folder of class folders")
    parser.add_argument("--model", default="augvit_ti", help="a registered model")
    parser.add_argument("--rounds", type=positive, default=2, help="trainings of each kind")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        desk = Path(folder)
        prepare(desk, Path(args.data_path), args.model)
        speeds = [(train(desk, "one", 1), train(desk, "two", 2)) for _ in range(args.rounds)]
        one, two = (statistics.median(each) for each in zip(*speeds, strict=True))
        print(f"{machine()}; {args.model}, 224 pixels, global batch 16")
        print(f"pictures/s: {one:.2f} by one rank, {two:.2f} by two, ratio {two / one:.2f}")
        print(f"after {len(read_metrics(desk / 'one', 'step'))} steps: {differences(desk / 'one', desk / 'two')}")


if __name__ == "__main__":
    main()
