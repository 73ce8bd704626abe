# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Make ``augment.npz`` beside this file with timm and torchvision: python make_augment_goldens.py.

What timm's operations give where everything that chance decides is fixed. Made with timm 1.0.31, torchvision 0.29 and
Pillow 13.0. The tests need the file, not this program.
"""

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import numpy as np
import torch
from PIL import Image
from timm.data import auto_augment, mixup
from timm.data.random_erasing import RandomErasing
from timm.data.transforms import RandomResizedCropAndInterpolation
from torchvision.transforms import functional

FILL = (124, 116, 104)
RESAMPLINGS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
LEVELS = (0.0, 4.3, 9.0, 10.0)
UNSIGNED = {"AutoContrast", "Equalize", "Invert", "SolarizeAdd", "Posterize", "Solarize"}
GEOMETRIC = {"Rotate", "ShearX", "ShearY", "TranslateXRel", "TranslateYRel"}
BOXES = 12  # of crops and of erasing


def picture() -> Image.Image:
    """Return a small picture with gradients, an edge and some noise."""
    y, x = np.mgrid[:16, :20]
    channels = [30 + 9 * x + 2 * y, 220 - 11 * y, 60 + 5 * ((x - 10) ** 2 + (y - 8) ** 2) ** 0.5 * 3]
    pixels = np.stack(channels, -1) + 60 * (x > 12)[..., None] * (y > 5)[..., None]
    noise = np.random.default_rng(0).integers(-12, 13, pixels.shape)
    return Image.fromarray((pixels + noise).clip(0, 255).astype(np.uint8))


def operations(image: Image.Image) -> dict[str, np.ndarray]:
    """Return what every operation makes of ``image``, under ``name/level/sign/resampling``."""
    found = {}
    for names in (auto_augment._RAND_TRANSFORMS, auto_augment._RAND_INCREASING_TRANSFORMS):
        for name in names:
            signs = (1,) if name.removesuffix("Increasing") in UNSIGNED else (1, -1)
            for level in LEVELS:
                for sign in signs:
                    for resampling in RESAMPLINGS if name in GEOMETRIC else ("bilinear",):
                        result = operation(image, name, level, sign, RESAMPLINGS[resampling])
                        found[f"{name}/{level}/{sign}/{resampling}"] = result
    return found


def operation(image: Image.Image, name: str, level: float, sign: int, resampling: Image.Resampling) -> np.ndarray:
    """Return what one operation makes of ``image``."""
    settings = {"img_mean": FILL, "interpolation": resampling}
    with mock.patch.object(auto_augment, "_randomly_negate", lambda value: sign * value):
        try:
            result = auto_augment.AugmentOp(name, prob=1.0, magnitude=level, hparams=settings)(image)
        except ValueError:  # 0 bits to keep, which Pillow before 13.0 took: everything is black
            assert name.startswith("Posterize")
            return np.zeros_like(np.asarray(image))
    return np.asarray(result)


class Script:
    """Stands for the modules ``random`` and ``numpy.random``: it gives out numbers, and remembers them."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.given: list[float] = []

    def _give(self, value: float) -> float:
        self.given.append(value)
        return value

    def random(self) -> float:
        return self._give(self._random.random())

    def uniform(self, low: float, high: float) -> float:
        return self._give(self._random.uniform(low, high))

    def randint(self, low: int, high: int) -> int:
        return self._give(self._random.randint(low, high))


@contextmanager
def scripted(module: str, seed: int) -> Iterator[Script]:
    """Let a module of timm draw from a script."""
    script = Script(seed)
    with mock.patch(f"{module}.random", script):
        yield script


def crops() -> list[dict]:
    """Return random resized crops: size of the picture, draws, and the box (left, top, width, height)."""
    found = []
    for seed in range(BOXES):
        size = [(40, 30), (30, 41), (200, 20)][seed % 3]
        with scripted("timm.data.transforms", seed) as script:
            top, left, height, width = RandomResizedCropAndInterpolation.get_params(
                Image.new("RGB", size), (0.08, 1.0), (3 / 4, 4 / 3)
            )
        found.append({"size": size, "draws": script.given, "box": [left, top, width, height]})
    return found


