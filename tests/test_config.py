# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The config tree: overlays, key=value, ranges, and the way back to YAML."""

import json

import pytest

from src.cli import door_parser, write_report
from src.config import Config, DataConfig, OptimConfig, TrainConfig, dump_config, load_config
from src.errors import UserError
from src.preprocessing import Preprocessing


@pytest.fixture
def write(tmp_path):
    def write_yaml(name, text):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write_yaml


def message(path, assignments=()):
    with pytest.raises(UserError) as caught:
        load_config(path, assignments)
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_no_file_and_an_empty_file_give_the_defaults(write):
    assert load_config(None) == Config()
    assert load_config(write("empty.yaml", "# nothing\n")) == Config()


def test_a_file_lies_over_the_defaults(write):
    path = write("run.yaml", "seed: 7\nmodel: {name: deit_ti, image_size: 64}\noptim: {lr: 5e-4, betas: [0.8, 0.9]}\n")
    assert load_config(path) == Config(
        seed=7, model={"name": "deit_ti", "image_size": 64}, optim=OptimConfig(lr=5e-4, betas=(0.8, 0.9))
    )


def test_a_base_lies_under_the_file_table_by_table(write):
    write("base/recipe.yaml", "seed: 1\nmodel: {name: deit_s, depth: 2}\noptim: {lr: 2e-3, eps: 1e-6}\n")
    path = write("run.yaml", "base: base/recipe.yaml\nmodel: {depth: 3}\noptim: {lr: 4e-3}\n")
    assert load_config(path) == Config(
        seed=1, model={"name": "deit_s", "depth": 3}, optim=OptimConfig(lr=4e-3, eps=1e-6)
    )


def test_later_bases_lie_over_earlier_ones_and_a_base_has_bases(write):
    write("ground.yaml", "seed: 1\ndata: {batch_size: 1, flip: 0.25}\n")
    write("first.yaml", "base: ground.yaml\ndata: {batch_size: 2, workers: 2}\n")
    write("second.yaml", "base: [ground.yaml]\ntrain: {epochs: 9}\ndata: {workers: 3}\n")
    path = write("run.yaml", "base: [first.yaml, second.yaml]\nseed: 5\n")
    # second.yaml brings ground.yaml with it, over first.yaml
    expected = Config(seed=5, data=DataConfig(batch_size=1, flip=0.25, workers=3), train=TrainConfig(epochs=9))
    assert load_config(path) == expected


def test_bases_that_lead_in_a_circle_are_an_error(write):
    write("a.yaml", "base: b.yaml\n")
    path = write("b.yaml", "base: a.yaml\n")
    assert message(path).endswith("b.yaml: base leads back to the file itself")


@pytest.mark.parametrize("base", ["3", "", "[3]"])
def test_a_base_that_is_no_file_name_is_an_error(write, base):
    path = write("run.yaml", f"base: {base}\nseed: 1\n")
    said = message(path)
    assert str(path) in said
    assert "base" in said.replace(str(path), "")


def test_files_that_are_not_there_are_named(write, tmp_path):
    assert message(tmp_path / "no.yaml") == f"config {tmp_path / 'no.yaml'}: No such file or directory"
    path = write("run.yaml", "base: gone.yaml\n")
    assert message(path) == f"config {tmp_path / 'gone.yaml'}: No such file or directory"
    assert message(tmp_path).startswith(f"config {tmp_path}: ")


@pytest.mark.parametrize(
    "text", ["a: [1", "\tseed: 1", "seed: 1\n---\nseed: 2", "seed: !!python/name:os.system", "a: *b"]
)
def test_what_is_not_yaml_is_said_in_one_line(write, text):
    path = write("run.yaml", text)
    assert message(path).startswith(f"config {path}: not YAML: ")


def test_bytes_that_are_no_text_are_not_yaml(tmp_path):
    path = tmp_path / "run.yaml"
    path.write_bytes(b"\xff\xd8\xff\xe0")
    assert message(path).startswith(f"config {path}: not YAML: ")


@pytest.mark.parametrize(("text", "kind"), [("[1, 2]", "list"), ("word", "str")])
def test_a_file_without_keys_is_an_error(write, text, kind):
    path = write("run.yaml", text)
    assert message(path) == f"config {path}: expected a table of keys, got {kind}"


def test_a_value_that_yaml_reads_as_an_impossible_date_is_an_error_of_the_user(write):
    path = write("run.yaml", "data: {path: 2023-02-30}\n")
    assert str(path) in message(path)
    assert "2023-02-30" in message(None, ["data.path=2023-02-30"])


def test_assignments_lie_over_the_file_in_their_order(write):
    path = write("run.yaml", "optim: {lr: 2e-3, eps: 1e-6}\n")
    config = load_config(
        path,
        [
            "optim.lr=5e-4",
            "optim.lr=6e-4",
            "data.crop_scale=[0.5, 1]",
            "data.path=a=b",
            "train.init_from=",
            "model.shortcut.paths=2",
            "model.name=augvit_ti",
        ],
    )
    assert config == Config(
        model={"name": "augvit_ti", "shortcut": {"paths": 2}},
        optim=OptimConfig(lr=6e-4, eps=1e-6),
        data=DataConfig(crop_scale=(0.5, 1.0), path="a=b"),
    )


