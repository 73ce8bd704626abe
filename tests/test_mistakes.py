# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Mistakes of a user with settings, pictures, checkpoints and flags: one line each, exit status 2, nothing lost."""

import importlib
import logging
import shutil
import sys

import pytest
from PIL import Image

from src.checkpoint.record import load_record, save_record
from src.config import load_config
from src.engine.train import train
from src.errors import run_door
from tests.conftest import ROOT

CONFIG = """\
seed: 3
model: {name: deit_s, image_size: 16, patch_size: 8, embed_dim: 24, depth: 1, num_heads: 3}
data: {batch_size: 6, eval_batch_size: 4}
optim: {warmup_epochs: 0.5}
train: {epochs: 1}
"""
COLOURS = {"blue": (20, 20, 220), "green": (20, 220, 20), "red": (220, 20, 20)}


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """A folder with pictures, a config, and a run."""
    folder = tmp_path_factory.mktemp("desk")
    for split, count in (("train", 8), ("val", 3)):
        for name, colour in COLOURS.items():
            (folder / "pictures" / split / name).mkdir(parents=True)
            for i in range(count):
                Image.new("RGB", (20 + i, 24), colour).save(folder / "pictures" / split / name / f"{i}.png")
    (folder / "tiny.yaml").write_text(CONFIG)
    train(load_config(folder / "tiny.yaml", ["data.path=" + str(folder / "pictures")]), folder / "run")
    return folder


@pytest.fixture
def desk(original, tmp_path, monkeypatch):
    """A copy of that folder to make mistakes in, which is where the user stands."""
    shutil.copytree(original, tmp_path / "desk")
    monkeypatch.chdir(tmp_path / "desk")
    yield tmp_path / "desk"
    logger = logging.getLogger("augvit")
    for handler in logger.handlers:
        handler.close()
    logger.handlers.clear()
    logger.propagate = True


def remove(*paths):
    return lambda desk: [
        shutil.rmtree(desk / path) if (desk / path).is_dir() else (desk / path).unlink() for path in paths
    ]


def write(path, text):
    def mistake(desk):
        (desk / path).parent.mkdir(parents=True, exist_ok=True)
        (desk / path).write_text(text)

    return mistake


def cut(path):
    return lambda desk: (desk / path).write_bytes((desk / path).read_bytes()[:-1000])


def cifar(*names, size=3073 * 2):
    def mistake(desk):
        (desk / "cifar").mkdir()
        for name in names:
            (desk / "cifar" / name).write_bytes(bytes(size))

    return mistake


def rename_class(split, old, new):
    return lambda desk: (desk / "pictures" / split / old).rename(desk / "pictures" / split / new)


def fewer_outputs(desk):
    record = load_record(desk / "run" / "best.ckpt")
    record.tensors["head.weight"] = record.tensors["head.weight"][:2]
    save_record(desk / "other.ckpt", record)


def nothing(desk):
    return None


