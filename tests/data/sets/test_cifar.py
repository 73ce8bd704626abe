# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""CIFAR-10 and CIFAR-100 in both releases, and what is refused."""

import pickle
import struct
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from PIL import Image

from src.data.sets.cifar import Cifar
from src.data.sets.image_folder import ImageFolder
from src.data.sources import open_source
from src.errors import UserError

CIFAR_CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]


def message(function, *arguments):
    with pytest.raises(UserError) as caught:
        function(*arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


class Python2Pickler(pickle._Pickler):
    """Writes text and bytes as Python 2 wrote its strings, which is what the released files hold."""

    dispatch: ClassVar[dict] = dict(pickle._Pickler.dispatch)

    def save_string(self, value):
        raw = value.encode() if isinstance(value, str) else value
        self.write(pickle.BINSTRING + struct.pack("<i", len(raw)) + raw)
        self.memoize(value)

    dispatch[str] = dispatch[bytes] = save_string


def write_pickle(path, table, pickler=Python2Pickler):
    with path.open("wb") as file:
        pickler(file, protocol=2).dump(table)


def planes(pictures):
    """Return rows of the planes red, green, blue of pictures (n, 32, 32, 3)."""
    return np.stack([np.concatenate([picture[..., c].ravel() for c in range(3)]) for picture in pictures])


def write_cifar(root, release, pickler=Python2Pickler):
    """Write a CIFAR-10 of three pictures a batch; return its pictures and labels by split."""
    draw = np.random.default_rng(11)
    root.mkdir(parents=True, exist_ok=True)
    made = {"train": ([], []), "val": ([], [])}
    for name in [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]:
        pictures = draw.integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)
        labels = draw.integers(0, 10, 3)
        if release == "binary":
            records = np.concatenate([labels[:, None].astype(np.uint8), planes(pictures)], axis=1)
            (root / f"{name}.bin").write_bytes(records.tobytes())
        else:
            table = {"batch_label": name, "labels": labels.tolist(), "data": planes(pictures), "filenames": ["x"] * 3}
            write_pickle(root / name, {key.encode(): value for key, value in table.items()}, pickler)
        split = "val" if name == "test_batch" else "train"
        made[split][0].append(pictures)
        made[split][1].append(labels)
    if release == "binary":
        (root / "batches.meta.txt").write_text("\n".join(CIFAR_CLASSES) + "\n\n")
    else:
        write_pickle(root / "batches.meta", {b"label_names": [name.encode() for name in CIFAR_CLASSES]}, pickler)
    return {split: (np.concatenate(pictures), np.concatenate(labels)) for split, (pictures, labels) in made.items()}


@pytest.mark.parametrize("folder", ["", "cifar-10-batches-bin", "cifar-10-batches-py"])
@pytest.mark.parametrize(
    ("release", "pickler"),
    [("binary", None), ("python", Python2Pickler), ("python", pickle.Pickler)],
    ids=["binary", "python", "python-rewritten"],
)
def test_cifar10_is_read_in_both_releases(tmp_path, release, pickler, folder):
    made = write_cifar(tmp_path / folder, release, pickler)
    for split, (pictures, labels) in made.items():
        source = open_source(str(tmp_path), split)
        assert isinstance(source, Cifar)
        assert source.classes == tuple(CIFAR_CLASSES)
        assert source.labels.tolist() == labels.tolist()
        assert source.labels.dtype == np.int32
        assert len(source) == (15 if split == "train" else 3)
        for i, expected in enumerate(pictures):
            assert source.picture(i).mode == "RGB"
            assert np.array_equal(np.asarray(source.picture(i)), expected)


def test_the_format_can_be_forced(tmp_path):
    write_cifar(tmp_path, "binary")
    (tmp_path / "val" / "ant").mkdir(parents=True)
    Image.new("RGB", (4, 3)).save(tmp_path / "val" / "ant" / "0.png")
    assert isinstance(open_source(str(tmp_path), "val"), Cifar)
    assert isinstance(open_source(str(tmp_path), "val", "cifar10"), Cifar)
    assert isinstance(open_source(str(tmp_path), "val", "image_folder"), ImageFolder)
    said = message(open_source, str(tmp_path / "val"), "val", "cifar10")
    assert said.startswith(f"--data_path {tmp_path / 'val'}: no CIFAR-10 there; expected test_batch.bin or test_batch")


