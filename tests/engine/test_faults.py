# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Trainings that are killed at random moments, and run out of disk: nothing is lost."""

import signal

import pytest

from benchmarks.fault_injection import Victim, differences, kill_often, outcome, run_into_full_disk, wait_for
from src.checkpoint.record import load_record

KILLS = 6  # `python benchmarks/fault_injection.py` does 200


@pytest.fixture(scope="module")
def victim(tmp_path_factory):
    return Victim(tmp_path_factory.mktemp("victim"))


@pytest.fixture(scope="module")
def whole(victim):
    """(the pace of an undisturbed run, its outcome)."""
    pace = victim.finish("whole")
    return pace, outcome(victim.folder / "whole")


def test_a_run_that_is_killed_again_and_again_ends_as_if_it_never_was(victim, whole):
    pace, undisturbed = whole
    places, _, lost = kill_often(victim, undisturbed, pace, KILLS, jobs=2, seed=0)
    assert places.total() >= KILLS
    assert places["with a checkpoint"] + places["while a checkpoint was written"] > KILLS // 4
    assert lost == 0


def test_a_full_disk_takes_nothing_away(victim, whole):
    assert run_into_full_disk(victim, "full", whole[1]) == []


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_finishes_the_step_and_leaves_a_checkpoint(victim, whole, number, status):
    run = f"signal{status}"
    with victim.start(run) as process:
        wait_for(process, "epoch 1/8  loss")  # the line of its end, not of its progress
        process.send_signal(number)
        said = process.stdout.read()
    assert process.returncode == status
    step = load_record(victim.folder / run / "last.ckpt").description.step
    assert 4 <= step < 32
    assert f"last.ckpt: epoch {step // 4}, step {step}; --resume goes on from there\n" in said
    assert said.endswith(f"stopped by {number.name}\n")
    victim.finish(run)
    assert differences(outcome(victim.folder / run), whole[1]) == []
