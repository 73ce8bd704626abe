# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Convert PyTorch weights to a checkpoint, or back: python tools/convert.py --model deit_ti --weights W --output F.

--to pytorch writes the official names and shapes, --to tensors our own.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # a door in a folder of its own still finds src

from src.checkpoint.pytorch import convert_file, export_file
from src.cli import door_parser
from src.config import load_assignments
from src.distributed import start_device
from src.errors import run_door
from src.logs import start_logging


def main() -> None:
    """Parse the command line and convert."""
    parser = door_parser("Convert weights of the official PyTorch code into a checkpoint of this project, or back.")
    parser.add_argument("--to", choices=("checkpoint", "pytorch", "tensors"), default="checkpoint")
    parser.add_argument("--model", help="registered model that the weights are for; a checkpoint knows its own")
    parser.add_argument("--weights", required=True, help="a .npz, .safetensors or .pth file; else a .ckpt")
    parser.add_argument("--output", required=True, help="the .ckpt file to write; else .safetensors, .npz or .pth")
    parser.add_argument("--classes", help="class names: a name a line, a JSON list, or ImageNet's class index")
    parser.add_argument("--replace_head", action="store_true", help="put a fresh head in place of the file's")
    parser.add_argument("--mean", type=float, nargs=3, help="of the preprocessing, where it differs from the model's")
    parser.add_argument("--std", type=float, nargs=3, help="of the preprocessing")
    parser.add_argument("--resize", type=int, help="shorter side before the centre crop, pixels")
    parser.add_argument("--interpolation", help="of the resize: bicubic, bilinear or nearest")
    parser.add_argument("assignments", nargs="*", metavar="key=value", help="settings of the model, image_size=384")
    args = parser.parse_args()
    start_logging()
    settings = load_assignments(args.assignments)
    start_device(args.device_target, args.device_id)
    if args.to != "checkpoint":
        export_file(args.weights, args.output, official=args.to == "pytorch")
        return
    if args.model is None:
        parser.error("--model: which registered model the weights are for")
    preprocessing = {key: getattr(args, key) for key in ("mean", "std", "resize", "interpolation")}
    preprocessing = {key: value for key, value in preprocessing.items() if value is not None}
    convert_file(args.model, settings, args.weights, args.output, preprocessing, args.classes, args.replace_head)


if __name__ == "__main__":
    run_door(main)
