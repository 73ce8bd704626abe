# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""A sweep trains every variant with every seed, goes on where it was stopped, and tabulates what came out."""

import json
import signal
import subprocess
import time

import pytest
from PIL import Image

from src.config import load_config
from src.engine.sweep import Trial, plan
from src.engine.sweep_report import Row, draw, markdown, mean_and_spread, rows
from src.errors import UserError
from src.models.registry import find_variant
from tests.conftest import ROOT

ABLATIONS = sorted((ROOT / "config" / "ablation").glob("*.yaml"))
BASE = """
model: {name: augvit_ti, image_size: 16, patch_size: 8, embed_dim: 24, depth: 1, num_heads: 3}
preprocessing: {resize: 16}
data: {batch_size: 4, eval_batch_size: 4, workers: 1}
optim: {warmup_epochs: 0}
train: {epochs: 30}
"""


def fake_trial(folder, row, seed, scores, epochs=None):
    trial = Trial(row, f"what {row} is", seed, folder / "none.yaml", folder / f"{row}_{seed}")
    trial.folder.mkdir()
    (trial.folder / "config.yaml").write_text(
        f"model: {{name: augvit_s}}\noptim: {{warmup_epochs: 0}}\ntrain: {{epochs: {epochs or len(scores)}}}\n"
    )
    lines = [{"kind": "epoch", "epoch": i + 1, "val_top1": score} for i, score in enumerate(scores)]
    text = "".join(f"{json.dumps(line)}\n" for line in [{"kind": "step", "step": 1}, *lines])
    (trial.folder / "metrics.jsonl").write_text(text)
    return trial


@pytest.mark.parametrize("path", ABLATIONS, ids=lambda path: path.stem)
def test_every_ablation_is_a_row_of_the_paper_that_can_be_built(path, tmp_path):
    (trial,) = plan(ROOT / "config" / "augvit_s_imagenet.yaml", [path], [1], tmp_path)
    assert trial.note.startswith("Table")
    model = load_config(trial.config).model
    find_variant("augvit_s", {key: value for key, value in model.items() if key != "name"})


def test_rows_are_the_finished_trials_after_their_last_epoch(tmp_path):
    trials = [
        fake_trial(tmp_path, "one", 1, [10.0, 30.0]),
        fake_trial(tmp_path, "one", 2, [12.0, 32.0]),
        fake_trial(tmp_path, "two", 1, [11.0, 20.0]),
        fake_trial(tmp_path, "two", 2, [13.0], epochs=2),
    ]
    with (trials[3].folder / "metrics.jsonl").open("a") as file:
        file.write('{"kind": "epo')  # killed in the middle of a line
    table = rows(trials)
    assert table == [Row("one", "what one is", ((30.0, 32.0),)), Row("two", "what two is", ((20.0,),))]
    text = markdown(table)
    assert "| `one` | 31.00 ± 1.41 |  | 2 | what one is |" in text
    assert "| `two` | 20.00 |  | 1 | what two is |" in text
    draw(table, tmp_path / "sweep.png")
    with Image.open(tmp_path / "sweep.png") as picture:
        assert len(picture.getcolors(1 << 24)) > 50


def test_the_spread_is_the_standard_deviation():
    assert mean_and_spread([1.0, 2.0, 4.0]) == "2.33 ± 1.53"


def test_overlays_of_one_name_are_refused(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.yaml").write_text("seed: 1\n")
    (tmp_path / "base.yaml").write_text(BASE)
    overlays = [tmp_path / folder / "x.yaml" for folder in ("a", "b")]
    with pytest.raises(UserError, match="x: two overlays have this name"):
        plan(tmp_path / "base.yaml", overlays, [1], tmp_path / "out")


def test_a_sweep_that_is_stopped_goes_on(tmp_path, picture_folder, forks):
    (tmp_path / "base.yaml").write_text(BASE)
    (tmp_path / "plain.yaml").write_text("# nothing beside the identity\nmodel: {shortcut: {paths: 0}}\n")
    (tmp_path / "more.yaml").write_text("model: {shortcut: {paths: 1}}\n")
    command = [
        str(forks / "python"),
        str(ROOT / "tools" / "sweep.py"),
        "--base",
        "base.yaml",
        "--seeds",
        "3",
        "--variants",
    ]
    command += ["plain.yaml", "more.yaml", "--data_path", str(picture_folder), "--output_path", "out", "--", "seed=9"]
    first = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    while not (tmp_path / "out" / "plain_3" / "metrics.jsonl").exists():
        assert first.poll() is None
        time.sleep(0.1)
    first.send_signal(signal.SIGTERM)
    first.communicate(timeout=60)
    assert first.returncode == 143
    assert not (tmp_path / "out" / "sweep.md").exists()

    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "resuming after epoch" in done.stdout
    assert "nothing beside the identity" in (tmp_path / "out" / "sweep.md").read_text()
    assert [row["name"] for row in json.loads((tmp_path / "out" / "sweep.json").read_text())] == ["plain", "more"]
    assert load_config(tmp_path / "out" / "more_3" / "config.yaml").seed == 3
    again = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert again.stdout.startswith("2 of 2 trainings are done\n")
