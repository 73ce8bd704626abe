# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Kill trainings, damage their files, take the disk away, and see whether anything is lost.

    python benchmarks/fault_injection.py [--kills 200] [--jobs 2] [--seed 0] [key=value ...]

Trains a tiny Aug-ViT with the whole recipe, or as the settings say, on pictures made for it, undisturbed. Then the same
training is killed (KILL) at random moments and resumed until it ends, again and again; each end is compared with the
undisturbed one bit for bit: weights, averages, optimizer, metrics. Then a checkpoint is truncated at every 1000th byte,
and bits are flipped in it; and a training runs into a limit of the file size, as on a full disk.
"""

import argparse
import dataclasses
import json
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.options import positive
from src.checkpoint.record import Record, load_record
from src.errors import UserError
from src.logs import Progress

CONFIG = """\
model: {name: augvit_s, image_size: 16, patch_size: 8, embed_dim: 24, depth: 2, num_heads: 3, drop_path_rate: 0.3}
data:
  batch_size: 6
  eval_batch_size: 9
  interpolation: random
  auto_augment: rand-m9-mstd0.5-inc1
  mixup: 0.8
  cutmix: 1.0
  erase_prob: 0.25
  repeats: 3
optim: {lr: 1.0e-2, warmup_epochs: 0.5, ema_decay: 0.9, clip_norm: 5.0}
train: {epochs: 8, log_every: 1, checkpoint_every: 1, keep_checkpoints: 3}
"""
_POLL_SECONDS = 0.01
_STARTED = " parameters, "  # in the first line of the log of a training
_TIMED = "seconds"  # the only metric that may differ


@dataclasses.dataclass(frozen=True)
class Pace:
    """How many seconds an undisturbed training takes."""

    starting: float  # to its first step
    stepping: float  # from there to its end

    def moment(self, rng: random.Random) -> tuple[float, bool]:
        """Return a random moment: seconds, and whether after the first step, as one in four is not."""
        among_steps = rng.random() < 0.75  # the start takes most of the time, and has least to lose
        return rng.uniform(0, self.stepping if among_steps else self.starting), among_steps


class Victim:
    """A small training that can be run, killed and resumed."""

    def __init__(
        self,
        folder: Path,
        config: str = CONFIG,
        pictures: int = 8,
        settings: Sequence[str] = (),
        python: str = sys.executable,
    ) -> None:
        """Make pictures and a config in ``folder``: three classes of ``pictures`` each, and three to validate."""
        self.folder, self._settings, self._python = folder, settings, python
        draw = np.random.default_rng(7)
        for split, count in (("train", pictures), ("val", 3)):
            for channel, name in enumerate(("blue", "green", "red")):
                (folder / "data" / split / name).mkdir(parents=True)
                for i in range(count):
                    pixels = draw.integers(0, 60, (20 + i, 24, 3), dtype=np.uint8)
                    pixels[..., 2 - channel] += 180
                    Image.fromarray(pixels).save(folder / "data" / split / name / f"{i}.png")
        (folder / "config.yaml").write_text(config)

    def start(self, run: str, *more: str, **how: object) -> subprocess.Popen:
        """Start the training into the run folder ``run``, or go on with it."""
        command = [self._python, str(ROOT / "train.py"), "--config_path", str(self.folder / "config.yaml")]
        command += ["--data_path", str(self.folder / "data"), "--output_path", str(self.folder / run), "--resume"]
        command += ["--device_target", "CPU", *self._settings, *more]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        return subprocess.Popen(command, **pipes, **how)

    def finish(self, run: str, *more: str, **how: object) -> Pace:
        """Train to the end, and return how long it took.

        Raises:
            RuntimeError: it did not end well.
        """
        with self.start(run, *more, **how) as process:
            began = time.monotonic()
            self.wait_for_step(process, run)
            first_step = time.monotonic()
            rest = process.stdout.read()
        if process.returncode:
            raise RuntimeError(f"exit status {process.returncode}: {rest}")
        return Pace(first_step - began, time.monotonic() - first_step)

    def kill(self, run: str, delay: float, among_steps: bool) -> str:
        """Go on with a training, and kill it ``delay`` seconds after its first step, or after its start.

        Returns:
            Where it was then, or "finished".
        """
        with self.start(run) as process:
            if among_steps:
                self.wait_for_step(process, run)
            try:
                process.wait(delay)
            except subprocess.TimeoutExpired:
                process.kill()
            text = process.stdout.read()
        if process.returncode > 0:
            raise RuntimeError(f"exit status {process.returncode}: {text}")
        return "finished" if process.returncode == 0 else self.progress(run)

    def wait_for_step(self, process: subprocess.Popen, run: str) -> None:
        """Wait for the line that a step adds to the metrics, or for the end."""
        metrics = self.folder / run / "metrics.jsonl"
        wait_for(process, _STARTED)
        size = metrics.stat().st_size if metrics.exists() else 0
        while process.poll() is None and not (metrics.exists() and metrics.stat().st_size > size):
            time.sleep(_POLL_SECONDS)

    def progress(self, run: str) -> str:
        """Return what stood there when it was killed."""
        folder = self.folder / run
        if any(folder.glob(".*.tmp")) or any(folder.glob(".*.ckpt")):
            return "while a checkpoint was written"
        return "with a checkpoint" if (folder / "last.ckpt").exists() else "before the first checkpoint"


def outcome(folder: Path) -> tuple[Record, list[dict]]:
    """Return the last record and the metrics of a run folder, but for the times."""
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    metrics = [{k: v for k, v in json.loads(line).items() if k != _TIMED} for line in lines]
    return load_record(folder / "last.ckpt"), metrics


def wait_for(process: subprocess.Popen, word: str) -> None:
    """Read what a process prints up to the line that holds ``word``."""
    printed = []
    for line in process.stdout:
        printed.append(line)
        if word in line:
            return
    raise RuntimeError("".join(printed))


def differences(one: tuple[Record, list[dict]], other: tuple[Record, list[dict]]) -> list[str]:
    """Return the names of what differs between two outcomes, in any bit; the configs may."""
    (left, left_metrics), (right, right_metrics) = one, other
    found = list(left.tensors.keys() ^ right.tensors.keys())
    found += [
        name
        for name in left.tensors.keys() & right.tensors.keys()
        if left.tensors[name].tobytes() != right.tensors[name].tobytes()
    ]
    one_said, other_said = (dataclasses.replace(record.description, config={}) for record in (left, right))
    found += ["description"] * (one_said != other_said)
    return found + ["metrics"] * (left_metrics != right_metrics)


def kill_until_done(victim: Victim, run: str, pace: Pace, rng: random.Random, most: int) -> Counter:
    """Kill and resume a training until it ends, at most ``most`` times; return where it was each time."""
    places: Counter = Counter()
    while places.total() < most:
        place = victim.kill(run, *pace.moment(rng))
        if place == "finished":
            return places
        places[place] += 1
    victim.finish(run)
    return places


def truncated(record: bytes, path: Path) -> Counter:
    """Cut a record off at every 1000th byte, and return what reading it says."""
    return Counter(_read(record[:size], path) for size in range(0, len(record), 1000))


def flipped(record: bytes, path: Path, count: int, rng: random.Random) -> Counter:
    """Flip one bit of a record, ``count`` times, and return what reading it says."""
    answers: Counter = Counter()
    for _ in range(count):
        damaged = bytearray(record)
        damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
        answers[_read(bytes(damaged), path)] += 1
    return answers


def _read(content: bytes, path: Path) -> str:
    path.write_bytes(content)
    try:
        load_record(path)
    except UserError:
        return "refused"
    return "TAKEN FOR GOOD"


def limit_file_size(size: int) -> Callable[[], None]:
    """Return what makes every write beyond ``size`` bytes of a file fail, as on a full disk."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def stop(victim: Victim, run: str, number: int) -> tuple[int, str]:
    """Go on with a training, send it a signal after its next epoch, and return its exit status and what it said."""
    with victim.start(run) as process:
        wait_for(process, "/8  loss")  # the line of an epoch's end, not of its progress
        process.send_signal(number)
        said = process.stdout.read()
    return process.returncode, said


