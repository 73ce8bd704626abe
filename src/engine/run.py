# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The loop of a training run: epochs, steps, evaluations and checkpoints."""

import time
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from mindspore import Parameter

from src.checkpoint.adapt import load_tensors
from src.checkpoint.record import EMA, OPTIMIZER, Description, Record, RunState
from src.config import Config, plain
from src.data.loader import EvalLoader, TrainLoader
from src.data.pictures import Batch
from src.data.source import Source
from src.distributed import Ranks
from src.engine.evaluate import Evaluation, evaluate, read_next
from src.engine.heading import Heading
from src.engine.interrupts import SIGNALS, Interrupts
from src.engine.metrics import Accuracy, accuracy
from src.engine.run_folder import RunFolder
from src.engine.step import Inputs, TrainStep
from src.engine.totals import EpochTotals, Unreadable
from src.errors import AgreedError, SignalError, UserError
from src.layers.drop_path import drop_path_masks
from src.layers.dropout import dropout_keys
from src.logs import Progress, get_logger
from src.models.contract import Backbone, unique_parameters
from src.models.inference import network_logits
from src.optim.ema import MovingAverage
from src.optim.optimizer import build_optimizer
from src.optim.schedule import learning_rate

_SHOWN_LOSSES = 50  # steps that the loss of the progress line is the mean of
_log = get_logger(__name__)