@pytest.mark.parametrize(("release", "name"), [("binary", "data_batch_3.bin"), ("python", "data_batch_3")])
def test_a_missing_batch_is_named(tmp_path, release, name):
    write_cifar(tmp_path, release)
    (tmp_path / name).unlink()
    expected = f"{tmp_path / name}: missing; CIFAR-10 has the files data_batch_1, data_batch_2, data_batch_3, "
    expected += "data_batch_4, data_batch_5, test_batch"
    assert message(open_source, str(tmp_path), "train") == expected
    assert len(open_source(str(tmp_path), "val")) == 3


@pytest.mark.parametrize(("release", "name"), [("binary", "batches.meta.txt"), ("python", "batches.meta")])
def test_missing_class_names_are_an_error(tmp_path, release, name):
    write_cifar(tmp_path, release)
    (tmp_path / name).unlink()
    assert message(open_source, str(tmp_path), "val").startswith(f"{tmp_path}: neither batches.meta.txt nor")


@pytest.mark.parametrize("size", [0, 1, 3072, 3 * 3073 - 1])
def test_a_binary_batch_of_another_size_is_named(tmp_path, size):
    write_cifar(tmp_path, "binary")
    path = tmp_path / "test_batch.bin"
    path.write_bytes(path.read_bytes()[:size])
    expected = f"{path}: {size} bytes are not a whole number of records of 3073"
    assert message(open_source, str(tmp_path), "val") == expected


@pytest.mark.parametrize("release", ["binary", "python"])
def test_a_label_beyond_the_classes_is_an_error(tmp_path, release):
    write_cifar(tmp_path, release)
    if release == "binary":
        (tmp_path / "test_batch.bin").write_bytes(bytes([10]) + bytes(3072))
    else:
        write_pickle(tmp_path / "test_batch", {b"labels": [10], b"data": np.zeros((1, 3072), np.uint8)})
    said = message(open_source, str(tmp_path), "val")
    assert said == f"{tmp_path} (test): label 10 is beyond its 10 classes"


@pytest.mark.parametrize(
    "table",
    [
        {},
        {b"labels": [1, 2], b"data": np.zeros((1, 3072), np.uint8)},
        {b"labels": [1], b"data": np.zeros((1, 3071), np.uint8)},
        {b"labels": [1], b"data": np.zeros(3072, np.uint8)},
        {b"fine_labels": [1], b"data": np.zeros((1, 3072), np.uint8)},
        [1, 2],
    ],
    ids=["nothing", "labels", "pixels", "row", "cifar100", "list"],
)
def test_a_python_batch_of_another_shape_is_named(tmp_path, table):
    write_cifar(tmp_path, "python")
    path = tmp_path / "test_batch"
    write_pickle(path, table)
    assert message(open_source, str(tmp_path), "val").startswith(f"{path}: not a batch of CIFAR-10; expected labels")


@pytest.mark.parametrize(
    "table",
    [
        {b"labels": [-1], b"data": np.zeros((1, 3072), np.uint8)},
        {b"labels": ["cat"], b"data": np.zeros((1, 3072), np.uint8)},
        {b"labels": [1], b"data": np.zeros((1, 3072), np.float32)},
    ],
    ids=["negative", "words", "floats"],
)
def test_labels_and_pixels_that_are_no_such_numbers_are_an_error(tmp_path, table):
    write_cifar(tmp_path, "python")
    write_pickle(tmp_path / "test_batch", table)
    assert str(tmp_path) in message(open_source, str(tmp_path), "val")


