# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Classify pictures: python infer.py --model_path F.ckpt|F.mindir|F.onnx --input PICTURES... [--top 5]."""

from src.config import door_parser, plain, write_report
from src.deploy.predict import load_classifier, predict
from src.distributed import start_device
from src.errors import run_door
from src.logs import start_logging


def main() -> None:
    """Parse the command line and print the likeliest classes of each picture."""
    parser = door_parser("Name what pictures show, with a checkpoint or an exported file.")
    parser.add_argument("--model_path", required=True, help="a .ckpt, .mindir or .onnx file of this project")
    parser.add_argument("--input", required=True, nargs="+", help="pictures, or folders of them")
    parser.add_argument("--top", type=int, default=5, help="classes to name for each picture (default 5)")
    parser.add_argument("--report", help="write the result as JSON to this file")
    args = parser.parse_args()
    start_logging()
    start_device(args.device_target, args.device_id)
    predictions = predict(load_classifier(args.model_path), args.input, args.top)
    for prediction in predictions:
        guesses = (f"{guess.title} {100 * guess.probability:.1f} %" for guess in prediction.guesses)
        print(f"{prediction.path}: {', '.join(guesses)}")
    write_report(args.report, plain(predictions))


if __name__ == "__main__":
    run_door(main)
