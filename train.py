# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Train a model: python train.py --config_path config/augvit_digits.yaml --data_path DIR [key=value ...]."""

import json
from pathlib import Path

from src.config import door_parser, load_config
from src.distributed import start_device
from src.engine.train import train
from src.errors import run_door
from src.logs import start_logging


def main() -> None:
    """Parse the command line and train."""
    parser = door_parser("Train a model; what the run leaves stands in its run folder.")
    parser.add_argument("--config_path", required=True, help="a YAML file of config/")
    parser.add_argument("--data_path", help="the data set (sets data.path)")
    parser.add_argument("--output_path", help="run folder (default: runs/ and the name of the config)")
    parser.add_argument("assignments", nargs="*", metavar="key=value", help="settings over those of the config")
    args = parser.parse_args()
    start_logging()
    assignments = [*([f"data.path={json.dumps(args.data_path)}"] if args.data_path else []), *args.assignments]
    config = load_config(args.config_path, assignments)
    start_device(args.device_target, args.device_id)
    train(config, Path(args.output_path or Path("runs") / Path(args.config_path).stem))


if __name__ == "__main__":
    run_door(main)
