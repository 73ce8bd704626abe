# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The log and the progress line, on a terminal and in a file."""

import io
import logging
import re

import pytest

from src import logs
from src.logs import Progress, duration, get_logger, start_logging


class Terminal(io.StringIO):
    """A stream that says it is a terminal, and what a person sees in its last line."""

    def isatty(self):
        return True

    def seen(self):
        line = ""
        for part in self.getvalue().split("\r"):
            line = part + line[len(part) :]
        return line.rstrip()


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until it is set."""
    now = [100.0]
    monkeypatch.setattr(logs.time, "monotonic", lambda: now[0])

    def move(seconds):
        now[0] += seconds

    return move


@pytest.fixture
def quiet_log():
    """Put the project's log back as it was."""
    root = logging.getLogger("augvit")
    before = (root.level, root.propagate, list(root.handlers))
    root.handlers.clear()
    yield
    for handler in root.handlers:
        handler.close()
    root.level, root.propagate, root.handlers = before


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0:00"),
        (-3, "0:00"),
        (59.4, "0:59"),
        (59.6, "1:00"),
        (125, "2:05"),
        (3599.7, "1:00:00"),
        (36061, "10:01:01"),
    ],
)
def test_duration(seconds, text):
    assert duration(seconds) == text


def test_a_terminal_line_is_rewritten_in_place(clock):
    stream = Terminal()
    progress = Progress("epoch 1", 400, stream)
    clock(10)
    progress.advance(100, "images", "a long text between")
    assert stream.seen() == "epoch 1 100/400  a long text between  10.0 images/s  0:30 left"
    clock(10)
    progress.advance(100, "images")
    assert stream.seen() == "epoch 1 200/400  10.0 images/s  0:20 left"
    assert "\n" not in stream.getvalue()
    progress.close()
    assert stream.seen() == ""
    assert stream.getvalue().endswith("\r")


def test_a_terminal_is_rewritten_at_most_twice_a_second(clock):
    stream = Terminal()
    progress = Progress("eval", 10, stream)
    for _ in range(10):
        clock(0.2)
        progress.advance(1, "images")
    assert stream.getvalue().count("\r") == 3  # after 0.6, 1.2 and 1.8 seconds


def test_a_file_gets_plain_lines_ten_seconds_apart(clock):
    stream = io.StringIO()
    progress = Progress("eval", 40, stream)
    for _ in range(40):
        clock(1)
        progress.advance(1, "images")
    progress.close()
    lines = stream.getvalue().split("\n")
    assert lines == [
        "eval 10/40  1.0 images/s  0:30 left",
        "eval 20/40  1.0 images/s  0:20 left",
        "eval 30/40  1.0 images/s  0:10 left",
        "eval 40/40  1.0 images/s  0:00 left",
        "",
    ]


def test_what_comes_later_counts_for_the_time_left(clock):
    stream = Terminal()
    progress = Progress("epoch 1", 100, stream)
    clock(10)
    progress.advance(50, "images", later=7200 * 5)
    assert stream.seen().endswith("5.0 images/s  2:00:10 left")


def test_short_work_writes_nothing(clock):
    stream = Terminal()
    progress = Progress("eval", 1, stream)
    clock(0.1)
    progress.advance(1, "images")
    progress.close()
    assert stream.getvalue() == ""


@pytest.mark.usefixtures("quiet_log")
def test_the_log_goes_to_standard_output_and_with_times_to_a_file(tmp_path, capsys):
    file = tmp_path / "train.log"
    file.write_text("before\n", encoding="utf-8")
    start_logging()
    start_logging(file)  # a second start does not write lines twice
    get_logger("src.here").info("42 % of é")
    get_logger("src.here").debug("not of interest")
    assert capsys.readouterr() == ("42 % of é\n", "")
    before, line = file.read_text(encoding="utf-8").splitlines()
    assert before == "before"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d INFO 42 % of é", line)


@pytest.mark.usefixtures("quiet_log")
def test_a_new_start_leaves_the_old_file(tmp_path):
    start_logging(tmp_path / "first.log")
    start_logging(tmp_path / "second.log")
    get_logger("src.here").info("once")
    assert (tmp_path / "first.log").read_text(encoding="utf-8") == ""
    assert (tmp_path / "second.log").read_text(encoding="utf-8").endswith("INFO once\n")
