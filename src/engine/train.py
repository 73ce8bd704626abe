# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Training: from a config to a run folder."""

import json
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import mindspore as ms

from src.checkpoint.adapt import start_from
from src.checkpoint.record import Description, Record, load_record, read_description
from src.config import Config, DataConfig
from src.data.classes import match_classes
from src.data.loader import EvalLoader, TrainLoader
from src.data.source import Source
from src.data.sources import open_source
from src.data.subset import Subset
from src.distributed import ALONE, Ranks
from src.engine.class_map import ClassMap, choose_class_map, keep_class_map
from src.engine.precision import training_settings
from src.engine.resume import check_resumable
from src.engine.run import TrainingRun
from src.engine.run_folder import NoFolder, RunFolder
from src.logs import get_logger
from src.models.contract import Backbone, count_parameters
from src.models.registry import create_model, find_variant
from src.overlay import plain

_log = get_logger(__name__)


def train(
    config: Config,
    output_path: Path,
    ranks: Ranks = ALONE,
    resume: bool = False,
    allow_changes: bool = False,
) -> Path:
    """Train as ``config`` says and return the best checkpoint of the run folder ``output_path``.

    Args:
        config: of the run.
        output_path: of the run folder; one that holds a run is touched only to resume it.
        ranks: that train together, each with this call.
        resume: go on from the newest checkpoint in the folder; where there is none, start.
        allow_changes: resume even if settings, ranks or pictures are not those of the checkpoint.

    Raises:
        UserError: anything in the config, the data or the start checkpoint that does not go together; nothing is left
            behind then.
        SignalError: TERM or INT came; the checkpoint is written.
    """
    with closing(RunFolder(output_path, resume) if ranks.first else NoFolder(output_path)) as folder:
        started = time.monotonic()
        record = _newest(folder, ranks) if resume else None
        said = ranks.share(json.dumps(plain(record.description)) if record else None)
        past = read_description(json.loads(said), "the newest checkpoint") if said else None
        run = prepare(config, folder, ranks, past, allow_changes)
        folder.start(config, past)
        _introduce(run)
        if past is not None:
            run.restore(past, record)
            _log.info("resuming after epoch %d, step %d", past.epoch, past.step)
        elif resume:
            _log.info("there is no checkpoint to resume from: starting at the beginning")
        run.train()
        seconds = time.monotonic() - started
        _log.info("%s: best %s %.2f %%, %.0f s in all", output_path, run.metric.label, run.standing.best, seconds)
    return output_path / "best.ckpt"


def check(config: Config, output_path: Path, ranks: int = 1, resume: bool = False, allow_changes: bool = False) -> None:
    """Find out whether ``train`` on so many ``ranks`` would start, without starting it.

    Raises:
        UserError: it would not.
    """
    with closing(RunFolder(output_path, resume)) as folder:
        record = folder.newest() if resume else None
        past = record.description if record else None
        _introduce(prepare(config, folder, Ranks(size=ranks), past, allow_changes))


def prepare(
    config: Config, folder: RunFolder, ranks: Ranks, past: Description | None, allow_changes: bool
) -> TrainingRun:
    """Return a run at its start, everything in it checked; nothing is written.

    Args:
        config: of the run.
        folder: that it will write to.
        ranks: that train together.
        past: of the checkpoint that it will be resumed from.
        allow_changes: accept another config than that of ``past``.

    Raises:
        UserError: something does not go together.
    """
    find_variant(config.model["name"], _settings(config))  # a typo shall not wait until the pictures are listed
    start = load_record(config.train.init_from) if config.train.init_from and past is None else None
    sources = _open_sources(config.data)
    if past is not None:
        check_resumable(past, config, ranks.size, sources[0].digest(), allow_changes)
        class_map = keep_class_map(past, sources[0])
    else:
        class_map = choose_class_map(config, sources[0], start)
    model = _create_model(config, class_map, start)
    eval_map = match_classes(sources[1].classes, class_map.classes, class_map.num_classes, sources[1].name)
    loaders = (
        TrainLoader(sources[0], class_map.label_map, class_map.num_classes, config, model.preprocessing, ranks),
        EvalLoader(sources[1], eval_map, config.data, model.preprocessing, ranks),
    )
    return TrainingRun(config, model, class_map, sources[0], loaders, folder, ranks)


def _open_sources(data: DataConfig) -> tuple[Source, Source]:
    """Return the pictures to train with and those to validate with."""
    training, validation = (open_source(data.path, split, data.format) for split in ("train", "val"))
    return Subset(training, data.per_class) if data.per_class else training, validation


def _newest(folder: RunFolder, ranks: Ranks) -> Record | None:
    """Return the newest checkpoint, which the first rank alone reads; a large one takes longer than others may wait."""
    read: list[Record | None] = []
    ranks.while_first(lambda: read.append(folder.newest()))
    return read[0] if read else None


def _create_model(config: Config, class_map: ClassMap, start: Record | None) -> Backbone:
    """Return the model that training starts with: random, or with the weights of a checkpoint."""
    ms.set_seed(config.seed)  # of the weights; no other draw uses the global state
    settings = {**_settings(config), **training_settings(config), "num_classes": class_map.num_classes}
    model = create_model(config.model["name"], config.preprocessing, **settings)
    if start is not None:
        start_from(model, start, config.train.init_from, config.train.new_head, config.train.new_paths)
    return model


def _settings(config: Config) -> dict[str, Any]:
    return {key: value for key, value in config.model.items() if key != "name"}


def _introduce(run: TrainingRun) -> None:
    """Say what is trained on what."""
    model, ranks = run.model, f"; {run.ranks.size} ranks" if run.ranks.size > 1 else ""
    what = f"{model.name}: {count_parameters(model):,} parameters, {model.preprocessing.size} pixels"
    counts = f"{len(run.pictures)} training and {run.eval_loader.count} validation pictures"
    _log.info("%s; %s of %d classes%s", what, counts, len(run.pictures.classes), ranks)
