# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Export a model: python export.py --checkpoint_path F --file_format MINDIR|ONNX [--precision float16] [...]."""

from pathlib import Path

from src.cli import door_parser
from src.deploy.export import Target, export
from src.distributed import start_device
from src.errors import run_door
from src.logs import start_logging


def main() -> None:
    """Parse the command line and export."""
    parser = door_parser("Export a checkpoint; the file is verified against the network before it stands.")
    parser.add_argument("--checkpoint_path", required=True, help="a .ckpt file of this project")
    parser.add_argument("--file_format", required=True, choices=["MINDIR", "ONNX"], help="both take any batch")
    parser.add_argument(
        "--precision", choices=["float32", "float16", "int8"], default="float32", help="int8: ONNX alone"
    )
    parser.add_argument("--uint8", action="store_true", help="take pictures uint8 (B, H, W, 3) as they are; ONNX alone")
    parser.add_argument("--data_path", help="folder of pictures to verify with, and to calibrate int8 (default: drawn)")
    parser.add_argument("--output_path", help="folder of the file and its report (default: that of the checkpoint)")
    parser.add_argument("--latency_runs", type=int, default=20, help="calls to take the latency from (default 20)")
    args = parser.parse_args()
    start_logging()
    start_device(args.device_target, args.device_id)
    target = Target(args.file_format, args.precision, args.uint8)
    output = Path(args.output_path) if args.output_path else None
    export(args.checkpoint_path, target, output, args.data_path, args.latency_runs)


if __name__ == "__main__":
    run_door(main)