TRAIN = ("train", "--config_path", "tiny.yaml", "--output_path", "new", "--data_path", "pictures")
RESUME = ("train", "--config_path", "tiny.yaml", "--output_path", "run", "--data_path", "pictures", "--resume")
EVAL = ("eval", "--checkpoint_path", "run/best.ckpt", "--data_path", "pictures")
BROKEN = write("pictures/train/red/3.png", "no picture")
MISTAKES = {
    # settings
    "no config": (nothing, ("train", "--config_path", "none.yaml"), "config none.yaml: No such file"),
    "not YAML": (write("tiny.yaml", "a: [1"), TRAIN, "config tiny.yaml: not YAML"),
    "no table": (write("tiny.yaml", "- 1"), TRAIN, "config tiny.yaml: expected a table of keys"),
    "a circle of bases": (write("tiny.yaml", "base: tiny.yaml"), TRAIN, "base leads back to the file itself"),
    "no base": (write("tiny.yaml", "base: none.yaml"), TRAIN, "config none.yaml: No such file"),
    "unknown key": (nothing, (*TRAIN, "optim.lrr=1"), "optim.lrr: no such key; did you mean lr"),
    "unknown section": (nothing, (*TRAIN, "optimizer.lr=1"), "optimizer: no such key; did you mean optim"),
    "no number": (nothing, (*TRAIN, "optim.lr=fast"), "optim.lr='fast': expected a number"),
    "a fraction": (nothing, (*TRAIN, "train.epochs=1.5"), "train.epochs=1.5: expected int"),
    "out of range": (nothing, (*TRAIN, "data.flip=2"), "data.flip=2.0: must lie in [0, 1]"),
    "no choice": (nothing, (*TRAIN, "optim.name=adam"), "optim.name='adam': must be one of adamw, sgd, momentum"),
    "no equals sign": (nothing, (*TRAIN, "optim.lr"), "'optim.lr': expected key=value"),
    "warm-up too long": (nothing, (*TRAIN, "optim.warmup_epochs=1"), "optim.warmup_epochs=1: must be less than"),
    "odd batch to mix": (nothing, (*TRAIN, "data.mixup=0.8", "data.batch_size=5"), "data.batch_size=5: must be even"),
    "unknown policy": (nothing, (*TRAIN, "data.auto_augment=rand-x9"), "data.auto_augment=rand-x9"),
    "no such group": (nothing, (*TRAIN, "optim.groups=[{names: tail.*}]"), "optim.groups[0].names=tail.*"),
    "unknown model": (nothing, (*TRAIN, "model.name=deit_x"), "model.name=deit_x: no such model; did you mean"),
    "unknown setting": (nothing, (*TRAIN, "model.dept=2"), "model.dept: no such key; did you mean depth"),
    "patches that do not fit": (nothing, (*TRAIN, "model.image_size=20"), "model.image_size=20: must be a multiple"),
    "heads that do not fit": (nothing, (*TRAIN, "model.num_heads=5"), "model.num_heads=5: must divide embed_dim=24"),
    "blocks that do not fit": (
        nothing,
        (*TRAIN, "model.name=augvit_s", "model.shortcut.blocks=7"),
        "shortcut.blocks=7: must divide the 24 channels",
    ),
    "other number of classes": (nothing, (*TRAIN, "model.num_classes=4"), "model.num_classes=4: "),
    "size in the wrong place": (nothing, (*TRAIN, "preprocessing.size=32"), "preprocessing.size: is model.image_size"),
    # pictures
    "no data": (nothing, (*TRAIN[:-1], "nowhere"), "--data_path nowhere: no such folder"),
    "no data named": (nothing, TRAIN[:-2], "--data_path: missing"),
    "no classes": (
        remove("pictures/train/red", "pictures/train/blue", "pictures/train/green"),
        TRAIN,
        "no class folder",
    ),
    "empty class": (lambda desk: (desk / "pictures/train/pink").mkdir(), TRAIN, "train/pink: no picture in this class"),
    "no validation": (remove("pictures/val"), TRAIN, "--data_path pictures: has train/ but no val/"),
    "class to validate alone": (rename_class("val", "red", "pink"), TRAIN, "the model knows no class 'pink'"),
    "batch too large": (nothing, (*TRAIN, "data.batch_size=26"), "24 pictures are fewer than one step takes"),
    "too many ranks": (
        nothing,
        (*TRAIN, "--check", "--ranks", "9"),
        "(data.batch_size=6, train.accumulate=1, ranks: 9)",
    ),
    "broken picture": (BROKEN, TRAIN, "pictures/train/red/3.png: not a readable picture"),
    "broken picture, checked": (BROKEN, ("tools.check_data", "--data_path", "pictures"), "1 pictures can't be read"),
    "too many broken": (BROKEN, (*TRAIN, "data.on_error=skip", "data.max_skipped=0"), "more than data.max_skipped=0"),
    "broken to validate": (
        write("pictures/val/red/1.png", ""),
        (*TRAIN, "data.on_error=skip"),
        "pictures/val/red/1.png: not a readable picture",
    ),
    "no CIFAR-10": (nothing, (*TRAIN, "data.format=cifar10"), "--data_path pictures: no CIFAR-10 there"),
    "CIFAR-10 in part": (cifar("test_batch.bin"), (*TRAIN[:-1], "cifar"), "data_batch_1.bin: missing"),
    "CIFAR-10 cut off": (
        cifar("test_batch.bin", *(f"data_batch_{i}.bin" for i in range(1, 6)), size=5000),
        (*TRAIN[:-1], "cifar"),
        "5000 bytes are not a whole number of records",
    ),
    # checkpoints and run folders
    "folder in use": (nothing, (*TRAIN, "--output_path", "run"), "--output_path run: holds a run already; --resume"),
    "folder that is a file": (write("new", ""), TRAIN, "--output_path new: can't be made"),
    "resumed otherwise": (nothing, (*RESUME, "optim.lr=0.5"), "optim.lr was 0.001, is 0.5; --allow_changes"),
    "resumed on other pictures": (remove("pictures/train/red/0.png"), RESUME, "the training pictures are not the same"),
    "all checkpoints damaged": (cut("run/last.ckpt"), RESUME, "checkpoint run/last.ckpt: "),
    "no start": (nothing, (*TRAIN, "train.init_from=no.ckpt"), "checkpoint no.ckpt: no such file"),
    "start with another network": (
        nothing,
        (*TRAIN, "train.init_from=run/best.ckpt", "model.depth=2"),
        "run/best.ckpt: does not fit deit_s: missing blocks.1",
    ),
    "new head of nothing": (nothing, (*TRAIN, "train.new_head=true"), "train.new_head=true: goes with"),
    "no checkpoint": (nothing, ("eval", "--checkpoint_path", "no.ckpt", "--data_path", "pictures"), "no such file"),
    "damaged checkpoint": (cut("run/best.ckpt"), EVAL, "checkpoint run/best.ckpt: "),
    "checkpoint that fits nothing": (
        fewer_outputs,
        ("eval", "--checkpoint_path", "other.ckpt", "--data_path", "pictures"),
        "head.weight is [2, 24] where the model has [3, 24]",
    ),
    "no checkpoint at all": (
        nothing,
        ("eval", "--checkpoint_path", "tiny.yaml", "--data_path", "pictures"),
        "tiny.yaml: expected a .ckpt",
    ),
    "unknown class": (rename_class("val", "red", "rad"), EVAL, "the model knows no class 'rad'; did you mean red?"),
    # flags
    "no batch": (nothing, (*EVAL, "--batch_size", "0"), "batch_size=0: must be at least 1"),
    "report nowhere": (nothing, (*EVAL, "--report", "no/where.json"), "--report no/where.json: No such file"),
    "no such device": (nothing, (*EVAL, "--device_target", "GPU"), "--device_target GPU --device_id 0: not usable"),
    "no picture to read": (
        nothing,
        ("infer", "--model_path", "run/best.ckpt", "--input", "none.png"),
        "none.png: no such",
    ),
    "export into nowhere": (
        nothing,
        ("export", "--checkpoint_path", "tiny.yaml", "--file_format", "MINDIR"),
        "checkpoint tiny.yaml: ",
    ),
    "MINDIR in whole numbers": (
        nothing,
        ("export", "--checkpoint_path", "run/best.ckpt", "--file_format", "MINDIR", "--precision", "int8"),
        "--file_format MINDIR: has float32 and float16",
    ),
    "whole numbers of no pictures": (
        nothing,
        ("export", "--checkpoint_path", "run/best.ckpt", "--file_format", "ONNX", "--precision", "int8"),
        "--precision int8: --data_path names the pictures",
    ),
    "verified with no pictures": (
        nothing,
        ("export", "--checkpoint_path", "run/best.ckpt", "--file_format", "MINDIR", "--data_path", "nowhere"),
        "--data_path nowhere: no folder with pictures",
    ),
    "a sheet of no kind": (
        nothing,
        ("infer", "--model_path", "run/best.ckpt", "--input", "data/val", "--sheet", "sheet.xls"),
        "--sheet sheet.xls",
    ),
    "weights of no kind": (
        nothing,
        ("tools.convert", "--model", "deit_ti", "--weights", "tiny.yaml", "--output", "a.ckpt"),
        "--weights tiny.yaml: expected .npz",
    ),
}


@pytest.mark.parametrize(("mistake", "command", "said"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_has_one_line(desk, mistake, command, said, monkeypatch, capsys):
    mistake(desk)
    run = {path.name: path.read_bytes() for path in (desk / "run").iterdir()}
    door, *arguments = command
    monkeypatch.setattr(sys, "argv", [door, *arguments])
    monkeypatch.syspath_prepend(str(ROOT))
    with pytest.raises(SystemExit) as left:
        run_door(importlib.import_module(door).main)
    error = capsys.readouterr().err
    assert left.value.code == 2, error
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert said in error
    assert {path.name: path.read_bytes() for path in (desk / "run").iterdir()} == run
    assert not any(path.name.startswith(".") for path in desk.rglob("*"))
