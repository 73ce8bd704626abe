# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Classify pictures: python infer.py --model_path F.ckpt|F.mindir|F.onnx --input PICTURES... [--sheet sheet.png]."""

import sys

from src.cli import door_parser, write_report
from src.deploy.inputs import find_pictures
from src.deploy.load import load_classifier
from src.deploy.predict import predict
from src.deploy.sheet import draw_sheet
from src.distributed import start_device
from src.errors import run_door
from src.logs import start_logging
from src.overlay import plain
from src.plot import check_figure_path


def main() -> None:
    """Parse the command line and print the likeliest classes of each picture."""
    parser = door_parser("Name what pictures show, with a checkpoint or an exported file.")
    parser.add_argument("--model_path", required=True, help="a .ckpt, .mindir or .onnx file of this project")
    parser.add_argument("--input", required=True, nargs="+", help="pictures, folders, - for standard input")
    parser.add_argument("--top", type=int, default=5, help="classes to name for each picture (default 5)")
    parser.add_argument("--report", help="write the result as JSON to this file")
    parser.add_argument("--sheet", help="draw the pictures with their classes into this .png file")
    args = parser.parse_args()
    start_logging()
    start_device(args.device_target, args.device_id)
    sheet = check_figure_path("--sheet", args.sheet) if args.sheet else None
    pictures = find_pictures(args.input, sys.stdin.buffer)
    predictions = predict(load_classifier(args.model_path), pictures, args.top)
    for prediction in predictions:
        guesses = (f"{guess.title} {100 * guess.probability:.1f} %" for guess in prediction.guesses)
        print(f"{prediction.path}: {', '.join(guesses)}")
    write_report(args.report, plain(predictions))
    if sheet:
        draw_sheet(pictures, predictions, sheet)


if __name__ == "__main__":
    run_door(main)
