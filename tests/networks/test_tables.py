# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Tables of data: found within a network, saved with it, given back to one that is built anew."""

import numpy as np
import pytest
from mindspore import Tensor, nn

from src.checkpoint.adapt import load_model, network_tensors
from src.checkpoint.record import TABLE, Description, Record, save_record
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
    set_tables(other, tables_of(model))
    assert other.blocks[1].kept.mask.asnumpy().tolist() == model.blocks[1].kept.mask.asnumpy().tolist()
    assert tables_of(tiny_model()) == {}


@pytest.mark.parametrize("tables", [{}, {"blocks.1.kept.rows": np.zeros(2), "blocks.0.kept.rows": np.zeros(2)}])
def test_tables_that_do_not_fit_are_a_fault(tables):
    with pytest.raises(
        ValueError, match=r"tables that the network or the checkpoint does not have: blocks\.[01]\.kept"
    ):
        set_tables(with_kept(tiny_model(), [0]), tables)


def test_a_checkpoint_keeps_them_and_no_optimizer_sees_them(tmp_path, monkeypatch, pynative):
    model = with_kept(tiny_model(), [3, 4, 7])
    assert count_parameters(model) == count_parameters(tiny_model())
    tensors = network_tensors(model)
    assert tensors[f"{TABLE}blocks.1.kept.rows"].tolist() == [3, 4, 7]
    description = Description(model=model.name, settings=plain(model.settings), preprocessing=model.preprocessing)
    record = Record(description, tensors)
    assert not [name for name in record.weights if name.startswith(TABLE)]
    save_record(tmp_path / "a.ckpt", record)

    # stands for a network whose settings ask for such a Cell
    monkeypatch.setattr(builder, "number_dropouts", lambda network: with_kept(network, [0]))
    again, _ = load_model(tmp_path / "a.ckpt")
    assert again.blocks[1].kept.tables["rows"].tolist() == [3, 4, 7]
