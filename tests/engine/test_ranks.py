# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Training and evaluation on several ranks, through the scripts: the same as on one, and resumed."""

import json
import os
import shutil
import signal
import subprocess

import numpy as np
import pytest

from benchmarks.fault_injection import Victim, differences, outcome
from src.checkpoint.record import load_record
from src.config import load_config
from src.engine.train import train
from src.errors import UserError
from tests.conftest import ROOT, free_port

pytestmark = pytest.mark.skipif(shutil.which("msrun") is None, reason="msrun is not on the path")

# everything that is drawn for a picture, and nothing that is drawn for a batch; two broken pictures
CONFIG = """\
model: {name: augvit_s, image_size: 16, patch_size: 8, embed_dim: 24, depth: 2, num_heads: 3, drop_path_rate: 0.3}
data:
  eval_batch_size: 2
  interpolation: random
  auto_augment: rand-m9-mstd0.5-inc1
  erase_prob: 0.5
  repeats: 3
  on_error: skip
optim: {lr: 1.0e-3, warmup_epochs: 0.5, ema_decay: 0.9, clip_norm: 1.0}
train: {epochs: 4, log_every: 1, checkpoint_every: 1}
"""
BROKEN = ("train/green/3.png", "train/red/11.png")


@pytest.fixture(scope="module")
def desk(tmp_path_factory, forks):
    """A folder with 48 training and 9 validation pictures, two of the former broken."""
    folder = tmp_path_factory.mktemp("desk")
    Victim(folder, CONFIG, pictures=16)
    (folder / "bin").symlink_to(forks)
    for name in BROKEN:
        (folder / "data" / name).write_text("no picture")
    return folder


def start(desk, script, *arguments):
    command = ["bash", str(ROOT / "scripts" / script), *map(str, arguments)]
    environment = {**os.environ, "PATH": f"{desk / 'bin'}:{os.environ['PATH']}", "MASTER_PORT": str(free_port())}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, cwd=desk, env=environment, **pipes)


def run(desk, script, *arguments):
    process = start(desk, script, *arguments)
    out, err = process.communicate(timeout=200)
    assert process.returncode == 0, err
    return out


def on_two_ranks(output):
    return ("run_distribute_train.sh", "CPU", 2, "data", "config.yaml", "--output_path", output, "data.batch_size=8")


@pytest.fixture(scope="module")
def two(desk):
    """The folder of a run of two ranks with 8 pictures each."""
    run(desk, *on_two_ranks("two"))
    return desk / "two"


@pytest.fixture(scope="module")
def one(desk):
    """The folder of a run of one rank with 16 pictures."""
    train(load_config(desk / "config.yaml", [f"data.path={desk / 'data'}", "data.batch_size=16"]), desk / "one")
    return desk / "one"


def metrics(folder, kind):
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [line for line in lines if line["kind"] == kind]


def test_two_ranks_train_as_one(one, two):
    ours, theirs = metrics(one, "step"), metrics(two, "step")
    assert len(ours) == len(theirs) == 12
    for left, right in zip(ours, theirs, strict=True):
        assert left["lr"] == right["lr"]
        assert left["loss"] == pytest.approx(right["loss"], abs=1e-5)
    for left, right in zip(metrics(one, "epoch"), metrics(two, "epoch"), strict=True):
        for key in ("train_top1", "val_top1", "val_top5", "ema_top1"):
            assert left[key] == right[key]
    left, right = (load_record(folder / "last.ckpt") for folder in (one, two))
    assert left.tensors.keys() == right.tensors.keys()
    for name, value in left.tensors.items():
        np.testing.assert_allclose(right.tensors[name], value, rtol=0, atol=1e-5, err_msg=name)


def test_pictures_that_cannot_be_read_are_named_alike(one, two):
    names = (one / "skipped.txt").read_text()
    assert (two / "skipped.txt").read_text() == names
    assert names.splitlines() == [name.removeprefix("train/") for name in BROKEN]


def test_another_number_of_ranks_is_refused(desk, two):
    shutil.copytree(two, desk / "other")
    config = load_config(desk / "config.yaml", [f"data.path={desk / 'data'}", "data.batch_size=8"])
    with pytest.raises(UserError, match=r"--resume: .*ranks: 2 then, 1 now; --allow_changes accepts that"):
        train(config, desk / "other", resume=True)


def test_two_ranks_resume_to_the_last_bit(desk, two):
    with start(desk, *on_two_ranks("again")) as process:
        for line in process.stdout:
            if line.startswith("epoch 1/4  loss"):  # the line of its end, not of its progress
                process.send_signal(signal.SIGTERM)
    assert process.returncode == 143
    stopped = load_record(desk / "again" / "last.ckpt").description
    assert 3 <= stopped.step < 12
    run(desk, *on_two_ranks("again"), "--resume", "data.workers=1")
    assert differences(outcome(desk / "again"), outcome(two)) == []


@pytest.mark.parametrize("ranks", [2, 3])
def test_every_picture_is_evaluated_once_on_any_number_of_ranks(desk, two, ranks):
    """9 pictures in batches of 2: with 2 ranks one has more, with 3 all have two batches, one of them not full."""
    report = f"eval{ranks}.json"
    run(desk, "run_distribute_eval.sh", "CPU", ranks, "data", "two/best.ckpt", "--report", report, "--batch_size", "2")
    found = json.loads((desk / report).read_text())
    if not (desk / "eval1.json").exists():
        run(desk, "run_eval.sh", "CPU", 0, "data", "two/best.ckpt", "--report", "eval1.json")
    alone = json.loads((desk / "eval1.json").read_text())
    assert found["pictures"] == alone["pictures"] == 9
    for key in ("top1", "top5"):
        assert found[key] == alone[key]


def test_a_mistake_stops_a_job_before_it_starts(desk):
    process = start(desk, *on_two_ranks("wrong"), "optim.learnrate=1")
    out, err = process.communicate()
    assert process.returncode == 2
    assert err.startswith("error: optim.learnrate: no such key; ")
    assert err.count("\n") == 1
    assert "ranks" not in out
    assert not (desk / "wrong").exists()
