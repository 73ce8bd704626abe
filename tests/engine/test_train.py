# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Training from a config to a run folder, on pictures told apart by their colour."""

import dataclasses
import json
import shutil

import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor
from PIL import Image

from src.checkpoint.adapt import load_model
from src.checkpoint.record import EMA, OPTIMIZER, Record, load_record, save_record
from src.config import Config, DataConfig, OptimConfig, TrainConfig, load_config
from src.engine import run as engine
from src.engine.evaluate import Evaluation
from src.engine.metrics.accuracy import Accuracy
from src.engine.train import check, train
from src.errors import UserError
from src.models.contract import unique_parameters
from src.models.registry import create_model

RUN_FILES = ["best.ckpt", "config.yaml", "curves.png", "last-1.ckpt", "last.ckpt", "metrics.jsonl", "train.log"]
TINY = {"name": "augvit_s", "image_size": 16, "patch_size": 8, "embed_dim": 24, "depth": 1, "num_heads": 3}
PLAIN = {**TINY, "name": "deit_s"}
COLOURS = ("blue", "green", "red")
PICTURES = {"train": 8, "val": 3}  # of each colour


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """What ``picture_folder`` is, for all tests of this file."""
    root = tmp_path_factory.mktemp("data")
    draw = np.random.default_rng(7)
    for split, count in PICTURES.items():
        for channel, name in enumerate(COLOURS):
            (root / split / name).mkdir(parents=True)
            for i in range(count):
                pixels = draw.integers(0, 60, (20 + i, 24, 3), dtype=np.uint8)
                pixels[..., 2 - channel] += 180
                Image.fromarray(pixels).save(root / split / name / f"{i}.png")
    return root


def config_of(path, model=TINY, seed=3, epochs=8, data=None, optim=None, **train_keys):
    return Config(
        seed=seed,
        model=model,
        data=DataConfig(path=str(path), batch_size=6, eval_batch_size=4, **(data or {})),
        optim=OptimConfig(**{"lr": 1e-2, "warmup_epochs": 0.5, **(optim or {})}),
        train=TrainConfig(epochs=epochs, log_every=3, **train_keys),
    )


@pytest.fixture(scope="module")
def run(pictures, tmp_path_factory):
    """A whole run: (its config, its folder)."""
    folder = tmp_path_factory.mktemp("runs") / "a" / "run"
    config = config_of(pictures)
    assert train(config, folder) == folder / "best.ckpt"
    return config, folder


def lines_of(folder, kind):
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if line["kind"] == kind]


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def assert_same(own, expected):
    assert own.keys() == expected.keys()
    for name, value in expected.items():
        assert own[name].tobytes() == value.tobytes(), name


def still(**others):
    """Return settings of an optimizer that hardly moves the weights."""
    return {"lr": 1e-9, "min_lr": 0.0, "warmup_lr": 0.0, "warmup_epochs": 0.0, "weight_decay": 0.0, **others}


def test_a_run_learns_the_colours(run):
    epochs = lines_of(run[1], "epoch")
    assert epochs[-1]["val_top1"] > 90
    assert epochs[-1]["train_top1"] > 90
    assert epochs[-1]["loss"] < epochs[0]["loss"] - 0.1
    assert max(epoch["val_top1"] for epoch in epochs) == load_record(run[1] / "best.ckpt").description.score


def test_a_run_leaves_its_folder_and_nothing_else(run):
    folder = run[1]
    assert sorted(path.name for path in folder.iterdir()) == RUN_FILES
    with Image.open(folder / "curves.png") as picture:
        assert picture.format == "PNG"
    log = (folder / "train.log").read_text(encoding="utf-8")
    assert "augvit_s: 12,603 parameters, 16 pixels; 24 training and 9 validation pictures of 3 classes" in log
    assert log.count("epoch ") == 8


