# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""What stands in a run folder, and how it becomes what it was when a checkpoint was written."""

import json
import multiprocessing

import numpy as np
import pytest

from src.checkpoint.record import Description, Record, load_record
from src.config import Config, load_config
from src.engine.metrics.accuracy import Accuracy
from src.engine.run_folder import NoFolder, RunFolder
from src.errors import UserError


def record_of(epoch, step):
    return Record(Description(model="deit_s", epoch=epoch, step=step), {"weight": np.full(3, step, np.float32)})


def lines_of(path):
    return [json.loads(line) for line in (path / "metrics.jsonl").read_text().splitlines()]


def two_epochs(path):
    """A folder after two epochs of three steps and one step more, as a killed process leaves it."""
    folder = RunFolder(path)
    folder.start(Config())
    for step in range(1, 8):
        folder.add_step(epoch=(step + 2) // 3, step=step, loss=1.0 / step)
        if step % 3 == 0:
            folder.add_epoch(Accuracy, epoch=step // 3, step=step, loss=0.5, val_top1=10.0 * step)
            folder.save_last(record_of(step // 3, step), 2)
    return folder


def test_a_folder_with_a_run_is_only_taken_to_resume_it(tmp_path):
    two_epochs(tmp_path / "run")
    with pytest.raises(UserError, match=r"run: holds a run already; --resume continues it"):
        RunFolder(tmp_path / "run")


def test_a_resumed_folder_is_what_it_was(tmp_path):
    folder = two_epochs(tmp_path / "run")
    before = lines_of(folder.path)
    again = _release(folder, resume=True)
    again.start(Config(seed=1), again.newest().description)
    assert lines_of(folder.path) == before[:-1]  # the seventh step comes after the checkpoint
    assert load_config(folder.path / "config.yaml").seed == 1
    again.add_epoch(Accuracy, epoch=3, step=9, loss=0.1, val_top1=90.0)
    assert [line["step"] for line in lines_of(folder.path) if line["kind"] == "epoch"] == [3, 6, 9]
    assert (folder.path / "curves.png").exists()


def test_an_earlier_checkpoint_takes_more_back(tmp_path):
    folder = two_epochs(tmp_path / "run")
    again = _release(folder, resume=True)
    again.start(Config(), Description(epoch=1, step=5))
    kept = lines_of(folder.path)
    assert [line["step"] for line in kept if line["kind"] == "step"] == [1, 2, 3, 4, 5]
    assert [line["epoch"] for line in kept if line["kind"] == "epoch"] == [1]


def test_an_epoch_that_was_evaluated_but_not_saved_is_taken_back(tmp_path):
    """Its last step lies before a checkpoint, its evaluation does not."""
    folder = two_epochs(tmp_path / "run")
    again = _release(folder, resume=True)
    again.start(Config(), Description(epoch=1, step=6))
    assert [line["epoch"] for line in lines_of(folder.path) if line["kind"] == "epoch"] == [1]


def test_a_line_that_was_cut_off_is_dropped(tmp_path):
    folder = two_epochs(tmp_path / "run")
    with (folder.path / "metrics.jsonl").open("a") as file:
        file.write('{"kind": "step", "ep')
    again = _release(folder, resume=True)
    again.start(Config(), Description(epoch=9, step=99))
    assert len(lines_of(folder.path)) == 9


def test_without_a_checkpoint_it_starts_over(tmp_path):
    folder = RunFolder(tmp_path / "run")
    folder.start(Config())
    folder.add_step(epoch=1, step=1, loss=1.0)
    again = _release(folder, resume=True)
    assert again.newest() is None
    again.start(Config())
    assert lines_of(folder.path) == []


def test_half_written_files_are_removed(tmp_path):
    folder = two_epochs(tmp_path / "run")
    for name in (".last.1.ckpt", ".last.1.tmp", ".best.1.tmp"):
        (folder.path / name).write_bytes(b"half")
    _release(folder, resume=True).start(Config())
    assert [path.name for path in folder.path.glob(".*")] == []


def test_two_trainings_do_not_share_a_folder(tmp_path):
    folder = two_epochs(tmp_path / "run")
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        said = pool.apply(_try_to_resume, (folder.path,))
    assert said == f"--output_path {folder.path}: another training is at work there"


def _try_to_resume(path):
    try:
        RunFolder(path, resume=True)
    except UserError as error:
        return str(error)
    return "nothing"


def test_skipped_pictures_have_a_line_each(tmp_path):
    folder = two_epochs(tmp_path / "run")
    folder.write_skipped(["a/1.png", "b/2.png"])
    assert (folder.path / "skipped.txt").read_text() == "a/1.png\nb/2.png\n"


def test_the_best_and_the_last(tmp_path):
    folder = two_epochs(tmp_path / "run")
    folder.save_best(record_of(2, 6))
    assert load_record(folder.best).description.step == 6
    assert load_record(folder.last).description.step == 6
    assert load_record(folder.path / "last-1.ckpt").description.step == 3


def test_other_ranks_write_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = NoFolder(tmp_path)
    assert folder.newest() is None
    folder.start(Config())
    folder.add_step(step=1)
    folder.add_epoch(Accuracy, epoch=1)
    folder.save_last(record_of(1, 1), 2)
    folder.save_best(record_of(1, 1))
    folder.write_skipped(["a"])
    assert list(tmp_path.iterdir()) == []


def _release(folder, resume):
    """Return the folder as another process finds it when this one is gone."""
    folder.close()
    return RunFolder(folder.path, resume)
