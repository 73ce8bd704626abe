# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Which data set lies in a folder."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from src.data.sets.cifar import CIFAR_10, CIFAR_100, Cifar, find_cifar
from src.data.sets.image_folder import ImageFolder
from src.data.sets.oxford import find_flowers, find_pets, read_flowers, read_pets
from src.data.source import Source, Split
from src.errors import UserError

Format = Literal["auto", "image_folder", "cifar10", "cifar100", "flowers102", "pets"]

# of each format but folders: where it is found, how a split is read, and what is expected
_FORMATS: dict[str, tuple[Callable[[Path], Path | None], Callable[[Path, Split], Source], str]] = {
    "cifar10": (
        lambda root: find_cifar(root, CIFAR_10),
        lambda root, split: Cifar(root, split, CIFAR_10),
        "no CIFAR-10 there; expected test_batch.bin or test_batch and the others",
    ),
    "cifar100": (
        lambda root: find_cifar(root, CIFAR_100),
        lambda root, split: Cifar(root, split, CIFAR_100),
        "no CIFAR-100 there; expected test.bin and fine_label_names.txt, or test and meta",
    ),
    "flowers102": (find_flowers, read_flowers, "no Flowers-102 there; expected jpg/, imagelabels.mat and setid.mat"),
    "pets": (find_pets, read_pets, "no Oxford-IIIT Pets there; expected images/ and annotations/ with their lists"),
}


def open_source(path: str, split: Split, data_format: Format = "auto") -> Source:
    """Return a split of the data set at ``path``.

    Args:
        path: a folder with ``train`` and ``val``, the class folders of one split, or a data set as it is distributed.
        split: which one; the class folders of one split serve as either. ``val`` of a distributed one is its test part.
        data_format: what ``path`` holds; ``auto`` looks.

    Raises:
        UserError: nothing of the kind is there.
    """
    root = Path(path)
    if not path:
        raise UserError("--data_path: missing; it names the folder of the data set")
    if not root.is_dir():
        raise UserError(f"--data_path {root}: no such folder")
    for name, (find, read, expected) in _FORMATS.items():
        if data_format not in ("auto", name):
            continue
        found = find(root)
        if found is not None:
            return read(found, split)
        if data_format == name:
            raise UserError(f"--data_path {root}: {expected}")
    if (root / split).is_dir():
        return ImageFolder(root / split)
    other = "val" if split == "train" else "train"
    if (root / other).is_dir():
        raise UserError(f"--data_path {root}: has {other}/ but no {split}/")
    return ImageFolder(root)
