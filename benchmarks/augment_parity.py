# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Transform real pictures here and by timm on the same draws, and print the differences; draw a sheet to look at.

    python benchmarks/augment_parity.py --data_path PICTURES [--pictures 200] [--sheet sheet.png]

Needs timm, torchvision and torch beside numpy, pillow and pyyaml, and no MindSpore: an environment of its own. PICTURES
is any folder that holds pictures, at any depth. timm's sources of randomness are replaced by the generator that ours
draws from, so that both make the same choices.
"""

import argparse
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageOps
from timm.data import create_transform
from timm.data.auto_augment import AugmentOp
from timm.data.mixup import FastCollateMixup
from timm.data.random_erasing import RandomErasing

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.options import positive
from src.config import DataConfig
from src.data.batch_transform import BatchTransform
from src.data.transforms import TrainTransform, random_crop_box
from src.draws import Stream, generator
from src.preprocessing import Preprocessing

POLICY = "rand-m9-mstd0.5-inc1"
DATA = DataConfig(
    interpolation="random", auto_augment=POLICY, mixup=0.8, cutmix=1.0, erase_prob=0.25, crop_scale=(0.08, 1.0)
)
SIZE = Preprocessing()
CLASSES = 1000
SEED = 0
_SUFFIXES = (".jpg", ".jpeg", ".png")


class Replay:
    """Stands for Python's ``random`` in timm: a picture's choices, from our generator, in our order."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._layer = -1
        self._answers: deque[float] = deque()
        self.flip = 0.0

    def uniform(self, low: float, high: float) -> float:
        """Draw a number of the crop."""
        return self._rng.uniform(low, high)

    def randint(self, low: int, high: int) -> int:
        """Draw a place of the crop; both ends belong to it."""
        return low + int(self._rng.integers(high - low + 1))

    def choice(self, options: tuple) -> object:
        """Choose an interpolation: of the crop, where the flip is drawn with it, or of an operation."""
        if self._layer < 0:
            self.flip, chosen = self._rng.random(2)
        else:
            chosen = self._chances[self._layer][2]
        return options[int(chosen * len(options))]

    def operations(self, operations: list, count: int, **_: object) -> list:
        """Choose the operations, and draw all that they will ask for."""
        chosen = [operations[i] for i in self._rng.integers(len(operations), size=count)]
        self._chances, self._normal = self._rng.random((count, 4)), self._rng.standard_normal(count)
        return chosen

    def random(self) -> float:
        """Answer whether the next operation is applied, or, once its level is drawn, which sign it has."""
        if self._answers:
            return self._answers.popleft()
        self._layer += 1
        return self._chances[self._layer][0]

    def rand(self, _: int) -> torch.Tensor:
        """Answer whether to flip, for ``torch.rand``."""
        return torch.tensor([self.flip], dtype=torch.float64)

    def gauss(self, mean: float, deviation: float) -> float:
        """Draw the level of an operation."""
        self._answers = deque([self._chances[self._layer][1]])
        return mean + deviation * self._normal[self._layer]

    def applied(self) -> None:
        """Forget a sign that the operation did not ask for."""
        self._answers.clear()


@contextmanager
def replayed(rng: np.random.Generator) -> Iterator[None]:
    """Let timm's transform of one picture draw from ``rng``."""
    replay = Replay(rng)
    call = AugmentOp.__call__

    def apply(operation: object, image: Image.Image) -> Image.Image:
        result = call(operation, image)
        replay.applied()
        return result

    with (
        mock.patch("timm.data.transforms.random", replay),
        mock.patch("timm.data.auto_augment.random", replay),
        mock.patch("numpy.random.choice", replay.operations),
        mock.patch("torch.rand", replay.rand),
        mock.patch.object(AugmentOp, "__call__", apply),
    ):
        yield


@contextmanager
def replayed_batch(rng: np.random.Generator) -> Iterator[None]:
    """Let timm's mixing draw from ``rng``."""
    fakes = {"rand": rng.random, "beta": rng.beta, "randint": lambda low, high, size: int(rng.integers(low, high))}
    with mock.patch.multiple("numpy.random", **fakes):
        yield


def erase(image: torch.Tensor, rng: np.random.Generator) -> None:
    """Erase by timm, with the draws of ``rng``."""
    draws = SimpleNamespace(
        random=rng.random, uniform=rng.uniform, randint=lambda low, high: low + int(rng.integers(high - low + 1))
    )

    def pixels(per_pixel: bool, rand_color: bool, size: tuple, **_: object) -> torch.Tensor:
        return torch.from_numpy(rng.standard_normal(size, np.float32))

    with (
        mock.patch("timm.data.random_erasing.random", draws),
        mock.patch("timm.data.random_erasing._get_pixels", pixels),
    ):
        RandomErasing(DATA.erase_prob, mode=DATA.erase_mode, device="cpu")(image)


