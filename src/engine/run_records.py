# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The checkpoints of a run: what is in them, and going back to one."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from mindspore import Parameter

from src.checkpoint.adapt import load_tensors, network_tensors
from src.checkpoint.record import EMA, OPTIMIZER, TABLE, Description, Record, RunState
from src.config import Config
from src.distributed import Ranks
from src.engine.class_map import ClassMap
from src.engine.run_folder import RunFolder
from src.engine.standing import Standing
from src.models.contract import Backbone, unique_parameters
from src.networks.tables import set_tables
from src.overlay import plain


class RunRecords:
    """Writes the checkpoints of a run, and restores its tensors from one.

    Everything that decides how a run goes on is in the last one: a run that is restored from it is, from there on, the
    run that was never stopped, to the last bit.
    """

    def __init__(
        self,
        config: Config,
        network: Backbone,
        class_map: ClassMap,
        averages: Mapping[str, Parameter],
        optimizer: Mapping[str, Parameter],
        folder: RunFolder,
        ranks: Ranks,
    ) -> None:
        """Build for the parts of a run.

        Args:
            config: of the run.
            network: that is trained.
            class_map: what its outputs stand for.
            averages: of its weights by their names; empty where none are kept.
            optimizer: state of the optimizer and of the step.
            folder: where the checkpoints go.
            ranks: that train together.
        """
        self._config, self._network, self._class_map = config, network, class_map
        self._folder, self._ranks = folder, ranks
        self._averages = averages
        beside = {EMA: averages, OPTIMIZER: optimizer}
        self._beside = {prefix + name: value for prefix, table in beside.items() for name, value in table.items()}
        self.parameters = {**unique_parameters(network), **self._beside}

    def restore(self, record: Record) -> None:
        """Take the tensors and tables of a record, which has to be of the same run."""
        tensors = {name: value for name, value in record.tensors.items() if not name.startswith(TABLE)}
        load_tensors(self.parameters, tensors, f"{self._folder.last}: does not fit this run")
        set_tables(self._network, record.part(TABLE), str(self._folder.last))

    def save_last(self, standing: Standing, state: RunState, names: list[str], score: float | None) -> None:
        """Write the checkpoint that the run can be resumed from, and the list of unreadable pictures.

        Args:
            standing: of the run.
            state: the same, as a record has it.
            names: of the unreadable pictures.
            score: of the evaluation after the epoch that has just ended; None within one.
        """
        record = self._record(standing, self._beside, score, state)

        def write() -> None:
            self._folder.save_last(record, self._config.train.keep_checkpoints)
            if names:
                self._folder.write_skipped(names)

        self._ranks.while_first(write)

    def save_best(self, standing: Standing, score: float) -> None:
        """Write the checkpoint with the best score: the weights alone, or their average where one is kept."""
        record = self._record(standing, self._averages, score, RunState())
        self._ranks.while_first(lambda: self._folder.save_best(record))

    def _record(
        self, standing: Standing, parameters: Mapping[str, Parameter], score: float | None, state: RunState
    ) -> Record:
        """Return the record of the network with ``parameters`` laid over it; only the first rank needs the tensors."""
        arrays: dict[str, np.ndarray] = {}
        if self._ranks.first:
            arrays = {**network_tensors(self._network), **{name: p.asnumpy() for name, p in parameters.items()}}
        return Record(self._description(standing, score, state), arrays)

    def _description(self, standing: Standing, score: float | None, state: RunState) -> Description:
        network = self._network
        return Description(
            model=network.name,
            settings=plain(network.settings),
            task=network.task,
            preprocessing=network.preprocessing,
            classes=self._class_map.classes,
            titles=self._class_map.titles,
            config=plain(self._config),
            epoch=standing.epoch,
            step=standing.step,
            score=score,
            best_score=standing.best if standing.best >= 0 else None,
            state=state,
            origin=f"trained on {Path(self._config.data.path).name}",
        )
