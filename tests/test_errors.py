# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""How a door ends: one line and status 2 for the user's mistakes, a traceback and status 1 for the program's."""

import subprocess
import sys
from pathlib import Path

import pytest

from src.errors import UserError, did_you_mean, run_door

ROOT = Path(__file__).resolve().parents[1]


def end(body):
    """Run a door whose main function has this body; return its exit status and what stands on standard error."""
    program = f"from src.errors import UserError, run_door\ndef main():\n    {body}\nrun_door(main)\n"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


def test_a_mistake_of_the_user_is_one_line_and_status_2():
    assert end("raise UserError('data.flip=2: must lie in [0, 1]')") == (2, "error: data.flip=2: must lie in [0, 1]\n")


def test_an_interrupt_is_status_130_without_a_traceback():
    assert end("raise KeyboardInterrupt") == (130, "interrupted\n")


def test_a_fault_of_the_program_keeps_its_traceback_and_status_1():
    status, text = end("raise RuntimeError('a fault')")
    assert status == 1
    assert text.startswith("Traceback (most recent call last)")
    assert text.endswith("RuntimeError: a fault\n")


def test_work_that_is_done_is_status_0():
    assert end("pass") == (0, "")


def test_run_door_calls_main_and_leaves_other_errors_alone(capsys):
    called = []
    run_door(lambda: called.append(1))
    assert called == [1]

    def wrong():
        raise KeyError("x")

    with pytest.raises(KeyError):
        run_door(wrong)
    assert capsys.readouterr().err == ""


def test_a_user_error_leaves_as_exit_status_2_within_a_process(capsys):
    def wrong():
        raise UserError("no such file")

    with pytest.raises(SystemExit) as caught:
        run_door(wrong)
    assert caught.value.code == 2
    assert capsys.readouterr() == ("", "error: no such file\n")


@pytest.mark.parametrize(
    ("word", "known", "said"),
    [
        ("augvit_sm", ["deit_s", "augvit_b", "augvit_s"], "; did you mean augvit_s, augvit_b?"),
        ("zzz", ["b", "a"], "; known: a, b"),
        ("zzz", [], "; known: none"),
    ],
)
def test_near_words_are_offered_and_all_where_none_is_near(word, known, said):
    assert did_you_mean(word, known) == said
