# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The last few records of a run: which stay, and what is taken when one is damaged."""

import contextlib
import logging
import os

import numpy as np
import pytest

from src.checkpoint import history
from src.checkpoint.history import load_newest, remove_partial_files, save_newest
from src.checkpoint.record import Description, Record, load_record
from src.errors import UserError


def record_of(step):
    return Record(Description(model="deit_s", step=step), {"weight": np.full((3, 2), step, np.float32)})


def steps(folder):
    """Return the step of each record in a folder, by name."""
    return {path.name: load_record(path).description.step for path in sorted(folder.glob("*.ckpt"))}


def saved(folder, count, keep):
    for step in range(1, count + 1):
        save_newest(folder / "last.ckpt", record_of(step), keep)
    return folder / "last.ckpt"


@pytest.mark.parametrize("links", [True, False])
@pytest.mark.parametrize(
    ("keep", "left"),
    [
        (1, {"last.ckpt": 5}),
        (2, {"last-1.ckpt": 4, "last.ckpt": 5}),
        (3, {"last-1.ckpt": 4, "last-2.ckpt": 3, "last.ckpt": 5}),
    ],
)
def test_the_last_few_stay(tmp_path, keep, left, links, monkeypatch):
    if not links:
        monkeypatch.setattr(os, "link", _no_links)
    saved(tmp_path, 5, keep)
    assert steps(tmp_path) == left
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(left)


def _no_links(*_):
    raise OSError("no links here")


def test_fewer_are_kept_when_that_is_asked_for(tmp_path):
    path = saved(tmp_path, 5, 4)
    save_newest(path, record_of(6), 2)
    assert steps(tmp_path) == {"last-1.ckpt": 5, "last.ckpt": 6}


def test_the_newest_is_loaded(tmp_path):
    path = saved(tmp_path, 3, 3)
    assert load_newest(path).description.step == 3
    assert steps(tmp_path) == {"last-1.ckpt": 2, "last-2.ckpt": 1, "last.ckpt": 3}


def test_there_may_be_none(tmp_path):
    assert load_newest(tmp_path / "last.ckpt") is None


def test_a_damaged_one_is_put_aside_and_the_one_before_it_taken(tmp_path, caplog):
    path = saved(tmp_path, 3, 3)
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    path.write_bytes(damaged)
    with caplog.at_level(logging.WARNING, "augvit"):
        assert load_newest(path).description.step == 2
    assert f"checkpoint {path}: damaged" in caplog.text
    assert "put aside as last.damaged, taking the record before it" in caplog.text
    assert (tmp_path / "last.damaged").read_bytes() == damaged
    save_newest(path, record_of(4), 3)
    assert steps(tmp_path) == {"last-1.ckpt": 2, "last-2.ckpt": 1, "last.ckpt": 4}


def test_all_damaged_is_an_error_that_names_them(tmp_path):
    path = saved(tmp_path, 2, 2)
    for file in tmp_path.iterdir():
        file.write_bytes(b"")
    with pytest.raises(UserError, match=r"last\.ckpt: .*last-1\.ckpt: "):
        load_newest(path)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["last-1.ckpt", "last.ckpt"]


def test_a_save_that_stops_anywhere_leaves_a_whole_record(tmp_path, monkeypatch):
    """Whatever the last operation on the file system is, last.ckpt is the old record or the new one."""
    path = saved(tmp_path, 3, 3)
    for calls in range(12):
        stop = _stop_after(calls)
        with contextlib.suppress(KeyboardInterrupt):
            save_newest(path, record_of(10 + calls), 3)
        stop.undo()
        assert load_record(path).description.step in (3, *range(10, 11 + calls))
    assert stop_count(monkeypatch, path) > 4  # so many operations there are to stop at


def _stop_after(calls):
    """Let the process die at one of the operations that change names."""
    left = iter(range(calls))
    patch = pytest.MonkeyPatch()
    for name in ("link", "replace"):
        whole = getattr(os, name)

        def operation(*arguments, whole=whole):
            if next(left, None) is None:
                raise KeyboardInterrupt
            return whole(*arguments)

        patch.setattr(os, name, operation)
    return patch


def stop_count(monkeypatch, path):
    """Return how many operations a save is made of."""
    calls = []
    for name in ("link", "replace"):
        whole = getattr(os, name)
        monkeypatch.setattr(os, name, lambda *a, whole=whole: (calls.append(a), whole(*a))[1])
    save_newest(path, record_of(99), 3)
    return len(calls)


def test_a_failed_write_leaves_what_stood_there(tmp_path, monkeypatch):
    path = saved(tmp_path, 3, 2)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("mindspore.save_checkpoint", full)
    with pytest.raises(UserError, match=r"last\.ckpt: could not be written .*No space left"):
        save_newest(path, record_of(4), 2)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_what_a_killed_process_left_is_removed(tmp_path):
    path = saved(tmp_path, 1, 1)
    for name in (".last.4711.ckpt", ".last.4711.tmp"):
        (tmp_path / name).write_bytes(b"half")
    remove_partial_files(path)
    assert [file.name for file in tmp_path.iterdir()] == ["last.ckpt"]


def test_other_files_are_no_records(tmp_path):
    path = saved(tmp_path, 2, 2)
    (tmp_path / "last-mine.ckpt").write_bytes(b"")
    assert [file.name for file in history._files(path)] == ["last.ckpt", "last-1.ckpt"]
