# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Export every registered network with fresh weights, and print how far each file is from it.

python benchmarks/exports.py [--models augvit_s ...] [--file_format ONNX] [--precision float32] [--image_size 384]
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # a door in a folder of its own still finds src

from benchmarks.options import positive
from src.checkpoint.record import Description, Record, save_record
from src.deploy.export import Export, Target, export
from src.distributed import start_device
from src.models.contract import unique_parameters
from src.models.registry import create_model, list_models
from src.overlay import plain


def write_fresh(name: str, path: Path, image_size: int | None) -> None:
    """Write a checkpoint of a registered model that nothing has trained, for its own size of pictures or another."""
    model = create_model(name, **({"image_size": image_size} if image_size else {}))
    description = Description(model=name, settings=plain(model.settings), preprocessing=model.preprocessing)
    save_record(path, Record(description, {key: value.asnumpy() for key, value in unique_parameters(model).items()}))


def exports(models: list[str], target: Target, image_size: int | None) -> Iterator[tuple[str, Export, int]]:
    """Yield what the export of each model found, and the bytes of its file, one at a time."""
    for name in models:
        with tempfile.TemporaryDirectory() as folder:
            checkpoint = Path(folder) / f"{name}.ckpt"
            write_fresh(name, checkpoint, image_size)
            found = export(str(checkpoint), target)
            yield name, found, found.path.stat().st_size


def main() -> None:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(description="How far exported files are from the networks.")
    parser.add_argument("--models", nargs="+", default=list_models(), help="registered models; default: all")
    parser.add_argument("--file_format", choices=["MINDIR", "ONNX"], default="ONNX")
    parser.add_argument("--precision", choices=["float32", "float16"], default="float32")
    parser.add_argument("--image_size", type=positive, help="pixels a side; default: the model's own")
    args = parser.parse_args()
    start_device("CPU")
    target = Target(args.file_format, args.precision)
    print(
        "Largest difference of a logit, over the largest logit, on noise in batches of 1, 2 and 7, and on pictures.\n"
    )
    print("| model | MB | 1 | 2 | 7 | pictures |\n|---|---|---|---|---|---|")
    for name, found, size in exports(args.models, target, args.image_size):
        cells = [*found.verification.noise.values(), found.verification.pictures]
        numbers = " | ".join(f"{cell.relative:.1e}" for cell in cells)
        print(f"| {name} | {size / 1e6:.1f} | {numbers} |", flush=True)


if __name__ == "__main__":
    main()
