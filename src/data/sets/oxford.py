# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Flowers-102 (Nilsback and Zisserman, 2008) and Oxford-IIIT Pets (Parkhi et al., 2012), as they are distributed."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from src.data.picture_files import read_picture
from src.data.source import Source, Split
from src.errors import UserError

_FLOWER_CLASSES = 102
_FLOWER_FILES = ("imagelabels.mat", "setid.mat")
# "val" is the part that accuracies are published on; training takes the small official validation part as well
_FLOWER_PARTS = {"train": ("trnid", "valid"), "val": ("tstid",)}
_PET_LISTS = {"train": "trainval.txt", "val": "test.txt"}


class ListedPictures(Source):
    """Pictures of files whose classes stand in a list."""

    def __init__(self, name: str, files: Sequence[Path], labels: Sequence[int], classes: Sequence[str]) -> None:
        """Build of ``files`` and the labels of each.

        Raises:
            UserError: there are none, or one of the files is not there.
        """
        self.name, self.files, self.classes = name, list(files), tuple(classes)
        self.labels = np.array(labels, np.int32)
        if not self.files:
            raise UserError(f"{name}: lists no picture")
        missing = [file for file in self.files if not file.is_file()]
        if missing:
            raise UserError(f"{missing[0]}: missing; {name} lists it, and {len(missing) - 1} more that are not there")

    def picture(self, index: int) -> Image.Image:
        """Return picture ``index`` in RGB."""
        return read_picture(self.files[index])

    def picture_name(self, index: int) -> str:
        """Return the name of the file."""
        return self.files[index].name


def find_flowers(root: Path) -> Path | None:
    """Return the folder that holds Flowers-102: ``jpg/``, ``imagelabels.mat`` and ``setid.mat``, if any."""
    folders = (root, root / "flowers-102")
    return next((folder for folder in folders if all((folder / name).is_file() for name in _FLOWER_FILES)), None)


def read_flowers(root: Path, split: Split) -> ListedPictures:
    """Return a split of Flowers-102: 2040 pictures to train (the official train and validation parts), 6149 to test.

    Classes are named by their numbers, ``001`` to ``102``: the distribution has no names.

    Raises:
        UserError: a file is damaged, or a picture is not there.
    """
    labels, parts = (_read_mat(root / name) for name in _FLOWER_FILES)
    try:
        of_all = labels["labels"].reshape(-1)
        numbers = np.concatenate([parts[part].reshape(-1) for part in _FLOWER_PARTS[split]])
        own = of_all[numbers.astype(np.int64) - 1].astype(np.int64) - 1
    except (KeyError, IndexError) as error:
        raise UserError(f"{root}: {' and '.join(_FLOWER_FILES)} do not go together ({error})") from None
    if own.min() < 0 or own.max() >= _FLOWER_CLASSES:
        raise UserError(f"{root / _FLOWER_FILES[0]}: labels must lie in [1, {_FLOWER_CLASSES}]")
    files = [root / "jpg" / f"image_{number:05d}.jpg" for number in numbers]
    classes = [f"{number:03d}" for number in range(1, _FLOWER_CLASSES + 1)]
    return ListedPictures(f"{root} ({'train' if split == 'train' else 'test'})", files, own.tolist(), classes)


def find_pets(root: Path) -> Path | None:
    """Return the folder with the lists of the Oxford-IIIT Pets beside or above ``images/``; None if there is none."""
    folders = (root, root / "annotations", root / "oxford-iiit-pet" / "annotations")
    return next((folder for folder in folders if all((folder / name).is_file() for name in _PET_LISTS.values())), None)


def read_pets(lists: Path, split: Split) -> ListedPictures:
    """Return a split of the Oxford-IIIT Pets: 3680 pictures to train, 3669 to test, of 37 breeds.

    A line of a list is ``Abyssinian_201 1 1 1``: the picture, whose name is that of its breed and a number, the number
    of its breed from 1, and two numbers that are not used.

    Raises:
        UserError: a line of another form, or a picture is not there.
    """
    path = lists / _PET_LISTS[split]
    images = next(
        (folder for folder in (lists / "images", lists.parent / "images") if folder.is_dir()), lists / "images"
    )
    files, numbers, breeds = [], [], {}
    for place, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        words = line.split()
        if not words or line.startswith("#"):
            continue
        if len(words) < 2 or not words[1].isdecimal():
            raise UserError(f"{path}: line {place}: expected a picture and the number of its breed, got {line!r}")
        files.append(images / f"{words[0]}.jpg")
        numbers.append(int(words[1]))
        breeds[int(words[1])] = words[0].rpartition("_")[0]
    ordered = sorted(breeds)
    labels = [ordered.index(number) for number in numbers]
    return ListedPictures(str(path), files, labels, [breeds[number] for number in ordered])


def _read_mat(path: Path) -> dict[str, np.ndarray]:
    from scipy.io import loadmat  # MindSpore itself needs SciPy; nothing else here does

    try:
        return loadmat(path)
    except (OSError, ValueError, TypeError, NotImplementedError) as error:
        raise UserError(f"{path}: not a file of MATLAB arrays ({' '.join(str(error).split())})") from None
