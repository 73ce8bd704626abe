# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Evaluate a model: python eval.py --checkpoint_path F --data_path DIR [--report eval.json]."""

from src.cli import door_parser, write_report
from src.config import DataConfig
from src.data.classes import match_classes
from src.data.loader import EvalLoader
from src.data.sources import open_source
from src.deploy.load import load_classifier
from src.distributed import start_device, start_ranks
from src.engine.evaluate import evaluate
from src.engine.tasks import TASKS
from src.errors import run_door
from src.logs import start_logging


def main() -> None:
    """Parse the command line, evaluate, and print the result."""
    parser = door_parser("Evaluate a model on the validation split of a data set, every picture once.")
    parser.add_argument("--checkpoint_path", required=True, help="a .ckpt, .mindir or .onnx file of this project")
    parser.add_argument("--data_path", required=True, help="a data set with val/, one split of it, or CIFAR-10")
    parser.add_argument("--batch_size", type=int, default=DataConfig.eval_batch_size, help="pictures a step")
    parser.add_argument("--report", help="write the result as JSON to this file")
    args = parser.parse_args()
    start_logging()
    start_device(args.device_target, args.device_id)
    ranks = start_ranks()
    classifier = load_classifier(args.checkpoint_path)
    known = classifier.description
    source = open_source(args.data_path, "val")
    labels = match_classes(source.classes, known.classes, known.settings["num_classes"], source.name)
    data = DataConfig(eval_batch_size=args.batch_size)
    loader = EvalLoader(source, labels, data, known.preprocessing, ranks, classifier.prepare)
    result = evaluate(classifier.logits, loader, TASKS[known.task].metric(), ranks)
    if not ranks.first:
        return
    print(f"{result.metric.summary()}  {result.pictures} pictures  {result.images_per_second:.1f} images/s")
    write_report(args.report, result.report(args.checkpoint_path, args.data_path))


if __name__ == "__main__":
    run_door(main)
