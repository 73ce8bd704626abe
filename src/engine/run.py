# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The loop of a training run: epochs, steps, evaluations and checkpoints."""

import time
from collections import deque
from collections.abc import Iterator, Mapping

import numpy as np

from src.checkpoint.record import Description, Record
from src.config import Config
from src.data.batch import Batch
from src.data.loader import EvalLoader, TrainLoader
from src.data.source import Source
from src.distributed import Ranks
from src.engine.class_map import ClassMap
from src.engine.evaluate import evaluate, read_next
from src.engine.interrupts import SIGNALS, Interrupts
from src.engine.run_folder import RunFolder
from src.engine.run_records import RunRecords
from src.engine.standing import EpochTotals, Standing, Unreadable
from src.engine.step import Inputs, TrainStep
from src.engine.tasks import TASKS
from src.errors import AgreedError, SignalError, UserError
from src.layers.drop_path import drop_path_factors
from src.layers.dropout import dropout_seeds
from src.logs import Progress, get_logger
from src.models.contract import Backbone
from src.models.inference import network_logits
from src.optim.ema import MovingAverage
from src.optim.optimizer import build_optimizer
from src.optim.schedule import learning_rate

_SHOWN_LOSSES = 50  # steps that the loss of the progress line is the mean of
_log = get_logger(__name__)