class TrainingRun:
    """The state of a training run, and the loop that moves it on.

    Everything that decides how the run goes on is in ``record``: a run that is restored from one is, from there on,
    the run that was never stopped, to the last bit.
    """

    def __init__(
        self,
        config: Config,
        model: Backbone,
        heading: Heading,
        pictures: Source,
        loaders: tuple[TrainLoader, EvalLoader],
        folder: RunFolder,
        ranks: Ranks,
    ) -> None:
        """Build the start of a run that trains ``model`` on ``pictures``, by the loaders made of them."""
        self.config, self.model, self.heading, self.pictures = config, model, heading, pictures
        self.folder, self.ranks = folder, ranks
        self.train_loader, self.eval_loader = loaders
        parameters = tuple(model.trainable_params())
        optimizer = build_optimizer(parameters, config.optim, model.no_weight_decay())
        self.average = MovingAverage(parameters, config.optim.ema_decay) if config.optim.ema_decay else None
        self.take_step = TrainStep(model, optimizer, self.average, config, ranks)
        self.logits = network_logits(model)
        self.interrupts = Interrupts()
        averages = self.average.state() if self.average else {}
        self.parameters: dict[str, Parameter] = {
            **unique_parameters(model),
            **_prefixed(EMA, averages),
            **_prefixed(OPTIMIZER, {**optimizer.state(), **self.take_step.state()}),
        }
        self.epochs = config.train.epochs + config.optim.cooldown_epochs
        self.digest = pictures.digest()
        self.epoch, self.step, self.best, self.not_finite = 0, 0, -1.0, 0
        self.totals, self.unreadable = EpochTotals(), Unreadable(pictures, config.data.max_skipped)

    def restore(self, description: Description, record: Record | None) -> None:
        """Go back to where a record was written; ranks other than the first have its description alone."""
        if record is not None:
            load_tensors(self.parameters, record.tensors, f"{self.folder.last}: does not fit this run")
        state = description.state
        self.epoch, self.step, self.not_finite = description.epoch, description.step, state.not_finite
        self.best = -1.0 if description.best_score is None else description.best_score
        self.unreadable.indices = set(state.unreadable)
        steps = state.epoch_pictures // self.train_loader.pictures_per_step
        # the counts are those of all ranks, and will be added up again
        counts = Accuracy(top1=state.epoch_top1, count=state.epoch_pictures) if self.ranks.first else Accuracy()
        self.totals = EpochTotals(steps, state.loss_sum, state.loss_count, counts)

    def train(self) -> None:
        """Run the epochs that are left, each followed by an evaluation and a checkpoint.

        Raises:
            SignalError: TERM or INT came; the checkpoint is written.
            UserError: a picture that can't be read (the checkpoint is written), a file that can't be written, or a
                loss that is not finite.
        """
        self.ranks.copy_first(self.parameters.values())
        epochs = self.train_loader.epochs(self.epoch, self.epochs, self.totals.steps)
        with self.interrupts:
            try:
                for batches in epochs:
                    began = time.monotonic()
                    self._train_epoch(batches)
                    self._finish_epoch(began)
            except (SignalError, AgreedError):
                self._save_last(None)
                _log.info("%s: epoch %d, step %d; --resume goes on from there", self.folder.last, self.epoch, self.step)
                raise

    def _train_epoch(self, batches: Iterator[Batch]) -> None:
        """Take the steps that are left of the present epoch."""
        steps, train = self.train_loader.steps_per_epoch, self.config.train
        size = self.train_loader.pictures_per_step
        later = (self.epochs - self.epoch - 1) * steps * size
        progress = Progress(f"epoch {self.epoch + 1}/{self.epochs}", (steps - self.totals.steps) * size)
        shown: deque[float] = deque(maxlen=_SHOWN_LOSSES)
        self.model.set_train(True)
        while self.totals.steps < steps:
            self._pause()
            lr = self._learning_rate()
            loss = self._take_step([read_next(batches, self.ranks) for _ in range(train.accumulate)], lr)
            shown.append(loss)
            text = f"loss {np.mean(shown):.4f}  top-1 {self.totals.accuracy.top1_percent:.1f} %"
            progress.advance(size, "images", text, later)
            if self.step % train.log_every == 0:
                self.folder.add_step(epoch=self.epoch + 1, step=self.step, loss=loss, lr=lr)
            if train.checkpoint_every and self.step % train.checkpoint_every == 0 and self.totals.steps < steps:
                self._save_last(None)
        progress.close()

    def _finish_epoch(self, began: float) -> None:
        """Evaluate, and write what an epoch leaves."""
        self.ranks.check_identical(self.parameters.values())
        metrics = {**self.totals.metrics(self.ranks), **self._evaluate(), "lr": self._learning_rate(-1)}
        score = metrics.get("ema_top1", metrics["val_top1"])
        improved = score > self.best
        self.best = max(self.best, score)
        self.epoch += 1
        self.totals = EpochTotals()
        if improved:
            self._save_best(score)
        metrics["seconds"] = round(time.monotonic() - began, 2)
        self.folder.add_epoch(epoch=self.epoch, step=self.step, **metrics)
        self._save_last(score)
        _log.info("epoch %d/%d  %s%s", self.epoch, self.epochs, _summary(metrics), "  best" if improved else "")

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
        step = self.epoch * steps + self.totals.steps + ahead
        return learning_rate(step, steps, self.config.train.epochs, self.config.optim)

    def _take_step(self, batches: list[Batch], lr: float) -> float:
        """Take one optimizer step and return its loss."""
        loss, logits, taken = self.take_step([self._inputs(batch) for batch in batches], lr)
        if not np.isfinite(loss) or not (taken or self.config.train.precision == "float16"):
            self._pass_over(loss, lr)
        counts = sum((accuracy(own, batch.labels) for own, batch in zip(logits, batches, strict=True)), Accuracy())
        self.totals.add(loss, counts)
        self.step += 1
        if self.config.data.on_error == "skip":
            self.ranks.agree(next(filter(None, [self.unreadable.add(batch) for batch in batches]), None))
        return loss

    def _inputs(self, batch: Batch) -> Inputs:
        rates, masks, keys = self.model.drop_path_rates, None, None
        if any(rates):
            masks = drop_path_masks(rates, self.config.seed, self.epoch, batch.positions)
        if self.model.drop_rate:
            keys = dropout_keys(self.config.seed, self.epoch, batch.positions)
        return Inputs(batch.images, batch.targets, masks, keys)

    def _pass_over(self, loss: float, lr: float) -> None:
        """Count a step whose loss or gradients are not finite, and stop where it is one too many.

        The weights are what they were before it.
        """
        self.not_finite += 1
        said = f"the loss is {loss}" if not np.isfinite(loss) else "a gradient is not finite"
        said += f" at step {self.step + 1} (epoch {self.epoch + 1}, learning rate {lr:.3g})"
        if self.not_finite <= self.config.train.skip_not_finite:
            _log.warning("%s; the step is passed over", said)
            return
        last = self.folder.last
        good = f"the last good checkpoint is {last}" if last.exists() else "there is no checkpoint yet"
        more = f"train.skip_not_finite={self.not_finite} passes over so many such steps"
        raise UserError(f"{said}; {good}; lower optim.lr, or {more}")

    def _evaluate(self) -> dict[str, float]:
        """Return the accuracy of the weights, and of their moving average where one is kept."""
        self.model.set_train(False)
        metrics = _percentages(self._evaluate_present(), "val")
        if self.average is not None:
            with self.average.in_place():
                metrics |= _percentages(self._evaluate_present(), "ema")
        return metrics

    def _evaluate_present(self) -> Evaluation:
        return evaluate(self.logits, self.eval_loader, self.ranks, self._pause)

    def _save_last(self, score: float | None) -> None:
        """Write the checkpoint that the run can be resumed from."""
        self.unreadable.unite(self.ranks)
        counts = self.ranks.total([self.totals.accuracy.top1, self.totals.accuracy.count])
        state = RunState(
            ranks=self.ranks.size,
            epoch_pictures=self.totals.steps * self.train_loader.pictures_per_step,
            epoch_top1=int(counts[0]),
            loss_sum=self.totals.loss_sum,
            loss_count=self.totals.loss_count,
            not_finite=self.not_finite,
            unreadable=tuple(sorted(self.unreadable.indices)),
            pictures=self.digest,
        )
        record = Record(self._description(score, state), _arrays(self.parameters) if self.ranks.first else {})
        names = self.unreadable.names()

        def write() -> None:
            self.folder.save_last(record, self.config.train.keep_checkpoints)
            if names:
                self.folder.write_skipped(names)

        self.ranks.while_first(write)

    def _save_best(self, score: float) -> None:
        """Write the checkpoint with the best score: the weights alone, or their average where one is kept."""
        weights = {**unique_parameters(self.model), **(self.average.state() if self.average else {})}
        record = Record(self._description(score, RunState()), _arrays(weights) if self.ranks.first else {})
        self.ranks.while_first(lambda: self.folder.save_best(record))

    def _description(self, score: float | None, state: RunState) -> Description:
        return Description(
            model=self.model.name,
            settings=plain(self.model.settings),
            preprocessing=self.model.preprocessing,
            classes=self.heading.classes,
            titles=self.heading.titles,
            config=plain(self.config),
            epoch=self.epoch,
            step=self.step,
            score=score,
            best_score=self.best if self.best >= 0 else None,
            state=state,
            origin=f"trained on {Path(self.config.data.path).name}",
        )


def _percentages(evaluation: Evaluation, prefix: str) -> dict[str, float]:
    counts = evaluation.accuracy
    return {f"{prefix}_top1": counts.top1_percent, f"{prefix}_top5": counts.top5_percent}


def _summary(metrics: Mapping[str, float]) -> str:
    parts = [f"loss {metrics['loss']:.4f}", f"top-1 {metrics['train_top1']:.2f} %", f"val {metrics['val_top1']:.2f} %"]
    if "ema_top1" in metrics:
        parts.append(f"average {metrics['ema_top1']:.2f} %")
    return "  ".join([*parts, f"{metrics['seconds']:.1f} s"])


def _arrays(parameters: Mapping[str, Parameter]) -> dict[str, np.ndarray]:
    return {name: parameter.asnumpy() for name, parameter in parameters.items()}


def _prefixed(prefix: str, table: Mapping[str, Parameter]) -> dict[str, Parameter]:
    return {prefix + name: value for name, value in table.items()}
