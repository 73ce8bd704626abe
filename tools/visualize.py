# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Draw how diverse features are: similarity|diversity|features --checkpoint_path F --data_path DIR --output_path P."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # a door in a folder of its own still finds src

import mindspore as ms

from src.analysis.figures.networks import open_networks
from src.analysis.figures.pictures import sample_pictures
from src.analysis.figures.visualize import visualize
from src.cli import door_parser, write_report
from src.distributed import start_device
from src.errors import run_door
from src.logs import start_logging
from src.plot import check_figure_path


def main() -> None:
    """Parse the command line, look into the networks, and draw."""
    parser = door_parser("Draw how different the features of the patches are: Figures 3, 4 and 5 of the paper.")
    parser.add_argument("figure", choices=("similarity", "diversity", "features"), help="Figure 3, 4 or 5")
    parser.add_argument("--checkpoint_path", nargs="+", default=[], help="trained networks, .ckpt files")
    parser.add_argument("--model", nargs="+", default=[], help="random networks: names, key=value behind each of them")
    parser.add_argument("--labels", nargs="+", help="what the figure calls them (default: files, then names)")
    parser.add_argument("--data_path", required=True, help="a folder of pictures, in class folders or not, or one file")
    parser.add_argument("--output_path", required=True, help="the .png file to write")
    parser.add_argument("--pictures", type=int, default=100, help="how many to average over (default 100)")
    parser.add_argument("--layers", type=int, nargs="+", help="of Figures 3 and 5 (default: first, middle, last)")
    parser.add_argument("--image_size", type=int, help="pixels a side (default: the network's own; features: 1024)")
    parser.add_argument("--exact", action="store_true", help="minimise r(Z) instead of taking the mean token")
    parser.add_argument("--seed", type=int, default=42, help="of the random networks (default 42)")
    parser.add_argument("--report", help="write the numbers as JSON to this file")
    args = parser.parse_args()
    start_logging()
    start_device(args.device_target, args.device_id)
    output = check_figure_path("--output_path", args.output_path)
    pictures = sample_pictures(args.data_path, args.pictures)
    size = args.image_size or (1024 if args.figure == "features" else None)
    networks = open_networks(args.checkpoint_path, args.model, args.labels, size, args.seed, ms.set_seed)
    report = visualize(args.figure, networks, pictures, args.layers, args.exact, output)
    write_report(args.report, report)
    print(f"{output}: {args.figure} of {', '.join(network.label for network in networks)}")


if __name__ == "__main__":
    run_door(main)
