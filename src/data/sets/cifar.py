# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""CIFAR-10 and CIFAR-100 (Krizhevsky, 2009), in their binary and their Python releases."""

import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from src.data.source import Source, Split
from src.errors import UserError

_PIXELS = 3 * 32 * 32  # bytes of a picture: the planes red, green, blue
# what an array needs in a pickle, whatever release of NumPy wrote it: (name, last part of the module)
_PICKLED = {("_reconstruct", "multiarray"), ("ndarray", "numpy"), ("dtype", "numpy"), ("encode", "_codecs")}


@dataclass(frozen=True)
class Release:
    """How one of the two data sets is distributed; the binary files have the names of the Python ones and ``.bin``."""

    name: str
    folders: tuple[str, ...]  # where it may lie
    train: tuple[str, ...]  # files of the training pictures
    test: str  # file of the test pictures
    binary_labels: int  # bytes before a picture in the binary files, of which the last is the label
    labels: bytes  # key of the labels in a pickle
    names_text: str  # file of the class names beside the binary files
    names_pickle: str  # file of the class names beside the pickles
    names: bytes  # key of the class names there


CIFAR_10 = Release(
    "CIFAR-10",
    ("", "cifar-10-batches-bin", "cifar-10-batches-py"),
    tuple(f"data_batch_{i}" for i in range(1, 6)),
    "test_batch",
    1,
    b"labels",
    "batches.meta.txt",
    "batches.meta",
    b"label_names",
)
CIFAR_100 = Release(
    "CIFAR-100",
    ("", "cifar-100-binary", "cifar-100-python"),
    ("train",),
    "test",
    2,  # the superclass, then the class
    b"fine_labels",
    "fine_label_names.txt",
    "meta",
    b"fine_label_names",
)


class Cifar(Source):
    """32 x 32 pictures, 50,000 to train and 10,000 to test."""

    def __init__(self, root: Path, split: Split, release: Release) -> None:
        """Read a split of ``root``; ``val`` are the test pictures.

        Raises:
            UserError: a file is missing or damaged.
        """
        self.name = f"{root} ({'train' if split == 'train' else 'test'})"
        files = release.train if split == "train" else (release.test,)
        read = _read_binary if (root / f"{release.test}.bin").exists() else _read_pickle
        labels, pixels = zip(*(read(root, name, release) for name in files), strict=True)
        self.labels = np.concatenate(labels).astype(np.int32)
        self.pixels = np.concatenate(pixels)  # (n, 32, 32, 3) uint8
        self.classes = _class_names(root, release)
        if self.labels.max() >= len(self.classes):
            raise UserError(f"{self.name}: label {self.labels.max()} is beyond its {len(self.classes)} classes")

    def picture(self, index: int) -> Image.Image:
        """Return picture ``index`` in RGB."""
        return Image.fromarray(self.pixels[index])

    def picture_name(self, index: int) -> str:
        """Return the number of the picture in its split."""
        return str(index)


def find_cifar(root: Path, release: Release) -> Path | None:
    """Return the folder at or below ``root`` that holds a release; None where there is none."""
    needed = {  # CIFAR-100's files have names that any folder may have: what names its classes has to be there too
        f"{release.test}.bin": release.names_text,
        release.test: release.names_pickle,
    }
    for folder in (root / name for name in release.folders):
        for file, names in needed.items():
            if (folder / file).is_file() and (release is CIFAR_10 or (folder / names).is_file()):
                return folder
    return None


def _missing(path: Path, release: Release) -> UserError:
    files = ", ".join((*release.train, release.test))
    return UserError(f"{path}: missing; {release.name} has the files {files}")


def _read_binary(root: Path, name: str, release: Release) -> tuple[np.ndarray, np.ndarray]:
    path, record = root / f"{name}.bin", release.binary_labels + _PIXELS
    if not path.exists():
        raise _missing(path, release)
    raw = np.fromfile(path, np.uint8)
    if not raw.size or raw.size % record:
        raise UserError(f"{path}: {raw.size} bytes are not a whole number of records of {record}")
    records = raw.reshape(-1, record)
    return records[:, release.binary_labels - 1], _planes_to_pictures(records[:, release.binary_labels :])


def _read_pickle(root: Path, name: str, release: Release) -> tuple[np.ndarray, np.ndarray]:
    table = _unpickle(root / name, release)
    labels, data = np.asarray(table.get(release.labels, ())), np.asarray(table.get(b"data", ()))
    numbers = labels.dtype.kind in "iu" and data.dtype == np.uint8 and not (labels < 0).any()
    if not numbers or data.shape != (len(labels), _PIXELS):
        key = release.labels.decode()
        raise UserError(
            f"{root / name}: not a batch of {release.name}; expected {key} and data of {_PIXELS} bytes a picture"
        )
    return labels, _planes_to_pictures(data)


def _planes_to_pictures(planes: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(planes.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))


def _class_names(root: Path, release: Release) -> tuple[str, ...]:
    text, pickled = root / release.names_text, root / release.names_pickle
    if text.exists():
        return tuple(line.strip() for line in text.read_text().splitlines() if line.strip())
    if pickled.exists():
        names = _unpickle(pickled, release).get(release.names)
        if not isinstance(names, list) or not all(isinstance(name, bytes) for name in names):
            raise UserError(f"{pickled}: holds no {release.names.decode()}")
        return tuple(name.decode() for name in names)
    raise UserError(f"{root}: neither {text.name} nor {pickled.name} is there, which name the classes")


class _ArrayUnpickler(pickle.Unpickler):
    """Reads the pickles of CIFAR, which hold NumPy arrays, and refuses every other object: a pickle can run code."""

    def find_class(self, module: str, name: str) -> Any:
        """Return one of the allowed NumPy names; the name and the arguments are pickle's."""
        if (name, module.rpartition(".")[2]) not in _PICKLED:
            raise pickle.UnpicklingError(f"{module}.{name} does not belong there")
        return super().find_class(module, name)


def _unpickle(path: Path, release: Release) -> dict[bytes, Any]:
    try:
        with path.open("rb") as file:
            table = _ArrayUnpickler(file, encoding="bytes").load()
    except FileNotFoundError:
        raise _missing(path, release) from None
    except Exception as error:  # a damaged pickle can raise anything
        raise UserError(f"{path}: not a file of {release.name}'s Python release ({error})") from None
    return table if isinstance(table, dict) else {}