class TrainingRun:
    """A training run, and the loop that moves it on."""

    def __init__(
        self,
        config: Config,
        model: Backbone,
        class_map: ClassMap,
        pictures: Source,
        loaders: tuple[TrainLoader, EvalLoader],
        folder: RunFolder,
        ranks: Ranks,
    ) -> None:
        """Build the start of a run that trains ``model`` on ``pictures``, by the loaders made of them."""
        self.config, self.model, self.pictures, self.folder, self.ranks = config, model, pictures, folder, ranks
        self.train_loader, self.eval_loader = loaders
        self.objective, self.metric = TASKS[model.task].objective(), TASKS[model.task].metric
        parameters = tuple(p for p in model.trainable_params() if self.objective.trainable(p.name))
        optimizer = build_optimizer(parameters, config.optim, model.no_weight_decay())
        self.average = MovingAverage(parameters, config.optim.ema_decay) if config.optim.ema_decay else None
        self.take_step = TrainStep(model, self.objective, optimizer, self.average, config, ranks)
        averages = self.average.state() if self.average else {}
        state = {**optimizer.state(), **self.take_step.state()}
        self.records = RunRecords(config, model, class_map, averages, state, folder, ranks)
        self.logits, self.interrupts = network_logits(model), Interrupts()
        self.epochs = config.train.epochs + config.optim.cooldown_epochs
        self.digest, self.unreadable = pictures.digest(), Unreadable(pictures, config.data.max_skipped)
        self.standing = Standing(EpochTotals(self.metric()))

    def restore(self, description: Description, record: Record | None) -> None:
        """Go back to where a record was written; ranks other than the first have its description alone."""
        if record is not None:
            self.records.restore(record)
        size = self.train_loader.pictures_per_step
        self.standing = Standing.of(description, self.metric, size, self.ranks.first)

    def train(self) -> None:
        """Run the epochs that are left, each followed by an evaluation and a checkpoint.

        Raises:
            SignalError: TERM or INT came; the checkpoint is written.
            UserError: a picture that can't be read (the checkpoint is written), a file that can't be written, or a
                loss that is not finite.
        """
        self.ranks.copy_first(self.records.parameters.values())
        standing = self.standing
        epochs = self.train_loader.epochs(standing.epoch, self.epochs, standing.totals.steps)
        with self.interrupts:
            try:
                for batches in epochs:
                    began = time.monotonic()
                    self._train_epoch(batches)
                    self._finish_epoch(began)
            except (SignalError, AgreedError):
                self._save_last(None)
                where = (self.folder.last, standing.epoch, standing.step)
                _log.info("%s: epoch %d, step %d; --resume goes on from there", *where)
                raise

    def _train_epoch(self, batches: Iterator[Batch]) -> None:
        """Take the steps that are left of the present epoch."""
        standing, totals, train = self.standing, self.standing.totals, self.config.train
        steps, size = self.train_loader.steps_per_epoch, self.train_loader.pictures_per_step
        later = (self.epochs - standing.epoch - 1) * steps * size
        progress = Progress(f"epoch {standing.epoch + 1}/{self.epochs}", (steps - totals.steps) * size)
        shown: deque[float] = deque(maxlen=_SHOWN_LOSSES)
        self.model.set_train(True)
        while totals.steps < steps:
            self._pause()
            lr = self._learning_rate()
            loss = self._take_step([read_next(batches, self.ranks) for _ in range(train.accumulate)], lr)
            shown.append(loss)
            progress.advance(size, "images", f"loss {np.mean(shown):.4f}  {totals.metric.text()}", later)
            if standing.step % train.log_every == 0:
                self.folder.add_step(epoch=standing.epoch + 1, step=standing.step, loss=loss, lr=lr)
            if train.checkpoint_every and standing.step % train.checkpoint_every == 0 and totals.steps < steps:
                self._save_last(None)
        progress.close()

    def _finish_epoch(self, began: float) -> None:
        """Evaluate, and write what an epoch leaves."""
        standing, score_of = self.standing, self.metric.score
        self.ranks.check_identical(self.records.parameters.values())
        figures = {**standing.totals.figures(self.ranks), **self._evaluate(), "lr": self._learning_rate(-1)}
        score = figures.get(f"ema_{score_of}", figures[f"val_{score_of}"])
        improved = score > standing.best
        standing.best = max(standing.best, score)
        standing.epoch += 1
        standing.totals = EpochTotals(self.metric())
        if improved:
            self.records.save_best(standing, score)
        figures["seconds"] = round(time.monotonic() - began, 2)
        self.folder.add_epoch(self.metric, epoch=standing.epoch, step=standing.step, **figures)
        self._save_last(score)
        said = "  best" if improved else ""
        _log.info("epoch %d/%d  %s%s", standing.epoch, self.epochs, self._summary(figures), said)

    def _pause(self) -> None:
        """Stop all ranks at the same point where one of them has got a signal."""
        self.interrupts.renew()
        received = self.ranks.total([self.interrupts.received == number for number in SIGNALS])
        for number, count in zip(SIGNALS, received, strict=True):
            if count:
                raise SignalError(number)

    def _learning_rate(self, ahead: int = 0) -> float:
        """Return the rate of the step to come, or of one some steps ``ahead``."""
        steps = self.train_loader.steps_per_epoch
        step = self.standing.epoch * steps + self.standing.totals.steps + ahead
        return learning_rate(step, steps, self.config.train.epochs, self.config.optim)

    def _take_step(self, batches: list[Batch], lr: float) -> float:
        """Take one optimizer step and return its loss."""
        loss, outputs, taken = self.take_step([self._inputs(batch) for batch in batches], lr)
        if not np.isfinite(loss) or not (taken or self.config.train.precision == "float16"):
            self._pass_over(loss, lr)
        standing = self.standing
        for own, batch in zip(outputs, batches, strict=True):
            standing.totals.metric.add(own, batch)
        standing.totals.add(loss)
        standing.step += 1
        if self.config.data.on_error == "skip":
            faults = [self.unreadable.add(standing.unreadable, batch) for batch in batches]
            self.ranks.agree(next(filter(None, faults), None))
        return loss

    def _inputs(self, batch: Batch) -> Inputs:
        """Return what a step takes of a batch, and its noise."""
        seed, epoch, rates = self.config.seed, self.standing.epoch, self.model.drop_path_rates
        factors = drop_path_factors(rates, seed, epoch, batch.positions) if any(rates) else None
        seeds = dropout_seeds(seed, epoch, batch.positions) if self.model.drop_rate else None
        return Inputs(self.objective.arrays(batch), factors, seeds)

    def _pass_over(self, loss: float, lr: float) -> None:
        """Count a step whose loss or gradients are not finite, and stop where it is one too many.

        The weights are what they were before it.
        """
        standing = self.standing
        standing.not_finite += 1
        said = f"the loss is {loss}" if not np.isfinite(loss) else "a gradient is not finite"
        said += f" at step {standing.step + 1} (epoch {standing.epoch + 1}, learning rate {lr:.3g})"
        if standing.not_finite <= self.config.train.skip_not_finite:
            _log.warning("%s; the step is passed over", said)
            return
        last = self.folder.last
        good = f"the last good checkpoint is {last}" if last.exists() else "there is no checkpoint yet"
        more = f"train.skip_not_finite={standing.not_finite} passes over so many such steps"
        raise UserError(f"{said}; {good}; lower optim.lr, or {more}")

    def _evaluate(self) -> dict[str, float]:
        """Return the figures of the weights, and of their moving average where one is kept."""
        self.model.set_train(False)
        figures = self._evaluate_present("val")
        if self.average is not None:
            with self.average.in_place():
                figures |= self._evaluate_present("ema")
        return figures

    def _evaluate_present(self, prefix: str) -> dict[str, float]:
        found = evaluate(self.logits, self.eval_loader, self.metric(), self.ranks, self._pause)
        return {f"{prefix}_{name}": value for name, value in found.metric.figures().items()}

    def _save_last(self, score: float | None) -> None:
        """Write the checkpoint that the run can be resumed from."""
        standing = self.standing
        standing.unreadable = self.unreadable.united(standing.unreadable, self.ranks)
        state = standing.state(self.ranks, self.train_loader.pictures_per_step, self.digest)
        self.records.save_last(standing, state, self.unreadable.names(standing.unreadable), score)

    def _summary(self, figures: Mapping[str, float]) -> str:
        name, label = self.metric.score, self.metric.label
        parts = [f"loss {figures['loss']:.4f}", f"{label} {figures[f'train_{name}']:.2f} %"]
        parts += [f"val {figures[f'val_{name}']:.2f} %"]
        if f"ema_{name}" in figures:
            parts.append(f"average {figures[f'ema_{name}']:.2f} %")
        return "  ".join([*parts, f"{figures['seconds']:.1f} s"])