@pytest.mark.parametrize("name", ["test_batch", "batches.meta"])
@pytest.mark.parametrize("raw", [b"", b"text", b"\x80\x02}"], ids=["empty", "text", "truncated"])
def test_a_damaged_pickle_is_named(tmp_path, raw, name):
    write_cifar(tmp_path, "python")
    (tmp_path / name).write_bytes(raw)
    expected = f"{tmp_path / name}: not a file of CIFAR-10's Python release ("
    assert message(open_source, str(tmp_path), "val").startswith(expected)


def test_class_names_that_are_missing_in_their_pickle_are_an_error(tmp_path):
    write_cifar(tmp_path, "python")
    write_pickle(tmp_path / "batches.meta", {b"num_vis": 3072})
    assert str(tmp_path / "batches.meta") in message(open_source, str(tmp_path), "val")


class Harmful:
    """Calls a function when it is unpickled."""

    def __init__(self, *call):
        self.call = call

    def __reduce__(self):
        return self.call[0], self.call[1:]


def test_a_pickle_that_would_run_code_is_refused_and_does_not_run(tmp_path):
    write_cifar(tmp_path, "python")
    path, witness = tmp_path / "test_batch", tmp_path / "it-ran"
    harmful = {b"labels": [1], b"data": Harmful(open, str(witness), "w")}
    with path.open("wb") as file:
        pickle.dump(harmful, file, protocol=2)
    with path.open("rb") as file:
        pickle.load(file)[b"data"].close()
    assert witness.exists()  # it is harmful
    witness.unlink()
    said = message(open_source, str(tmp_path), "val")
    assert said.startswith(f"{path}: not a file of CIFAR-10's Python release (")
    assert "open does not belong there" in said
    assert not witness.exists()


@pytest.mark.parametrize("function", [np.load, np.fromfile, Path, getattr, exec], ids=lambda f: f.__name__)
def test_a_pickle_of_other_functions_is_refused(tmp_path, function):
    write_cifar(tmp_path, "python")
    with (tmp_path / "test_batch").open("wb") as file:
        pickle.dump({b"labels": [1], b"data": Harmful(function, "x")}, file, protocol=2)
    assert "does not belong there" in message(open_source, str(tmp_path), "val")


@pytest.mark.parametrize(("folder", "ending"), [("cifar-100-binary", ".bin"), ("cifar-100-python", ""), ("", ".bin")])
def test_cifar100_has_the_fine_labels(tmp_path, folder, ending, rng):
    root, names = tmp_path / folder, [f"class {i}" for i in range(100)]
    root.mkdir(exist_ok=True)
    made = {}
    for name, count in (("train", 5), ("test", 3)):
        pictures = rng.integers(0, 256, (count, 32, 32, 3), dtype=np.uint8)
        fine, coarse = rng.integers(0, 100, count), rng.integers(0, 20, count)
        made[name] = pictures, fine
        if ending:
            records = np.concatenate([coarse[:, None], fine[:, None], planes(pictures)], axis=1).astype(np.uint8)
            (root / f"{name}.bin").write_bytes(records.tobytes())
        else:
            table = {b"fine_labels": fine.tolist(), b"coarse_labels": coarse.tolist(), b"data": planes(pictures)}
            write_pickle(root / name, table)
    if ending:
        (root / "fine_label_names.txt").write_text("\n".join(names))
    else:
        write_pickle(root / "meta", {b"fine_label_names": [name.encode() for name in names]})
    for split, name in (("train", "train"), ("val", "test")):
        source = open_source(str(tmp_path), split)
        assert source.classes == tuple(names)
        assert source.labels.tolist() == made[name][1].tolist()
        assert np.array_equal(np.asarray(source.picture(1)), made[name][0][1])
    assert len(open_source(str(tmp_path), "val", "cifar100")) == 3


def test_folders_called_train_and_test_are_no_cifar100(tmp_path):
    for split in ("train", "test", "val"):
        (tmp_path / split / "ant").mkdir(parents=True)
        Image.new("RGB", (4, 3)).save(tmp_path / split / "ant" / "0.png")
    assert isinstance(open_source(str(tmp_path), "train"), ImageFolder)
    assert "no CIFAR-100 there" in message(open_source, str(tmp_path), "train", "cifar100")
