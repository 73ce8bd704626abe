# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Training: from a config to a run folder."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Parameter, Tensor

from src.checkpoint.adapt import start_from
from src.checkpoint.record import EMA, OPTIMIZER, Description, Record, load_record, save_record
from src.config import Config, plain
from src.data.classes import match_classes
from src.data.loader import Batch, EvalLoader, TrainLoader
from src.data.sources import Source, open_source
from src.distributed import Ranks
from src.engine.evaluate import Evaluation, evaluate
from src.engine.heading import Heading, choose_heading
from src.engine.metrics import Accuracy, accuracy
from src.engine.run_folder import RunFolder
from src.engine.step import compile_step
from src.layers.drop_path import drop_path_masks
from src.logs import Progress, get_logger, start_logging
from src.models.contract import Backbone, count_parameters, unique_parameters
from src.models.inference import network_logits
from src.models.registry import create_model, find_variant
from src.optim.adamw import AdamW
from src.optim.ema import MovingAverage
from src.optim.schedule import learning_rate

_log = get_logger(__name__)


def train(config: Config, output_path: Path) -> Path:
    """Train as ``config`` says and return the best checkpoint of the run folder ``output_path``.

    Raises:
        UserError: anything in the config, the data or the start checkpoint that does not go together; nothing is left
            behind then. A run folder that holds a run is never touched.
    """
    started = time.monotonic()
    folder = RunFolder(output_path)
    record = load_record(config.train.init_checkpoint) if config.train.init_checkpoint else None
    find_variant(config.model["name"], _settings(config))  # a typo shall not wait until the pictures are listed
    sources = (
        open_source(config.data.path, "train", config.data.format),
        open_source(config.data.path, "val", config.data.format),
    )
    heading = choose_heading(config, sources[0], record)
    ms.set_seed(config.seed)  # of the weights; no other draw uses the global state
    model = create_model(
        config.model["name"], config.preprocessing, **{**_settings(config), "num_classes": heading.num_classes}
    )
    if record is not None:
        start_from(model, record, config.train.init_checkpoint, config.train.new_head)
    loaders = _loaders(config, model, sources, heading)
    folder.start(config)
    start_logging(folder.log)
    _log.info(
        "%s: %s parameters, %d pixels; %d training and %d validation pictures of %d classes",
        *(model.name, f"{count_parameters(model):,}", model.preprocessing.size),
        *(len(sources[0]), len(sources[1]), len(sources[0].classes)),
    )
    run = _Run(config, model, heading, *loaders, folder)
    run.train()
    _log.info("%s: best top-1 %.2f %%, %.0f s in all", folder.path, run.best, time.monotonic() - started)
    return folder.best


