# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Whether a file computes what the network computes: on noise, and on pictures from the disk to the class."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from src.data.picture_files import read_picture
from src.data.transforms import eval_picture
from src.deploy.classifier import Classifier
from src.logs import Progress

BATCHES = (1, 2, 7)  # of noise
_BATCH = 8  # pictures at a time
_SIZES = ((320, 240), (240, 320), (500, 333), (64, 64), (97, 211), (256, 256), (640, 200), (33, 40))


class VerificationError(RuntimeError):
    """An exported file does not compute what the network computes; it was removed."""


@dataclass(frozen=True)
class Difference:
    """How far the logits of a file are from those of the network."""

    absolute: float  # the largest difference of a logit
    relative: float  # that, over the largest logit of the network
    agreement: float  # share of the pictures that both put into the same class, in [0, 1]
    pictures: int


@dataclass(frozen=True)
class Bound:
    """What a file has to keep to."""

    absolute: float  # of the largest difference of a logit
    relative: float  # of that over the largest logit
    agreement: float  # at least, on pictures


# float32: the order of sums alone differs. The others were set with DeiT-Ti, whose files reach less than half of them.
BOUNDS = {
    "float32": Bound(1e-4, np.inf, 0.0),
    "float16": Bound(np.inf, 0.02, 0.95),
    "int8": Bound(np.inf, 0.6, 0.8),
}


@dataclass(frozen=True)
class Verification:
    """What was compared."""

    noise: dict[int, Difference]  # by the size of the batch
    pictures: Difference

    def fault(self, bound: Bound) -> str:
        """Say what does not keep to ``bound``; "" where all does."""
        checks = [(f"noise in batches of {size}", found) for size, found in self.noise.items()]
        for what, found in (*checks, ("pictures", self.pictures)):
            if not found.absolute <= bound.absolute:  # a NaN keeps to nothing
                return f"{what}: logits differ by {found.absolute:.2e}, allowed is {bound.absolute:g}"
            if not found.relative <= bound.relative:
                return f"{what}: logits differ by {found.relative:.1%} of the largest, allowed is {bound.relative:.0%}"
        same, count = self.pictures.agreement, self.pictures.pictures
        others = round((1 - same) * count)
        if others > max(1, (1 - bound.agreement) * count):  # one may be a tie, which any rounding decides
            return f"pictures: {same:.1%} in the same class, at least {bound.agreement:.0%} have to be"
        return ""


def verify(classifier: Classifier, reference: Classifier, pictures: Sequence[Path]) -> Verification:
    """Compare a file with the network that it was made of.

    Each of the two prepares its input as its own description says, so a wrong mean or size shows, too.

    Args:
        classifier: of the file.
        reference: of the network.
        pictures: files.

    Raises:
        UserError: a picture that can't be read.
    """
    # first: the reference fills smaller batches up to the largest it has seen, and compiles for each size that it sees
    progress = Progress("verifying", 2 * len(pictures))
    own, expected = (_classify_files(one, pictures, progress) for one in (classifier, reference))
    progress.close()
    sides, rng = reference.description.preprocessing.sides, np.random.default_rng(0)
    noise = {}
    for count in BATCHES:
        batch = rng.integers(0, 256, (count, *sides, 3), dtype=np.uint8)
        noise[count] = difference(classifier.classify(batch), reference.classify(batch))
    return Verification(noise, difference(own, expected))


def difference(logits: np.ndarray, expected: np.ndarray) -> Difference:
    """Return how far ``logits`` (B, K) are from those that are expected."""
    absolute = float(np.abs(logits - expected).max())
    agreement = float((logits.argmax(1) == expected.argmax(1)).mean())
    return Difference(absolute, absolute / float(np.abs(expected).max()), agreement, len(expected))


def _classify_files(classifier: Classifier, files: Sequence[Path], progress: Progress) -> np.ndarray:
    preprocessing = classifier.description.preprocessing
    found = []
    for start in range(0, len(files), _BATCH):
        pictures = [eval_picture(read_picture(path), preprocessing) for path in files[start : start + _BATCH]]
        found.append(classifier.classify(np.stack(pictures)))
        progress.advance(len(pictures), "pictures")
    return np.concatenate(found)


def draw_pictures(folder: Path) -> list[Path]:
    """Write sixteen pictures of coloured shapes into ``folder``, of several sizes, as JPEG and PNG files.

    They stand in for photographs where none are named: they go through decoding, resizing and cropping alike.
    """
    rng = np.random.default_rng(0)
    files = []
    for i, (width, height) in enumerate(_SIZES * 2):
        rows, columns = np.linspace(0, 1, height)[:, None, None], np.linspace(0, 1, width)[None, :, None]
        pixels = 255 * (rows * rng.random(3) + columns * rng.random(3)) / 2 + rng.normal(0, 12, (height, width, 3))
        image = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
        pen = ImageDraw.Draw(image)
        for _ in range(6):
            left, top = rng.integers(0, (width, height))
            side, colour = rng.integers(4, max(width, height)), tuple(map(int, rng.integers(0, 256, 3)))
            shape = pen.ellipse if rng.random() < 0.5 else pen.rectangle
            shape([int(left), int(top), int(left + side), int(top + side // 2)], fill=colour)
        files.append(folder / f"{i}.{'jpg' if i % 2 else 'png'}")
        image.save(files[-1])
    return files