def run_into_full_disk(victim: Victim, run: str) -> list[str]:
    """Let a training that was stopped run out of room for its checkpoints, and return what is wrong then."""
    folder = victim.folder / run
    size, before = (folder / "last.ckpt").stat().st_size, (folder / "last.ckpt").read_bytes()
    with victim.start(run, preexec_fn=limit_file_size(size // 2)) as process:
        said = process.stdout.read().strip().splitlines()[-1]
    lost = [] if process.returncode == 2 and "could not be written" in said else [f"exit {process.returncode}: {said}"]
    lost += [] if (folder / "last.ckpt").read_bytes() == before else ["last.ckpt is another"]
    return lost + [f"left {path.name}" for path in folder.glob(".*")]


def main() -> None:
    """Inject the faults and print what came of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=positive, default=200, help="how often trainings are killed in all")
    parser.add_argument("--jobs", type=positive, default=2, help="trainings at a time")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("settings", nargs="*", metavar="key=value", help="settings of the training")
    args = parser.parse_intermixed_args()
    with tempfile.TemporaryDirectory() as folder:
        victim = Victim(Path(folder), settings=args.settings)
        pace = victim.finish("whole")
        whole = outcome(victim.folder / "whole")
        print(f"undisturbed: step {whole[0].description.step} after {pace.starting:.1f} + {pace.stepping:.1f} s")
        places, runs, lost = kill_often(victim, whole, pace, args.kills, args.jobs, args.seed)
        print(f"killed {places.total()} times in {runs} trainings: {dict(places)}; differences at the end: {lost}")
        record, rng = (victim.folder / "whole" / "last.ckpt").read_bytes(), random.Random(args.seed)
        print(f"truncated at every 1000th of {len(record)} bytes: {dict(truncated(record, Path(folder) / 'a.ckpt'))}")
        print(f"one bit flipped: {dict(flipped(record, Path(folder) / 'a.ckpt', 2000, rng))}")
        stop(victim, "full", signal.SIGTERM)
        lost = run_into_full_disk(victim, "full")
        victim.finish("full")
        lost += differences(outcome(victim.folder / "full"), whole)
        print(f"full disk: {lost or 'nothing lost'}")


def kill_often(
    victim: Victim, whole: tuple[Record, list[dict]], pace: Pace, kills: int, jobs: int, seed: int
) -> tuple[Counter, int, int]:
    """Return where ``kills`` kills came, in how many trainings, and how many of these ended differently."""
    places: Counter = Counter()
    progress, runs, lost = Progress("kills", kills), 0, 0

    def job(number: int) -> tuple[Counter, list[str]]:
        rng = random.Random(seed * 1000 + number)
        killed = kill_until_done(victim, f"run{number}", pace, rng, max(1, (kills - places.total()) // jobs))
        return killed, differences(outcome(victim.folder / f"run{number}"), whole)

    with ThreadPoolExecutor(jobs) as pool:
        while places.total() < kills:
            for killed, differing in pool.map(job, range(runs, runs + jobs)):
                places += killed
                lost += bool(differing)
                progress.advance(killed.total(), "kills", str(differing or ""))
            runs += jobs
    progress.close()
    return places, runs, lost


if __name__ == "__main__":
    main()