class _Run:
    """The state of a training run and its loop."""

    def __init__(
        self,
        config: Config,
        model: Backbone,
        heading: Heading,
        train_loader: TrainLoader,
        eval_loader: EvalLoader,
        folder: RunFolder,
    ) -> None:
        self.config, self.model, self.heading, self.folder = config, model, heading, folder
        self.train_loader, self.eval_loader = train_loader, eval_loader
        parameters = tuple(model.trainable_params())
        self.optimizer = AdamW(parameters, config.optim, model.no_weight_decay())
        self.average = MovingAverage(parameters, config.optim.ema_decay) if config.optim.ema_decay else None
        self.compiled_step = compile_step(model, self.optimizer, self.average)
        self.logits = network_logits(model)
        self.step, self.best = 0, -1.0

    def train(self) -> None:
        """Run all epochs, each followed by an evaluation and the writing of checkpoints."""
        epochs = self.config.train.epochs
        for epoch, batches in enumerate(self.train_loader.epochs(0, epochs)):
            began = time.monotonic()
            metrics = self._train_epoch(epoch, batches)
            metrics |= self._evaluate()
            score = metrics.get("ema_top1", metrics["val_top1"])
            improved = score > self.best
            self.best = max(self.best, score)
            self._save(epoch + 1, score, improved)
            metrics["seconds"] = round(time.monotonic() - began, 2)
            self.folder.add_epoch(epoch=epoch + 1, step=self.step, **metrics)
            _log.info("epoch %d/%d  %s%s", epoch + 1, epochs, _summary(metrics), "  best" if improved else "")

    def _train_epoch(self, epoch: int, batches: Any) -> dict[str, float]:
        """Take the steps of one epoch (from 0) and return its training metrics."""
        steps = self.train_loader.steps_per_epoch
        size = self.config.data.batch_size
        later = (self.config.train.epochs - epoch - 1) * steps * size
        progress = Progress(f"epoch {epoch + 1}/{self.config.train.epochs}", steps * size)
        self.model.set_train(True)
        total, losses, lr = Accuracy(), [], 0.0
        for batch in batches:
            lr = learning_rate(self.step, steps, self.config.train.epochs, self.config.optim)
            loss, counts = self._take_step(batch, epoch, lr)
            losses.append(loss)
            total += counts
            self.step += 1
            text = f"loss {np.mean(losses[-50:]):.4f}  top-1 {total.top1_percent:.1f} %"
            progress.advance(len(batch.labels), "images", text, later)
            if self.step % self.config.train.log_every == 0:
                self.folder.add_step(epoch=epoch + 1, step=self.step, loss=loss, lr=lr)
        progress.close()
        return {"loss": float(np.mean(losses)), "train_top1": total.top1_percent, "lr": lr}

    def _take_step(self, batch: Batch, epoch: int, lr: float) -> tuple[float, Accuracy]:
        """Take one optimizer step and return its loss and the accuracy before it.

        Raises:
            RuntimeError: the loss is not finite; the last good checkpoint stands in the run folder.
        """
        targets = smoothed_targets(batch.labels, self.heading.num_classes, self.config.train.label_smoothing)
        rates, masks = self.model.drop_path_rates, None
        if any(rates):
            masks = Tensor(drop_path_masks(rates, self.config.seed, epoch, batch.positions))
        loss, logits = self.compiled_step(Tensor(batch.images), Tensor(targets), masks, Tensor(lr, ms.float32))
        value = float(loss.asnumpy())
        if not np.isfinite(value):
            raise RuntimeError(f"the loss is {value} at step {self.step + 1} (learning rate {lr:.3g}); lower optim.lr")
        return value, accuracy(logits.asnumpy(), batch.labels)

    def _evaluate(self) -> dict[str, float]:
        """Return the accuracy of the weights, and of their moving average where one is kept."""
        self.model.set_train(False)
        metrics = _percentages(self._evaluate_present(), "val")
        if self.average is not None:
            with self.average.in_place():
                metrics |= _percentages(self._evaluate_present(), "ema")
        return metrics

    def _evaluate_present(self) -> Evaluation:
        return evaluate(self.logits, self.eval_loader, self.eval_loader.count)

    def _save(self, epoch: int, score: float, improved: bool) -> None:
        """Write last.ckpt with all that training holds, and best.ckpt with the weights alone."""
        description = Description(
            model=self.model.name,
            settings=plain(self.model.settings),
            preprocessing=self.model.preprocessing,
            classes=self.heading.classes,
            titles=self.heading.titles,
            config=plain(self.config),
            epoch=epoch,
            step=self.step,
            score=score,
            best_score=self.best,
            origin=f"trained on {Path(self.config.data.path).name}",
        )
        weights = _arrays(unique_parameters(self.model))
        averages = _arrays(self.average.state()) if self.average else {}
        state = _prefixed(OPTIMIZER, _arrays(self.optimizer.state()))
        save_record(self.folder.last, Record(description, {**weights, **_prefixed(EMA, averages), **state}))
        if improved:
            save_record(self.folder.best, Record(description, averages or weights))


def smoothed_targets(labels: np.ndarray, num_classes: int, smoothing: float) -> np.ndarray:
    """Return soft targets float32 (B, K) of ``labels`` (B,): ``smoothing`` of the mass is spread over all classes."""
    targets = np.full((len(labels), num_classes), smoothing / num_classes, np.float32)
    targets[np.arange(len(labels)), labels] += 1.0 - smoothing
    return targets


def _settings(config: Config) -> dict[str, Any]:
    return {key: value for key, value in config.model.items() if key != "name"}


def _loaders(
    config: Config, model: Backbone, sources: tuple[Source, Source], heading: Heading
) -> tuple[TrainLoader, EvalLoader]:
    train_source, eval_source = sources
    known = heading.classes
    eval_map = match_classes(eval_source.classes, known, heading.num_classes, eval_source.name)
    return (
        TrainLoader(train_source, heading.label_map, config.data, model.preprocessing, config.seed, Ranks()),
        EvalLoader(eval_source, eval_map, config.data, model.preprocessing),
    )


def _percentages(evaluation: Evaluation, prefix: str) -> dict[str, float]:
    counts = evaluation.accuracy
    return {f"{prefix}_top1": counts.top1_percent, f"{prefix}_top5": counts.top5_percent}


def _summary(metrics: dict[str, float]) -> str:
    parts = [f"loss {metrics['loss']:.4f}", f"top-1 {metrics['train_top1']:.2f} %", f"val {metrics['val_top1']:.2f} %"]
    if "ema_top1" in metrics:
        parts.append(f"average {metrics['ema_top1']:.2f} %")
    return "  ".join([*parts, f"{metrics['seconds']:.1f} s"])


def _arrays(parameters: Mapping[str, Parameter]) -> dict[str, np.ndarray]:
    return {name: parameter.asnumpy() for name, parameter in parameters.items()}


def _prefixed(prefix: str, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {prefix + name: array for name, array in arrays.items()}
