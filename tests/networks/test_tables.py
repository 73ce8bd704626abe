# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Tables of data: found within a network, saved with it, given back to one that is built anew."""

import numpy as np
import pytest
from mindspore import Tensor, nn

from src.checkpoint.adapt import load_model, network_tensors, start_from
from src.checkpoint.record import TABLE, Description, Record, save_record
from src.config import Config
from src.distributed import Ranks
from src.engine.class_map import ClassMap
from src.engine.run_folder import RunFolder
from src.engine.run_records import RunRecords
from src.errors import UserError
from src.models.contract import count_parameters
from src.networks import build as builder
from src.networks.tables import set_tables, tables_of
from src.overlay import plain
from tests.tiny import tiny_model


class Kept(nn.Cell):
    """Tokens with some of their channels alone; which, is a table."""

    def __init__(self, rows):
        super().__init__()
        self.set_tables({"rows": np.asarray(rows, np.int32)})

    def set_tables(self, tables):
        self.tables = tables
        self.mask = Tensor(np.isin(np.arange(48), tables["rows"]).astype(np.float32))

    def construct(self, z):
        return z * self.mask


def with_kept(model, rows):
    model.blocks[1].kept = Kept(rows)
    return model


def test_they_are_found_and_set():
    model, other = (with_kept(tiny_model(), rows) for rows in ([0, 5], [1, 2]))
    assert {name: table.tolist() for name, table in tables_of(model).items()} == {"blocks.1.kept.rows": [0, 5]}
    set_tables(other, tables_of(model), "a.ckpt")
    assert other.blocks[1].kept.mask.asnumpy().tolist() == model.blocks[1].kept.mask.asnumpy().tolist()
    assert tables_of(tiny_model()) == {}


@pytest.mark.parametrize("tables", [{}, {"blocks.1.kept.rows": np.zeros(2), "blocks.0.kept.rows": np.zeros(2)}])
def test_tables_that_do_not_fit_are_a_fault(tables):
    with pytest.raises(UserError, match=r"a\.ckpt: tables that it or the network does not have: blocks\.[01]\.kept"):
        set_tables(with_kept(tiny_model(), [0]), tables, "a.ckpt")


def record_of(model):
    description = Description(model=model.name, settings=plain(model.settings), preprocessing=model.preprocessing)
    return Record(description, network_tensors(model))


def test_a_checkpoint_keeps_them_and_no_optimizer_sees_them(tmp_path, monkeypatch, pynative):
    model = with_kept(tiny_model(), [3, 4, 7])
    assert count_parameters(model) == count_parameters(tiny_model())
    record = record_of(model)
    assert record.tensors[f"{TABLE}blocks.1.kept.rows"].tolist() == [3, 4, 7]
    assert not [name for name in record.weights if name.startswith(TABLE)]
    save_record(tmp_path / "a.ckpt", record)

    # stands for a network whose settings ask for such a Cell
    monkeypatch.setattr(builder, "number_dropouts", lambda network: with_kept(network, [0]))
    again, _ = load_model(tmp_path / "a.ckpt")
    assert again.blocks[1].kept.tables["rows"].tolist() == [3, 4, 7]


def test_a_training_that_starts_or_goes_on_takes_them(tmp_path, pynative):
    record = record_of(with_kept(tiny_model(), [3, 4, 7]))
    started, resumed = (with_kept(tiny_model(), [0]) for _ in range(2))
    start_from(started, record, "a.ckpt", new_head=False)
    classes = ClassMap(None, None, 10, np.arange(10))
    RunRecords(Config(), resumed, classes, {}, {}, RunFolder(tmp_path), Ranks()).restore(record)
    for model in (started, resumed):
        assert model.blocks[1].kept.tables["rows"].tolist() == [3, 4, 7]
