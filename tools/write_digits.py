# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Write scikit-learn's digits as an image folder: python tools/write_digits.py --output_path data/digits."""

import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # a door in a folder of its own still finds src

import numpy as np
from PIL import Image

from src.cli import door_parser
from src.errors import UserError, run_door

_HELD_OUT = 360  # of the 1797 pictures, a fifth
_WHITE = 16  # the pictures have 17 levels of gray


def main() -> None:
    """Parse the command line and write train/ and val/ with a folder for each digit, 8 x 8 pixels a picture."""
    parser = door_parser("Write the real handwritten digits that come with scikit-learn as an image folder.")
    parser.add_argument("--output_path", required=True, help="folder to make; one that stands complete is left alone")
    output = Path(parser.parse_args().output_path)
    try:
        from sklearn.datasets import load_digits
        from sklearn.model_selection import train_test_split
    except ImportError:
        raise UserError("the digits come with scikit-learn: pip install -r requirements-dev.txt") from None
    digits = load_digits()
    numbers = np.arange(len(digits.target))
    splits = train_test_split(numbers, test_size=_HELD_OUT, random_state=0, stratify=digits.target)
    if output.is_dir():
        print(f"{output}: stands already")
        return
    partial = output.with_name(output.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    for split, members in zip(("train", "val"), splits, strict=True):
        for number in members:
            folder = partial / split / str(digits.target[number])
            folder.mkdir(parents=True, exist_ok=True)
            pixels = (digits.images[number] * (255 / _WHITE)).round().astype(np.uint8)
            Image.fromarray(pixels).save(folder / f"{number:04d}.png")
    partial.rename(output)
    print(f"{output}: {len(splits[0])} training and {len(splits[1])} validation pictures of 10 digits")


if __name__ == "__main__":
    run_door(main)