def compare_pictures(images: list[Image.Image]) -> tuple[np.ndarray, list[int]]:
    """Return our transformed pictures, and the largest difference of each from timm's."""
    ours = TrainTransform(DATA, SIZE)
    theirs = create_transform(
        SIZE.size, is_training=True, auto_augment=POLICY, interpolation="random", mean=SIZE.mean, use_prefetcher=True
    )
    results, differences = [], []
    for i, image in enumerate(images):
        own = ours(image, generator(Stream.CROP, SEED, 0, i))
        with replayed(generator(Stream.CROP, SEED, 0, i)):
            other = np.asarray(theirs(image)).transpose(1, 2, 0)
        results.append(own)
        differences.append(int(np.abs(own.astype(int) - other).max()))
    return np.stack(results), differences


def compare_batches(pictures: np.ndarray, batch_size: int) -> dict[str, float]:
    """Return the largest differences of mixed, normalised and erased batches and of their targets."""
    ours = BatchTransform(DATA, SIZE, CLASSES, 0.1, SEED)
    mix = FastCollateMixup(DATA.mixup, DATA.cutmix, label_smoothing=0.1, num_classes=CLASSES)
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) * 255 for values in (SIZE.mean, SIZE.std))
    largest = {"images": 0.0, "targets": 0.0}
    for first in range(0, len(pictures) - batch_size + 1, batch_size):
        positions = np.arange(first, first + batch_size)
        batch = pictures[positions]
        images, targets = ours(batch, positions % CLASSES, 0, positions)
        with replayed_batch(generator(Stream.MIX, SEED, 0, first)):
            samples = [(p.transpose(2, 0, 1), int(i) % CLASSES) for p, i in zip(batch, positions, strict=True)]
            mixed, their_targets = mix(samples)
        theirs = mixed.float().sub_(mean).div_(std)
        for image, position in zip(theirs, positions, strict=True):
            erase(image, generator(Stream.ERASE, SEED, 0, int(position)))
        for name, own, other in (("images", images, theirs), ("targets", targets, their_targets)):
            largest[name] = max(largest[name], float(np.abs(own - other.numpy()).max()))
    return largest


def draw_sheet(images: list[Image.Image], path: str) -> None:
    """Draw a row of each picture and four of its transforms, with the operations, and two of mixed and erased ones."""
    transform, cell, tile = TrainTransform(DATA, SIZE), 160, 140
    rows = len(images)
    sheet = Image.new("RGB", (5 * cell, (rows + 2) * cell), "white")
    draw = ImageDraw.Draw(sheet)
    shown = []
    for row, image in enumerate(images):
        _place(sheet, draw, ImageOps.fit(image, (tile, tile)), 0, row * cell, "the picture")
        for column in range(1, 5):
            position = row * 10 + column
            rng = generator(Stream.CROP, SEED, 1, position)
            random_crop_box(image.size, DATA.crop_scale, DATA.crop_ratio, rng)
            rng.random(2)
            names = [one.operation.name for one in transform.augment.draw(rng)]
            result = transform(image, generator(Stream.CROP, SEED, 1, position))
            shown.append(result)
            small = Image.fromarray(result).resize((tile, tile))
            _place(sheet, draw, small, column * cell, row * cell, ", ".join(names) or "no operation")
    batch = np.stack(shown[:10])
    images_, _ = BatchTransform(DATA, SIZE, CLASSES, 0.1, SEED + 1)(batch, np.zeros(10, int), 0, np.arange(10))
    back = (images_.transpose(0, 2, 3, 1) * SIZE.std + SIZE.mean).clip(0, 1) * 255
    for i, picture in enumerate(back.astype(np.uint8)):
        small = Image.fromarray(picture).resize((tile, tile))
        _place(sheet, draw, small, i % 5 * cell, (rows + i // 5) * cell, "mixed, erased")
    sheet.save(path)


def _place(sheet: Image.Image, draw: ImageDraw.ImageDraw, picture: Image.Image, x: int, y: int, text: str) -> None:
    sheet.paste(picture, (x + 10, y + 2))
    draw.text((x + 10, y + 144), text, "black")


def main() -> None:
    """Compare, print, and draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data_path", required=True, help="a folder that holds pictures")
    parser.add_argument("--pictures", type=positive, default=200, help="how many are compared")
    parser.add_argument("--sheet", help="draw transformed pictures into this PNG file")
    args = parser.parse_args()
    paths = [
        path for path in sorted(Path(args.data_path).rglob("*")) if path.suffix.lower() in (".jpg", ".jpeg", ".png")
    ]
    images = [Image.open(path).convert("RGB") for path in paths[: args.pictures]]
    results, differences = compare_pictures(images)
    print(f"{len(images)} pictures; crop, flip and {POLICY}: largest difference {max(differences)} of 255,", end=" ")
    print(f"{sum(not one for one in differences)} identical")
    largest = compare_batches(results, 20)
    print(f"batches of 20, mixed, normalised, erased: largest difference {largest['images']:.1e}", end="; ")
    print(f"of the targets {largest['targets']:.1e}")
    if args.sheet:
        draw_sheet(images[:: max(1, len(images) // 8)][:8], args.sheet)


if __name__ == "__main__":
    main()
