# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Where pictures come from: ImageNet-style folders, and CIFAR-10 in its binary and its Python release."""

import hashlib
import pickle
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image

from src.errors import UserError
from src.logs import get_logger

Split = Literal["train", "val"]
EXTENSIONS = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm"})
_CIFAR_FOLDERS = ("", "cifar-10-batches-bin", "cifar-10-batches-py")
_CIFAR_RECORD = 1 + 3 * 32 * 32  # a label byte, then the planes red, green, blue
# what an array needs in a pickle, whatever release of NumPy wrote it: (name, last part of the module)
_PICKLED = {("_reconstruct", "multiarray"), ("ndarray", "numpy"), ("dtype", "numpy"), ("encode", "_codecs")}
_DIGEST_CHUNK = 65536  # names hashed at a time
_log = get_logger(__name__)


class Source(ABC):
    """Pictures by number, each with its class.

    Attributes:
        name: what the pictures are, for messages.
        classes: names of the classes, in the order of the labels.
        labels: int32 (n,), the class of each picture.
    """

    name: str
    classes: tuple[str, ...]
    labels: np.ndarray

    def __len__(self) -> int:
        """Return the number of pictures."""
        return len(self.labels)

    @abstractmethod
    def picture(self, index: int) -> Image.Image:
        """Return picture ``index`` in RGB; raises ``UserError`` naming it when it can't be read."""

    @abstractmethod
    def picture_name(self, index: int) -> str:
        """Return the name of picture ``index`` within the data set."""

    def digest(self) -> str:
        """Return a SHA-256 over classes, labels and names: equal for two sources of the same pictures in one order."""
        digest = hashlib.sha256("\n".join(self.classes).encode())
        digest.update(np.ascontiguousarray(self.labels).tobytes())
        for start in range(0, len(self), _DIGEST_CHUNK):
            names = (self.picture_name(i) for i in range(start, min(start + _DIGEST_CHUNK, len(self))))
            digest.update("\n".join(names).encode())
        return digest.hexdigest()


class ImageFolder(Source):
    """``root/<class>/<picture>``: one class a folder, in sorted order."""

    def __init__(self, root: Path) -> None:
        """List the pictures of ``root``.

        Raises:
            UserError: no class folder, or one without a picture.
        """
        self.name = str(root)
        folders = sorted(path for path in root.iterdir() if path.is_dir())
        hidden = [path.name for path in folders if path.name.startswith(".")]
        if hidden:
            _log.info("%s: hidden folders left out: %s", root, ", ".join(hidden))
        folders = [path for path in folders if not path.name.startswith(".")]
        if not folders:
            raise UserError(f"{root}: no class folder; expected one folder of pictures a class")
        self.classes = tuple(folder.name for folder in folders)
        self.files: list[Path] = []
        labels: list[int] = []
        for label, folder in enumerate(folders):
            files = picture_files(folder)
            if not files:
                raise UserError(f"{folder}: no picture in this class folder; remove the folder or fill it")
            self.files += files
            labels += [label] * len(files)
        self.labels = np.array(labels, np.int32)

    def picture(self, index: int) -> Image.Image:
        """Return picture ``index`` in RGB."""
        return read_picture(self.files[index])

    def picture_name(self, index: int) -> str:
        """Return ``class/file``."""
        file = self.files[index]
        return f"{file.parent.name}/{file.name}"


class Cifar10(Source):
    """CIFAR-10 as it is distributed: 32 x 32 pictures, 50,000 to train and 10,000 to test."""

    def __init__(self, root: Path, split: Split) -> None:
        """Read a split of ``root``; ``val`` is the test batch.

        Raises:
            UserError: a batch is missing or damaged.
        """
        self.name = f"{root} ({'train' if split == 'train' else 'test'})"
        names = [f"data_batch_{i}" for i in range(1, 6)] if split == "train" else ["test_batch"]
        read = _read_binary_batch if (root / "test_batch.bin").exists() else _read_python_batch
        labels, pixels = zip(*(read(root, name) for name in names), strict=True)
        self.labels = np.concatenate(labels).astype(np.int32)
        self.pixels = np.concatenate(pixels)  # (n, 32, 32, 3) uint8
        self.classes = _cifar_classes(root)
        if self.labels.max() >= len(self.classes):
            raise UserError(f"{self.name}: label {self.labels.max()} is beyond its {len(self.classes)} classes")

    def picture(self, index: int) -> Image.Image:
        """Return picture ``index`` in RGB."""
        return Image.fromarray(self.pixels[index])

    def picture_name(self, index: int) -> str:
        """Return the number of the picture in its split."""
        return str(index)


