# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The commands as a user types them: what they print, what they leave, and how they say what is wrong."""

import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from src.checkpoint.record import load_record
from src.config import load_config
from tests.conftest import ROOT
from tests.golden.load import FOLDER, read_golden

COLOURS = {"blue": (20, 20, 220), "green": (20, 220, 20), "red": (220, 20, 20)}
CONFIG = """\
seed: 3
model: {name: augvit_s, image_size: 16, patch_size: 8, embed_dim: 24, depth: 1, num_heads: 3}
data: {batch_size: 6, eval_batch_size: 4}
optim: {lr: 1.0e-2, warmup_epochs: 0.5}
train: {epochs: 9}
"""


class Desk:
    """A folder where a user works: pictures, a config, and what the commands make."""

    def __init__(self, folder, forks):
        self.folder, self.python = folder, str(forks / "python")
        for split, count in (("train", 8), ("val", 3)):
            for name, colour in COLOURS.items():
                (folder / "pictures" / split / name).mkdir(parents=True)
                for i in range(count):
                    Image.new("RGB", (20 + i, 24), colour).save(folder / "pictures" / split / name / f"{i}.png")
        (folder / "tiny.yaml").write_text(CONFIG)

    def start(self, door, *arguments, python=None):
        command = [python or self.python, str(ROOT / door), *map(str, arguments)]
        return subprocess.Popen(command, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run(self, door, *arguments, python=None):
        """Run a command that has to succeed, and return what it printed."""
        process = self.start(door, *arguments, python=python)
        out, err = process.communicate()
        assert process.returncode == 0, err
        return out

    def files(self):
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*"))


@pytest.fixture(scope="module")
def desk(tmp_path_factory, forks):
    return Desk(tmp_path_factory.mktemp("desk"), forks)


@pytest.fixture(scope="module")
def best(desk):
    """The best checkpoint of a training of two epochs."""
    arguments = ("--config_path", "tiny.yaml", "--data_path", "pictures", "--device_target", "CPU")
    desk.run("train.py", *arguments, "train.epochs=2", "optim.lr=2e-2", python=sys.executable)
    return desk.folder / "runs" / "tiny" / "best.ckpt"


def assert_one_line(process, said):
    """A mistake of the user is one line, and exit status 2."""
    out, err = process.communicate()
    assert process.returncode == 2, err
    assert err.count("\n") == 1, err
    assert err.startswith("error: ")
    assert said in err
    assert "Traceback" not in out + err


def test_training_leaves_its_run_folder(desk, best):
    folder = best.parent
    assert sorted(path.name for path in folder.iterdir()) == [
        *("best.ckpt", "config.yaml", "curves.png", "last-1.ckpt", "last.ckpt", "metrics.jsonl", "train.log")
    ]
    assert sorted(path.name for path in desk.folder.iterdir() if path.suffix != ".json") == [
        "pictures",
        "runs",
        "tiny.yaml",
    ]
    config = load_config(folder / "config.yaml")
    assert (config.train.epochs, config.optim.lr, config.data.path) == (2, 0.02, "pictures")  # over the file's
    assert (config.optim.warmup_epochs, config.seed) == (0.5, 3)
    assert load_record(best).description.classes == tuple(COLOURS)


def test_evaluation_reports_the_score_of_the_checkpoint(desk, best):
    arguments = ("--checkpoint_path", best, "--data_path", "pictures", "--batch_size", 4, "--report", "eval.json")
    out = desk.run("eval.py", *arguments)
    report = json.loads((desk.folder / "eval.json").read_text())
    assert report["top1"] == load_record(best).description.score
    assert (report["top5"], report["pictures"]) == (100.0, 9)
    assert (report["model"], report["data"]) == (str(best), "pictures")
    assert f"top-1 {report['top1']:.2f} %  top-5 100.00 %  9 pictures" in out


def test_export_then_inference_guess_as_the_checkpoint_does(desk, best):
    export = ("export.py", "--checkpoint_path", best, "--file_format", "MINDIR", "--output_path", "exported")
    desk.run(*export, "--latency_runs", 2, "--data_path", "pictures/val")
    left = sorted(path.name for path in (desk.folder / "exported").iterdir())
    assert left == ["best.mindir", "report.json", "report.md"]
    models = {"a": best, "b": "exported/best.mindir"}
    processes = {
        name: desk.start(
            "infer.py", "--model_path", model, "--input", "pictures/val", "--report", f"{name}.json", "--top", 2
        )
        for name, model in models.items()
    }
    printed = {name: process.communicate()[0].splitlines() for name, process in processes.items()}
    assert all(process.returncode == 0 for process in processes.values())
    own, other = (json.loads((desk.folder / f"{name}.json").read_text()) for name in models)
    assert [picture["path"] for picture in own] == [f"pictures/val/{c}/{i}.png" for c in COLOURS for i in range(3)]
    assert all(len(picture["guesses"]) == 2 for picture in own)
    for one, two in zip(own, other, strict=True):
        assert [guess["name"] for guess in one["guesses"]] == [guess["name"] for guess in two["guesses"]]
        likely = one["guesses"][0]
        assert likely["probability"] == pytest.approx(two["guesses"][0]["probability"], abs=1e-5)
        assert f"{one['path']}: {likely['title']} {100 * likely['probability']:.1f} %" in "\n".join(printed["a"])


def test_conversion_makes_a_checkpoint_that_the_other_doors_take(desk):
    golden = read_golden(FOLDER / "augvit_circulant.npz")
    np.savez(desk.folder / "official.npz", **golden.part("param/"))
    (desk.folder / "names.txt").write_text("\n".join(f"class {i}" for i in range(10)))
    sizes = [f"{key}={golden.config[key]}" for key in ("image_size", "patch_size", "embed_dim", "depth", "num_heads")]
    desk.run(
        *("tools/convert.py", "--model", "augvit_s", "--weights", "official.npz", "--output", "converted.ckpt"),
        *("--classes", "names.txt", "--mean", 0.4, 0.5, 0.6, "--resize", 20, *sizes, "mlp_ratio=2"),
        *("shortcut.paths=1", "shortcut.form=circ"),
    )
    record = load_record(desk.folder / "converted.ckpt")
    assert record.description.preprocessing.mean == (0.4, 0.5, 0.6)
    assert (record.description.preprocessing.size, record.description.preprocessing.resize) == (16, 20)
    assert np.array_equal(record.weights["head.weight"], golden.arrays["param/head.weight"])
    out = desk.run("infer.py", "--model_path", "converted.ckpt", "--input", "pictures/val/red/0.png")
    assert "pictures/val/red/0.png: class " in out
    for name in ("official.npz", "names.txt", "converted.ckpt"):
        (desk.folder / name).unlink()


TRAIN = ("train.py", "--config_path", "tiny.yaml", "--output_path", "new")


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ((*TRAIN, "--data_path", "pictures", "optim.lrr=1e-3"), "optim.lrr: no such key; did you mean lr"),
        ((*TRAIN, "--data_path", "nowhere"), "--data_path nowhere: no such folder"),
        (
            (*TRAIN, "--data_path", "pictures", "model.name=augvit_x"),
            "model.name=augvit_x: no such model; did you mean",
        ),
        (("train.py", "--config_path", "none.yaml"), "config none.yaml: No such file"),
        (("eval.py", "--checkpoint_path", "cut.ckpt", "--data_path", "pictures"), "checkpoint cut.ckpt: "),
        (("infer.py", "--model_path", "tiny.yaml", "--input", "pictures"), "model tiny.yaml: expected a .ckpt"),
        (("export.py", "--checkpoint_path", "no.ckpt", "--file_format", "MINDIR"), "checkpoint no.ckpt: no such file"),
        (
            ("tools/convert.py", "--model", "deit_ti", "--weights", "no.npz", "--output", "a.ckpt"),
            "--weights no.npz: no such file",
        ),
    ],
)
def test_a_mistake_is_one_line_and_leaves_nothing(desk, best, command, said):
    (desk.folder / "cut.ckpt").write_bytes(best.read_bytes()[:-1000])
    before = desk.files()
    assert_one_line(desk.start(*command, "--device_target", "CPU"), said)
    assert desk.files() == before
    (desk.folder / "cut.ckpt").unlink()


