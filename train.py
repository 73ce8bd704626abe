# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Train a model: python train.py --config_path config/augvit_digits.yaml --data_path DIR [key=value ...]."""

import json
from pathlib import Path

from src.cli import door_parser
from src.config import load_config
from src.distributed import start_device, start_ranks
from src.engine.train import check, train
from src.errors import run_door
from src.logs import start_logging


def main() -> None:
    """Parse the command line and train."""
    parser = door_parser("Train a model; what the run leaves stands in its run folder.")
    parser.add_argument("--config_path", required=True, help="a YAML file of config/")
    parser.add_argument("--data_path", help="the data set (sets data.path)")
    parser.add_argument("--output_path", help="run folder (default: runs/ and the name of the config)")
    parser.add_argument("--resume", action="store_true", help="go on from the run folder's newest checkpoint")
    parser.add_argument("--allow_changes", action="store_true", help="resume under other settings, too")
    parser.add_argument("--check", action="store_true", help="find out whether the training would start, and stop")
    parser.add_argument("--ranks", type=int, default=1, help="with --check: how many would train together")
    parser.add_argument("assignments", nargs="*", metavar="key=value", help="settings over those of the config")
    args = parser.parse_intermixed_args()  # settings before and after flags
    start_logging()
    assignments = [*([f"data.path={json.dumps(args.data_path)}"] if args.data_path else []), *args.assignments]
    config = load_config(args.config_path, assignments)
    start_device(args.device_target, args.device_id)
    output = Path(args.output_path or Path("runs") / Path(args.config_path).stem)
    if args.check:
        check(config, output, args.ranks, args.resume, args.allow_changes)
    else:
        train(config, output, start_ranks(), args.resume, args.allow_changes)


if __name__ == "__main__":
    run_door(main)