def open_source(path: str, split: Split, data_format: Literal["auto", "image_folder", "cifar10"] = "auto") -> Source:
    """Return a split of the data set at ``path``.

    Args:
        path: a folder with ``train`` and ``val``, the class folders of one split, or a folder of CIFAR-10.
        split: which one; the class folders of one split serve as either.
        data_format: what ``path`` holds; ``auto`` looks.

    Raises:
        UserError: nothing of the kind is there.
    """
    root = Path(path)
    if not path:
        raise UserError("--data_path: missing; it names the folder of the data set")
    if not root.is_dir():
        raise UserError(f"--data_path {root}: no such folder")
    cifar = _find_cifar(root)
    if data_format == "cifar10" and cifar is None:
        raise UserError(f"--data_path {root}: no CIFAR-10 there; expected test_batch.bin or test_batch and the others")
    if cifar is not None and data_format != "image_folder":
        return Cifar10(cifar, split)
    if (root / split).is_dir():
        return ImageFolder(root / split)
    other = "val" if split == "train" else "train"
    if (root / other).is_dir():
        raise UserError(f"--data_path {root}: has {other}/ but no {split}/")
    return ImageFolder(root)


def picture_files(folder: Path) -> list[Path]:
    """Return the picture files of a folder by their extensions, sorted, hidden ones left out."""
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in EXTENSIONS and path.is_file() and not path.name.startswith(".")
    )


def read_picture(path: Path) -> Image.Image:
    """Return the picture of a file in RGB: gray, CMYK, palette, 16-bit and RGBA ones are converted.

    Transparency is dropped, and no EXIF rotation is applied, as torchvision's loader does it.

    Raises:
        UserError: the file is not a picture, or is cut off.
    """
    try:
        with Image.open(path) as image:
            return _to_rgb(image)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise UserError(f"{path}: not a readable picture ({' '.join(str(error).split())})") from None


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "RGB":
        image.load()
        return image  # convert() would copy it
    if image.mode.startswith("I"):  # 16 bits a pixel: keep the upper 8, which convert() would clip
        return Image.fromarray((np.asarray(image).astype(np.uint32) >> 8).clip(0, 255).astype(np.uint8)).convert("RGB")
    if image.mode == "P" and "transparency" in image.info:
        image = image.convert("RGBA")
    return image.convert("RGB")


def _find_cifar(root: Path) -> Path | None:
    folders = [root / name for name in _CIFAR_FOLDERS]
    return next((f for f in folders if (f / "test_batch.bin").exists() or (f / "test_batch").exists()), None)


def _read_binary_batch(root: Path, name: str) -> tuple[np.ndarray, np.ndarray]:
    path = root / f"{name}.bin"
    if not path.exists():
        raise UserError(f"{path}: missing; CIFAR-10 has five training batches and a test batch")
    raw = np.fromfile(path, np.uint8)
    if not raw.size or raw.size % _CIFAR_RECORD:
        raise UserError(f"{path}: {raw.size} bytes are not a whole number of records of {_CIFAR_RECORD}")
    records = raw.reshape(-1, _CIFAR_RECORD)
    return records[:, 0], _planes_to_pictures(records[:, 1:])


def _read_python_batch(root: Path, name: str) -> tuple[np.ndarray, np.ndarray]:
    table = _unpickle(root / name)
    labels, data = np.asarray(table.get(b"labels", ())), np.asarray(table.get(b"data", ()))
    numbers = labels.dtype.kind in "iu" and data.dtype == np.uint8 and not (labels < 0).any()
    if not numbers or data.shape != (len(labels), _CIFAR_RECORD - 1):
        raise UserError(f"{root / name}: not a batch of CIFAR-10; expected labels and data of 3072 bytes a picture")
    return labels, _planes_to_pictures(data)


def _planes_to_pictures(planes: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(planes.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))


def _cifar_classes(root: Path) -> tuple[str, ...]:
    text = root / "batches.meta.txt"
    if text.exists():
        return tuple(line.strip() for line in text.read_text().splitlines() if line.strip())
    if (root / "batches.meta").exists():
        names = _unpickle(root / "batches.meta").get(b"label_names")
        if not isinstance(names, list) or not all(isinstance(name, bytes) for name in names):
            raise UserError(f"{root / 'batches.meta'}: holds no label_names")
        return tuple(name.decode() for name in names)
    raise UserError(f"{root}: neither batches.meta.txt nor batches.meta is there, which name the classes")


class _ArrayUnpickler(pickle.Unpickler):
    """Reads the pickles of CIFAR-10, which hold NumPy arrays, and refuses every other object: a pickle can run code."""

    def find_class(self, module: str, name: str) -> Any:
        """Return one of the allowed NumPy names; the name and the arguments are pickle's."""
        if (name, module.rpartition(".")[2]) not in _PICKLED:
            raise pickle.UnpicklingError(f"{module}.{name} does not belong there")
        return super().find_class(module, name)


def _unpickle(path: Path) -> dict[bytes, Any]:
    try:
        with path.open("rb") as file:
            table = _ArrayUnpickler(file, encoding="bytes").load()
    except FileNotFoundError:
        raise UserError(f"{path}: missing; CIFAR-10 has five training batches and a test batch") from None
    except Exception as error:  # a damaged pickle can raise anything
        raise UserError(f"{path}: not a file of CIFAR-10's Python release ({error})") from None
    return table if isinstance(table, dict) else {}
