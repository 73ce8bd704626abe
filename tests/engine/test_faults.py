# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Trainings that are killed at random moments, and run out of disk: nothing is lost."""

import signal

import pytest

from benchmarks.fault_injection import Victim, differences, kill_often, outcome, run_into_full_disk, stop
from src.checkpoint.record import load_record

KILLS = 6  # `python benchmarks/fault_injection.py` does 200


@pytest.fixture(scope="module")
def victim(tmp_path_factory, forks):
    return Victim(tmp_path_factory.mktemp("victim"), python=str(forks / "python"))


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


@pytest.fixture(scope="module")
def stopped(victim):
    """What came of a training that got TERM, then had no room on the disk, then got INT, and then went to its end."""
    found = {signal.SIGTERM: (*stop(victim, "stopped", signal.SIGTERM), present_step(victim))}
    found["full disk"] = run_into_full_disk(victim, "stopped")
    found[signal.SIGINT] = (*stop(victim, "stopped", signal.SIGINT), present_step(victim))
    victim.finish("stopped")
    return found


def present_step(victim):
    return load_record(victim.folder / "stopped" / "last.ckpt").description.step


def test_a_full_disk_takes_nothing_away(stopped):
    assert stopped["full disk"] == []


@pytest.mark.parametrize(("number", "status", "first"), [(signal.SIGTERM, 143, 4), (signal.SIGINT, 130, 8)])
def test_a_signal_finishes_the_step_and_leaves_a_checkpoint(stopped, number, status, first):
    found, said, step = stopped[number]
    assert found == status
    assert first <= step < 32
    assert f"last.ckpt: epoch {step // 4}, step {step}; --resume goes on from there\n" in said
    assert said.endswith(f"stopped by {number.name}\n")


def test_a_run_that_was_stopped_ends_as_if_it_never_was(victim, whole, stopped):
    assert differences(outcome(victim.folder / "stopped"), whole[1]) == []
