# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Export a model: python export.py --checkpoint_path F --file_format MINDIR|ONNX [--output_path DIR]."""

from pathlib import Path

from src.config import door_parser
from src.deploy.export import export
from src.distributed import start_device
from src.errors import run_door
from src.logs import start_logging


def main() -> None:
    """Parse the command line and export."""
    parser = door_parser("Export a checkpoint; the file is verified against the network before it stands.")
    parser.add_argument("--checkpoint_path", required=True, help="a .ckpt file of this project")
    parser.add_argument("--file_format", required=True, choices=["MINDIR", "ONNX"], help="MINDIR takes any batch")
    parser.add_argument("--output_path", help="folder of the file (default: that of the checkpoint)")
    parser.add_argument("--batch_size", type=int, default=1, help="pictures a call of an ONNX file (default 1)")
    args = parser.parse_args()
    start_logging()
    start_device(args.device_target, args.device_id)
    output = Path(args.output_path) if args.output_path else None
    export(args.checkpoint_path, args.file_format, output, args.batch_size)


if __name__ == "__main__":
    run_door(main)
