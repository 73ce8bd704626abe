# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Records: what goes in comes out, and nothing else is ever taken for one."""

import subprocess
import sys

import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor
from mindspore.train.checkpoint_pb2 import Checkpoint

from src.checkpoint.record import EMA, OPTIMIZER, Description, Record, load_record, save_record
from src.errors import UserError
from src.preprocessing import Preprocessing
from tests.conftest import ROOT

WEIGHT = "blocks.0.mlp.fc1.weight"


def record_of(seed=0):
    rng = np.random.default_rng(seed)
    tensors = {WEIGHT: rng.standard_normal((6, 4)), "head.bias": rng.standard_normal(3)}
    tensors |= {EMA + name: value * 2 for name, value in tensors.items()}
    tensors |= {OPTIMIZER + "beta1_power": np.array(0.9)}
    description = Description(
        model="augvit_s",
        settings={"depth": 2, "shortcut": {"paths": 2, "scale": None}},
        preprocessing=Preprocessing(32, 36, "bilinear", (0.5, 0.4, 0.3), (0.1, 0.2, 0.3)),
        classes=("été", "猫", "n01440764"),
        titles=("summer 🌞", "cat", "tench"),
        config={"optim": {"lr": 1e-3}},
        epoch=3,
        step=42,
        score=81.25,
        best_score=90.0,
        origin="a test",
    )
    return Record(description, {name: value.astype(np.float32) for name, value in tensors.items()})


@pytest.fixture(scope="module")
def intact(tmp_path_factory):
    """The bytes of a good record."""
    path = tmp_path_factory.mktemp("record") / "a.ckpt"
    save_record(path, record_of())
    return path.read_bytes()


def assert_equal(one, other):
    assert one.description == other.description
    assert one.tensors.keys() == other.tensors.keys()
    for name, value in one.tensors.items():
        assert (other.tensors[name].dtype, other.tensors[name].shape) == (value.dtype, value.shape), name
        assert other.tensors[name].tobytes() == value.tobytes(), name