def test_metrics_have_a_line_an_epoch_and_a_line_a_logged_step(run):
    epochs, steps = lines_of(run[1], "epoch"), lines_of(run[1], "step")
    assert [(line["epoch"], line["step"]) for line in epochs] == [
        (i, 4 * i) for i in range(1, 9)
    ]  # 24 pictures, 6 a step
    assert [line["step"] for line in steps] == list(range(3, 33, 3))
    assert [line["epoch"] for line in steps] == [(step - 1) // 4 + 1 for step in range(3, 33, 3)]
    keys = {"kind", "epoch", "step", "loss", "train_top1", "val_top1", "val_top5", "lr", "seconds"}
    assert all(set(line) == keys for line in epochs)
    assert all(set(line) == {"kind", "epoch", "step", "loss", "lr"} for line in steps)
    values = [value for line in (*epochs, *steps) for key, value in line.items() if key != "kind"]
    assert np.isfinite(values).all()
    # the third step is the first after a warm-up of 2 of 32 steps, the last one logged the 30th
    for line, step in ((steps[0], 2), (steps[-1], 29)):
        cosine = 1e-5 + (1e-2 - 1e-5) * (1 + np.cos(np.pi * step / 32)) / 2
        assert line["lr"] == pytest.approx(cosine)


def test_the_resolved_config_is_the_run_s(run):
    config, folder = run
    assert load_config(folder / "config.yaml") == config


def test_last_checkpoint_holds_all_that_training_holds(run):
    config, folder = run
    last = load_record(folder / "last.ckpt")
    description = last.description
    assert (description.epoch, description.step) == (8, 32)
    assert description.classes == COLOURS
    assert description.model == "augvit_s"
    assert description.settings["num_classes"] == 3
    assert description.config["optim"]["lr"] == config.optim.lr
    assert (description.preprocessing.size, description.preprocessing.resize) == (16, 17)
    assert description.score == lines_of(folder, "epoch")[-1]["val_top1"]
    moments = {f"{moment}.{name}" for moment in "mv" for name in last.weights}
    assert set(last.part(OPTIMIZER)) == moments | {"beta1_power", "beta2_power"}
    assert last.part(OPTIMIZER)["beta1_power"] == pytest.approx(0.9**32, rel=1e-5)
    assert last.part(EMA) == {}


def test_best_checkpoint_is_ready_for_use(run):
    best = load_record(run[1] / "best.ckpt")
    assert best.weights == best.tensors  # the same arrays: nothing but weights
    model, record = load_model(str(run[1] / "best.ckpt"))
    colours = np.zeros((3, 3, 16, 16), np.float32)
    for label in range(3):
        colours[label, 2 - label] = 0.8
    guesses = model(Tensor(colours)).asnumpy().argmax(axis=1)
    assert [record.description.classes[guess] for guess in guesses] == list(COLOURS)


def test_the_same_seed_gives_the_same_weights_bit_for_bit(run, tmp_path):
    config, folder = run
    slower = dataclasses.replace(config, data=dataclasses.replace(config.data, workers=1))  # must not matter
    train(slower, tmp_path / "again")
    assert_same(load_record(tmp_path / "again" / "last.ckpt").tensors, load_record(folder / "last.ckpt").tensors)
    for kind, timed in (("epoch", {"seconds"}), ("step", set())):
        first, second = lines_of(folder, kind), lines_of(tmp_path / "again", kind)
        assert [line.items() - {(key, line[key]) for key in timed} for line in first] == [
            line.items() - {(key, line[key]) for key in timed} for line in second
        ]


def test_the_seed_decides_the_first_weights(pictures, tmp_path):
    train(config_of(pictures, PLAIN, seed=4, epochs=1, optim=still()), tmp_path / "run")
    trained = load_record(tmp_path / "run" / "last.ckpt").weights
    sizes = {key: value for key, value in PLAIN.items() if key != "name"}
    for seed in (4, 5):
        ms.set_seed(seed)
        model = create_model("deit_s", **sizes, num_classes=3)
        largest = {name: np.abs(trained[name] - p.asnumpy()).max() for name, p in unique_parameters(model).items()}
        drawn = {name: value for name, value in largest.items() if "weight" in name or "token" in name or "pos" in name}
        if seed == 4:
            assert max(largest.values()) < 1e-6
        else:
            assert min(drawn.values()) > 1e-3


def test_another_seed_gives_another_run(run, tmp_path):
    config, folder = run
    train(dataclasses.replace(config, seed=4), tmp_path / "other")
    own, first = load_record(tmp_path / "other" / "last.ckpt").weights, load_record(folder / "last.ckpt").weights
    assert own.keys() == first.keys()
    assert all(not np.array_equal(own[name], value) for name, value in first.items())


def test_a_folder_that_holds_a_run_is_not_touched(run):
    config, folder = run
    before = content(folder)
    with pytest.raises(UserError, match=r"--output_path .*: holds a run already"):
        train(config, folder)
    assert content(folder) == before


def test_average_and_stochastic_depth(pictures, tmp_path):
    model = {**TINY, "depth": 2, "drop_path_rate": 0.5}
    train(config_of(pictures, model, epochs=1, optim={"ema_decay": 0.5}), tmp_path / "run")
    epoch = lines_of(tmp_path / "run", "epoch")[0]
    assert {"ema_top1", "ema_top5", "val_top1"} <= set(epoch)
    last, best = load_record(tmp_path / "run" / "last.ckpt"), load_record(tmp_path / "run" / "best.ckpt")
    assert best.description.score == epoch["ema_top1"]
    assert_same(best.tensors, last.part(EMA))
    assert not np.array_equal(best.tensors["head.weight"], last.weights["head.weight"])
    assert all(np.isfinite(value).all() for value in last.tensors.values())


def test_the_average_is_that_of_the_steps(pictures, tmp_path):
    """One step: the average has to be halfway between the start and the end."""
    data = {"crop_scale": (1.0, 1.0), "flip": 0.0}
    settings = {"data": data, "epochs": 1}
    train(config_of(pictures, PLAIN, optim=still(ema_decay=0.5), **settings), tmp_path / "start")
    start = load_record(tmp_path / "start" / "last.ckpt").weights  # a rate of 1e-9 leaves the start
    one = config_of(pictures, PLAIN, optim={"ema_decay": 0.5, "warmup_epochs": 0.0}, **settings)
    train(dataclasses.replace(one, data=dataclasses.replace(one.data, batch_size=24)), tmp_path / "one")
    record = load_record(tmp_path / "one" / "last.ckpt")
    assert record.description.step == 1
    for name, average in record.part(EMA).items():
        np.testing.assert_allclose(average, (start[name] + record.weights[name]) / 2, rtol=0, atol=1e-6, err_msg=name)


def test_a_start_from_a_checkpoint_maps_labels_by_name(run, pictures, tmp_path):
    """Its head has other classes, in another order; the data set holds some of them."""
    best = load_record(run[1] / "best.ckpt")
    order = [2, 0, 1]  # red, blue, green
    head = {name: best.tensors[name][order] for name in ("head.weight", "head.bias")}
    head["head.weight"] = np.concatenate([head["head.weight"], head["head.weight"][:1]])
    head["head.bias"] = np.concatenate([head["head.bias"], np.float32([-9])])  # never guessed
    description = dataclasses.replace(
        best.description,
        classes=("red", "blue", "green", "zebra"),
        titles=("Rot", "Blau", "Grün", "Zebra"),
        settings={**best.description.settings, "num_classes": 4},
    )
    save_record(tmp_path / "start.ckpt", Record(description, {**best.tensors, **head}))
    config = config_of(pictures, epochs=1, optim=still(), init_from=str(tmp_path / "start.ckpt"))
    train(config, tmp_path / "run")
    again = load_record(tmp_path / "run" / "last.ckpt")
    epoch = lines_of(tmp_path / "run", "epoch")[0]
    assert epoch["val_top1"] == best.description.score
    assert epoch["train_top1"] > 90
    assert again.description.classes == ("red", "blue", "green", "zebra")
    assert again.description.titles == ("Rot", "Blau", "Grün", "Zebra")
    for name, value in {**best.tensors, **head}.items():
        np.testing.assert_allclose(again.weights[name], value, rtol=0, atol=1e-6, err_msg=name)


def test_a_new_head_is_for_the_classes_of_the_data(run, pictures, tmp_path):
    for split in PICTURES:
        shutil.copytree(pictures / split / "blue", tmp_path / "data" / split / "cold")
        shutil.copytree(pictures / split / "red", tmp_path / "data" / split / "warm")
    start = run[1] / "best.ckpt"
    config = config_of(tmp_path / "data", epochs=1, optim=still(), init_from=str(start), new_head=True)
    train(config, tmp_path / "run")
    again, before = load_record(tmp_path / "run" / "last.ckpt"), load_record(start)
    assert again.description.classes == ("cold", "warm")
    assert again.weights["head.weight"].shape == (2, 24)
    for name, value in before.weights.items():
        if not name.startswith("head."):
            np.testing.assert_allclose(again.weights[name], value, rtol=0, atol=1e-6, err_msg=name)


def test_an_unknown_class_is_named_and_nothing_is_left(run, pictures, tmp_path):
    shutil.copytree(pictures, tmp_path / "data")
    (tmp_path / "data" / "train" / "red").rename(tmp_path / "data" / "train" / "rad")
    config = config_of(tmp_path / "data", init_from=str(run[1] / "best.ckpt"))
    with pytest.raises(UserError, match=r"data/train: the model knows no class 'rad'; did you mean red\?"):
        train(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_part_of_the_training_pictures_and_all_others(pictures, tmp_path, caplog):
    caplog.set_level("INFO")
    check(config_of(pictures, data={"per_class": 2}), tmp_path / "run")
    assert "; 6 training and 9 validation pictures of 3 classes" in caplog.text


def test_a_class_of_the_validation_alone_is_named(pictures, tmp_path):
    shutil.copytree(pictures, tmp_path / "data")
    (tmp_path / "data" / "val" / "red").rename(tmp_path / "data" / "val" / "violet")
    with pytest.raises(UserError, match=r"data/val: the model knows no class 'violet'"):
        train(config_of(tmp_path / "data"), tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"model": {**TINY, "name": "augvit_z"}}, r"model\.name=augvit_z: no such model; did you mean augvit_"),
        ({"model": {**TINY, "image_sise": 16}}, r"model\.image_sise: no such key; did you mean image_size"),
        ({"model": {**TINY, "num_classes": 4}}, r"model\.num_classes=4: .*train has 3 classes"),
        ({"model": {**TINY, "image_size": 20}}, r"model\.image_size=20: must be a multiple of patch_size=8"),
        ({"data": {"path": "nowhere"}}, r"--data_path nowhere: no such folder"),
        ({"data": {"batch_size": 25}}, r"24 pictures are fewer than one step takes \(data\.batch_size=25, "),
        ({"train": {"init_from": "none.ckpt"}}, r"checkpoint none\.ckpt: no such file"),
    ],
)
def test_a_mistake_is_named_and_nothing_is_left(pictures, tmp_path, changes, said):
    config = config_of(pictures)
    parts = {
        key: dataclasses.replace(getattr(config, key), **value) if key != "model" else value
        for key, value in changes.items()
    }
    with pytest.raises(UserError, match=said):
        train(dataclasses.replace(config, **parts), tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def test_a_head_of_another_size_needs_a_new_head(run, pictures, tmp_path):
    config = config_of(pictures, {**TINY, "num_classes": 4}, init_from=str(run[1] / "best.ckpt"))
    with pytest.raises(UserError, match=r"model\.num_classes=4: the head of .* has 3 outputs; train\.new_head=true"):
        train(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()


class Steps:
    """Stands for the compiled step: it gives these losses and changes nothing."""

    def __init__(self, losses):
        self.losses = iter(losses)

    def __call__(self, inputs, lr):
        loss = next(self.losses)
        return loss, [np.zeros((len(one.arrays[0]), 3), np.float32) for one in inputs], np.isfinite(loss)

    def state(self):
        return {}


def test_a_loss_that_is_not_finite_stops_the_run(pictures, tmp_path, monkeypatch):
    """At step 6, the second of the second epoch; the checkpoint of the first stays."""
    monkeypatch.setattr(engine, "TrainStep", lambda *_: Steps([1.0, 1.0, 1.0, 1.0, 1.0, np.nan]))
    said = (
        r"the loss is nan at step 6 \(epoch 2, learning rate 0\.00\d+\); the last good checkpoint is .*last\.ckpt; "
        r"lower optim\.lr, or train\.skip_not_finite=1 passes over so many such steps"
    )
    with pytest.raises(UserError, match=said):
        train(config_of(pictures, PLAIN), tmp_path / "run")
    left = {"best.ckpt", "config.yaml", "curves.png", "last.ckpt", "metrics.jsonl", "train.log"}
    assert {path.name for path in (tmp_path / "run").iterdir()} == left
    assert load_record(tmp_path / "run" / "last.ckpt").description.epoch == 1


def test_a_bounded_number_of_such_steps_is_passed_over(pictures, tmp_path, monkeypatch, caplog):
    nan = float("nan")
    config = config_of(pictures, PLAIN, epochs=2, skip_not_finite=2)
    monkeypatch.setattr(engine, "TrainStep", lambda *_: Steps([1.0, nan, 2.0, 3.0, nan, 1.0, 1.0, 1.0]))
    train(config, tmp_path / "run")
    log = (tmp_path / "run" / "train.log").read_text(encoding="utf-8")
    assert log.count("is nan at step") == 2
    assert [line["loss"] for line in lines_of(tmp_path / "run", "epoch")] == [2.0, 1.0]
    assert load_record(tmp_path / "run" / "last.ckpt").description.state.not_finite == 2

    monkeypatch.setattr(engine, "TrainStep", lambda *_: Steps([nan, 1.0, nan, 1.0, nan, 1.0, 1.0, 1.0]))
    with pytest.raises(UserError, match=r"the loss is nan at step 5 .*train\.skip_not_finite=3"):
        train(config, tmp_path / "other")


def test_best_is_the_first_of_the_best_epochs(pictures, tmp_path, monkeypatch):
    """The scores of three epochs are 1, 3 and 3 of 9; what is written is decided by them alone."""
    scores = iter([1, 3, 3])

    def evaluation(*_):
        return Evaluation(Accuracy({"top1": next(scores), "top5": 9, "pictures": 9}), 9, 0.0)

    monkeypatch.setattr(engine, "evaluate", evaluation)
    monkeypatch.setattr(engine, "TrainStep", lambda *_: Steps([1.0] * 12))
    train(config_of(pictures, PLAIN, epochs=3), tmp_path / "run")
    best, last = (load_record(tmp_path / "run" / f"{name}.ckpt").description for name in ("best", "last"))
    third = pytest.approx(100 * 3 / 9)
    assert (best.epoch, best.score, best.best_score) == (2, third, third)
    assert (last.epoch, last.score, last.best_score) == (3, third, third)