def test_a_second_run_into_a_folder_is_refused(desk, best):
    before = {path.name: path.read_bytes() for path in best.parent.iterdir()}
    process = desk.start("train.py", "--config_path", "tiny.yaml", "--data_path", "pictures")
    assert_one_line(process, "--output_path runs/tiny: holds a run already")
    assert {path.name: path.read_bytes() for path in best.parent.iterdir()} == before


def test_every_door_has_help(desk):
    doors = {
        "train.py": ("--config_path", "--data_path", "--output_path", "key=value"),
        "eval.py": ("--checkpoint_path", "--data_path", "--report"),
        "export.py": ("--checkpoint_path", "--file_format {MINDIR,ONNX}", "--precision", "--uint8", "--output_path"),
        "infer.py": ("--model_path", "--input", "--top", "--report", "--sheet"),
        "tools/convert.py": ("--model", "--weights", "--output", "--replace_head"),
    }
    others = {"tools/check_data.py": ("--data_path",), "tools/launch.py": ("DEVICE_NUM", "program")}
    # scripts/quickstart.sh starts the first four as a user does (tests/test_readme.py)
    forked = tuple(doors)[:4]
    processes = {
        door: desk.start(door, "--help", python=None if door in forked else sys.executable)
        for door in (*doors, *others)
    }
    for door, process in processes.items():
        out, err = process.communicate()
        assert process.returncode == 0, err
        device = ("--device_target {CPU,GPU,Ascend}", "--device_id") if door in doors else ()
        for flag in (*doors.get(door, ()), *others.get(door, ()), *device):
            assert flag in out, door