@pytest.mark.parametrize(
    ("assignment", "said"),
    [
        ("lr", "'lr': expected key=value, such as optim.lr=5e-4"),
        ("=3", "'=3': expected key=value, such as optim.lr=5e-4"),
        ("optim.lr=[", "'optim.lr=[': the value is not YAML"),
        ("optim=3", "optim: expected a table of keys, got 3"),
        ("optim.esp=1", "optim.esp: no such key; did you mean eps?"),
        ("optim.lr.x=1", "optim.lr={'x': 1}: expected float, got dict"),
        ("base=x.yaml", "base: no such key; known: data, model, optim, preprocessing, seed, train"),
        ("seed=-1", "seed=-1: must lie in [0, 2**32)"),
        ("seed=4294967296", "seed=4294967296: must lie in [0, 2**32)"),
        ("model={}", "model.name: missing; it names a registered model such as augvit_s"),
        ("preprocessing.size=32", "preprocessing.size: is model.image_size; set that one"),
        ("optim.warmup_epochs=300", "optim.warmup_epochs=300: must be less than train.epochs=300"),
        (
            "data.format=zip",
            "data.format='zip': must be one of auto, image_folder, cifar10, cifar100, flowers102, pets",
        ),
        ("data.batch_size=0", "data.batch_size=0: must be at least 1"),
        ("data.batch_size=true", "data.batch_size=True: expected int, got bool"),
        ("data.eval_batch_size=-2", "data.eval_batch_size=-2: must be at least 1"),
        ("data.workers=0", "data.workers=0: must be at least 1"),
        ("data.per_class=-1", "data.per_class=-1: must not be negative"),
        ("data.crop_scale=[0, 1]", "data.crop_scale=[0.0, 1.0]: must be 0 < low <= high <= 1"),
        ("data.crop_scale=[0.5, 0.4]", "data.crop_scale=[0.5, 0.4]: must be 0 < low <= high <= 1"),
        ("data.crop_scale=[0.5]", "data.crop_scale=[0.5]: expected 2 values, got 1"),
        ("data.crop_ratio=[2, 1]", "data.crop_ratio=[2.0, 1.0]: must be 0 < low <= high"),
        ("data.flip=1.5", "data.flip=1.5: must lie in [0, 1]"),
        ("data.interpolation=cubic", "data.interpolation='cubic': must be one of random, bicubic, bilinear, nearest"),
        ("optim.lr=0", "optim.lr=0.0: must be positive"),
        ("optim.lr=1e-6", "optim.lr=1e-06: must not lie below min_lr or warmup_lr"),
        ("optim.weight_decay=-0.1", "optim.weight_decay=-0.1: must not be negative"),
        ("optim.betas=[0.9, 1]", "optim.betas=[0.9, 1.0]: must lie in [0, 1)"),
        ("optim.eps=0", "optim.eps=0.0: must be positive"),
        ("optim.ema_decay=1", "optim.ema_decay=1.0: must lie in [0, 1)"),
        ("train.epochs=0", "train.epochs=0: must be at least 1"),
        ("train.label_smoothing=1", "train.label_smoothing=1.0: must lie in [0, 1)"),
        ("train.new_head=true", "train.new_head=true: goes with train.init_from"),
        ("train.log_every=0", "train.log_every=0: must be at least 1"),
    ],
)
def test_a_mistake_names_its_key_its_value_and_what_is_allowed(assignment, said):
    assert message(None, [assignment]) == said


def test_a_dumped_config_is_read_back_equal(write):
    config = Config(
        seed=3,
        model={"name": "augvit_ti", "shortcut": {"paths": 3, "scale": None}, "mlp_ratio": 2.5},
        preprocessing={"mean": [0.5, 0.5, 0.5], "interpolation": "bilinear"},
        data=DataConfig(path="010", crop_scale=(0.2, 0.9)),
        optim=OptimConfig(lr=1e-4, eps=1e-8, betas=(0.9, 0.95)),
        train=TrainConfig(epochs=10, init_from="last.ckpt", new_head=True),
    )
    assert load_config(write("config.yaml", dump_config(config))) == config
    assert load_config(write("defaults.yaml", dump_config(Config()))) == Config()


def test_preprocessing_that_crops_a_fraction_rounds_the_resize_down():
    assert [Preprocessing.cropping(size, part).resize for size, part in ((224, 0.875), (224, 0.9), (384, 0.875))] == [
        256,
        248,
        438,
    ]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"size": 0}, "size=0: must be at least 1"),
        ({"size": 300}, "resize=256: must not be smaller than the crop of 300"),
        ({"std": (0.5, 0.0, 0.5)}, "std=[0.5, 0.0, 0.5]: must be positive"),
    ],
)
def test_impossible_preprocessing_is_refused(fields, said):
    with pytest.raises(UserError) as caught:
        Preprocessing(**fields)
    assert str(caught.value) == said


def test_a_report_is_json_and_one_that_cannot_be_written_is_an_error(tmp_path):
    write_report(None, {"a": 1})
    write_report(str(tmp_path / "out.json"), {"a": [1, "é"]})
    assert json.loads((tmp_path / "out.json").read_text(encoding="utf-8")) == {"a": [1, "é"]}
    with pytest.raises(UserError, match=r"--report .*/no/out\.json: No such file"):
        write_report(str(tmp_path / "no" / "out.json"), {})


def test_every_door_takes_a_device_and_no_abbreviation(capsys):
    args = door_parser("A door.").parse_args(["--device_target", "CPU", "--device_id", "3"])
    assert (args.device_target, args.device_id) == ("CPU", 3)
    with pytest.raises(SystemExit):
        door_parser("A door.").parse_args(["--device_t", "CPU"])
    assert "--device_t" in capsys.readouterr().err