def erasings() -> list[dict]:
    """Return rectangles of random erasing: draws, and the box (top, left, height, width)."""
    found = []
    for seed in range(BOXES):
        image = torch.ones(3, 17, 23)
        with scripted("timm.data.random_erasing", seed) as script:
            RandomErasing(1.0, device="cpu")(image)
        erased = np.argwhere(image[0].numpy() == 0)
        (top, left), (bottom, right) = erased.min(0), erased.max(0) + 1
        box = [int(value) for value in (top, left, bottom - top, right - left)]
        found.append({"draws": script.given, "box": box})
    return found


@contextmanager
def fixed_mix(own: float, cuts: bool, centre: tuple[int, int] | None) -> Iterator[None]:
    """Let timm mix with this lambda, and cut around this centre."""
    with (
        mock.patch.object(mixup.Mixup, "_params_per_batch", return_value=(own, cuts)),
        mock.patch.object(np.random, "randint", side_effect=centre),
    ):
        yield


def mixtures() -> tuple[list[dict], dict[str, np.ndarray]]:
    """Return mixed batches of bytes and of floats with their targets, and how they were drawn."""
    draw = np.random.default_rng(1)
    pictures, labels = draw.integers(0, 256, (4, 3, 11, 9), dtype=np.uint8), np.array([2, 0, 4, 4])
    floats = draw.standard_normal(pictures.shape).astype(np.float32)
    cases, arrays = [], {"mix/pictures": pictures, "mix/labels": labels, "mix/floats": floats}
    for own, cuts, centre in ((0.37, False, None), (0.6, True, (3, 7)), (0.21, True, (10, 0)), (1.0, False, None)):
        where = f"mix/{len(cases)}"
        cases.append({"own": own, "centre": centre})
        settings = {"mixup_alpha": 0.8, "cutmix_alpha": 1.0, "label_smoothing": 0.1, "num_classes": 5}
        with fixed_mix(own, cuts, centre):
            batch = [(one, int(label)) for one, label in zip(pictures, labels, strict=True)]
            arrays[f"{where}/pictures"] = mixup.FastCollateMixup(**settings)(batch)[0].numpy()
        with fixed_mix(own, cuts, centre):
            images, targets = mixup.Mixup(**settings)(torch.from_numpy(floats.copy()), torch.from_numpy(labels))
        arrays[f"{where}/floats"], arrays[f"{where}/targets"] = images.numpy(), targets.numpy()
    return cases, arrays


def jitters(image: Image.Image) -> tuple[list[dict], dict[str, np.ndarray]]:
    """Return pictures with changed colours, and by what."""
    change = [functional.adjust_brightness, functional.adjust_contrast, functional.adjust_saturation]
    cases, arrays = [], {}
    for order, factors in (([0, 1, 2], [0.7, 1.3, 0.4]), ([2, 0, 1], [1.37, 0.61, 1.9]), ([1, 2, 0], [1.0, 0.0, 1.2])):
        result = image
        for which in order:
            result = change[which](result, factors[which])
        arrays[f"jitter/{len(cases)}"] = np.asarray(result)
        cases.append({"order": order, "factors": factors})
    return cases, arrays


def main() -> None:
    """Write the file."""
    image = picture()
    mixed, mixed_arrays = mixtures()
    jittered, jittered_arrays = jitters(image)
    cases = {"fill": FILL, "crops": crops(), "erasings": erasings(), "mixtures": mixed, "jitters": jittered}
    arrays = {"picture": np.asarray(image), **operations(image), **mixed_arrays, **jittered_arrays}
    path = Path(__file__).with_name("augment.npz")
    np.savez_compressed(path, cases=json.dumps(cases), **arrays)
    print(f"{path}: {len(arrays)} arrays, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