def refused(path, said):
    with pytest.raises(UserError, match=said) as caught:
        load_record(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_round_trip(tmp_path):
    save_record(tmp_path / "a.ckpt", record_of())
    read = load_record(tmp_path / "a.ckpt")
    assert_equal(record_of(), read)
    assert read.description.classes == ("été", "猫", "n01440764")
    assert read.description.mindspore_version == ms.__version__
    assert [path.name for path in tmp_path.iterdir()] == ["a.ckpt"]


@pytest.mark.parametrize(
    "dtype",
    ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32", "float64"],
)
def test_every_type_that_is_written_is_read(dtype, tmp_path):
    value = np.array([[0, 1, 2], [3, 100, 0]]).astype(dtype)
    save_record(tmp_path / "a.ckpt", Record(Description(), {"value": value, "single": value[0, 1]}))
    read = load_record(tmp_path / "a.ckpt").tensors
    assert (read["value"].dtype, read["single"].shape) == (value.dtype, ())
    assert np.array_equal(read["value"], value)


@pytest.mark.parametrize("value", [np.ones(2, np.complex64), np.ones((0, 3), np.float32), np.ones(2, ">f4")])
def test_what_could_not_be_read_back_is_not_written(value, tmp_path):
    with pytest.raises(UserError, match=r"a\.ckpt: could not be written \(odd is "):
        save_record(tmp_path / "a.ckpt", Record(Description(), {"odd": value}))
    assert list(tmp_path.iterdir()) == []


def test_parts():
    record = record_of()
    assert set(record.weights) == {WEIGHT, "head.bias"}
    assert set(record.part(EMA)) == {WEIGHT, "head.bias"}
    assert np.array_equal(record.part(EMA)["head.bias"], record.weights["head.bias"] * 2)
    assert set(record.part(OPTIMIZER)) == {"beta1_power"}


def test_special_values_survive(tmp_path):
    odd = np.array([np.nan, np.inf, -0.0, 1e-42], np.float32)
    record = Record(Description(model="augvit_s"), {"odd": odd, "count": np.array([3], np.int32)})
    save_record(tmp_path / "a.ckpt", record)
    assert_equal(record, load_record(tmp_path / "a.ckpt"))


def test_a_record_replaces_an_older_one(tmp_path):
    save_record(tmp_path / "a.ckpt", record_of(0))
    save_record(tmp_path / "a.ckpt", record_of(1))
    assert_equal(record_of(1), load_record(tmp_path / "a.ckpt"))
    assert [path.name for path in tmp_path.iterdir()] == ["a.ckpt"]


@pytest.mark.parametrize("error", [RuntimeError("no room"), OSError(28, "No space left on device"), ValueError("odd")])
def test_a_failure_while_writing_leaves_the_old_record(tmp_path, monkeypatch, error):
    path = tmp_path / "a.ckpt"
    save_record(path, record_of(0))
    before = path.read_bytes()

    def half(_, name, **__):
        partial = tmp_path / name
        partial.write_bytes(before[:100])
        partial.with_suffix(".tmp").write_bytes(b"the framework's own")
        raise error

    monkeypatch.setattr(ms, "save_checkpoint", half)
    with pytest.raises(UserError, match=r"a\.ckpt: could not be written"):
        save_record(path, record_of(1))
    assert path.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["a.ckpt"]


def test_an_interrupt_while_writing_leaves_the_old_record(tmp_path, monkeypatch):
    path = tmp_path / "a.ckpt"
    save_record(path, record_of(0))
    before = path.read_bytes()

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("src.checkpoint.record.os.replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        save_record(path, record_of(1))
    assert path.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["a.ckpt"]


@pytest.mark.parametrize("folder", ["missing", "a_file"])
def test_a_folder_that_can_not_take_it_is_a_user_error(tmp_path, folder):
    (tmp_path / "a_file").write_text("not a folder")
    path = tmp_path / folder / "a.ckpt"
    with pytest.raises(UserError, match="could not be written") as caught:
        save_record(path, record_of())
    assert str(path) in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["a_file"]


def test_every_truncated_record_is_refused(tmp_path, intact):
    path = tmp_path / "cut.ckpt"
    entries = Checkpoint()
    entries.ParseFromString(intact)
    boundaries, whole = [], entries.value[:]
    for count in range(len(whole)):  # cut off between two entries, which the framework reads without a word
        part = Checkpoint()
        part.value.extend(whole[:count])
        boundaries.append(len(part.SerializeToString()))
    spread = np.linspace(0, len(intact) - 1, 40).astype(int)
    for length in sorted({1, 8, *boundaries, *spread.tolist()} - {len(intact)}):
        path.write_bytes(intact[:length])
        refused(path, "damaged|not written by this project|not a MindSpore checkpoint")


LOAD_ALL = """
import pathlib, sys
from src.checkpoint.record import load_record
from src.errors import UserError

for path in sorted(pathlib.Path(sys.argv[1]).glob("*.ckpt")):
    try:
        load_record(path)
        outcome = "loaded"
    except UserError as error:
        outcome = "refused" if str(path) in str(error) else "unnamed"
    except Exception as error:
        outcome = type(error).__name__
    print(path.name, outcome, flush=True)
"""


def test_no_flipped_bit_passes(tmp_path, intact):
    """Loaded in a process of its own, because a wrong shape let the framework write where it must not."""
    header = range(8 * intact.index(record_of().tensors[WEIGHT].tobytes()))  # name, shape, type, length: every bit
    spread = np.linspace(header.stop, 8 * len(intact) - 1, 200).astype(int).tolist()
    for position in (*header, *spread):
        data = bytearray(intact)
        data[position // 8] ^= 1 << position % 8
        (tmp_path / f"{position:06d}.ckpt").write_bytes(data)
    command = [sys.executable, "-c", LOAD_ALL, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    outcomes = dict(line.split() for line in done.stdout.splitlines() if ".ckpt " in line)
    assert done.returncode == 0, f"died after {list(outcomes)[-1]}: {done.stderr[-300:]}"
    assert len(outcomes) == len(header) + len(spread)
    assert {name: outcome for name, outcome in outcomes.items() if outcome != "refused"} == {}


def test_a_flipped_bit_in_a_weight_is_found(tmp_path, intact):
    values = record_of().tensors[WEIGHT].tobytes()
    start = intact.index(values)
    path = tmp_path / "flipped.ckpt"
    for offset in range(0, len(values), 7):
        data = bytearray(intact)
        data[start + offset] ^= 1
        path.write_bytes(data)
        refused(path, "checksum")


@pytest.mark.parametrize("index", range(6))
def test_a_removed_entry_is_found(tmp_path, intact, index):
    entries = Checkpoint()
    entries.ParseFromString(intact)
    assert len(entries.value) == 6  # five tensors and the description
    tag = entries.value[index].tag
    del entries.value[index]
    path = tmp_path / "less.ckpt"
    path.write_bytes(entries.SerializeToString())
    refused(path, "not written by this project" if tag == "record" else "checksum")


def test_an_added_or_renamed_tensor_is_found(tmp_path, intact):
    for change in ("added", "renamed"):
        entries = Checkpoint()
        entries.ParseFromString(intact)
        entry = entries.value.add() if change == "added" else entries.value[0]
        entry.CopyFrom(entries.value[0])
        entry.tag = "another"
        path = tmp_path / f"{change}.ckpt"
        path.write_bytes(entries.SerializeToString())
        refused(path, "checksum")


def test_a_changed_description_is_found(tmp_path, intact):
    score, better = "81.25".encode("utf-32-le"), "99.25".encode("utf-32-le")  # how the framework keeps a string
    assert intact.count(score) == 1
    path = tmp_path / "better.ckpt"
    path.write_bytes(intact.replace(score, better))
    refused(path, "checksum")


def test_a_foreign_checkpoint_is_refused(tmp_path):
    path = tmp_path / "foreign.ckpt"
    ms.save_checkpoint([{"name": "weight", "data": Tensor(np.ones(3, np.float32))}], str(path))
    refused(path, r"not written by this project; tools/convert\.py")


@pytest.mark.parametrize(
    "content", [b"", b"weights\n", b"\x00" * 64, b"PK\x03\x04 like a .npz", bytes(range(256))], ids=repr
)
def test_what_is_no_checkpoint_is_refused(tmp_path, content):
    path = tmp_path / "odd.ckpt"
    path.write_bytes(content)
    refused(path, "not a MindSpore checkpoint|not written by this project")


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    refused(tmp_path / "none.ckpt", "no such file")
    (tmp_path / "folder.ckpt").mkdir()
    refused(tmp_path / "folder.ckpt", "no such file")
