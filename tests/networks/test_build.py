# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The one builder: what a tree of settings becomes."""

import pytest

from src.errors import UserError
from src.layers.dropout import Dropout
from src.models.registry import create_model, create_network
from src.overlay import plain
from tests.tiny import TINY, tiny_model


def test_a_tree_is_rebuilt():
    model = tiny_model("circulant", num_classes=4)
    tree = {"model": model.name, "settings": plain(model.settings), "task": model.task}
    again = create_network(tree, {"resize": 77})
    assert (again.name, again.task, again.settings) == (model.name, "classify", model.settings)
    assert again.preprocessing.resize == 77
    assert create_network({"model": "augvit_s", "settings": TINY}).settings == tiny_model().settings


def test_a_task_that_there_is_not_is_named():
    with pytest.raises(UserError, match=r"task='segment': must be one of classify"):
        create_network({"model": "augvit_s", "settings": TINY, "task": "segment"})


def test_a_branch_that_there_is_not_is_named():
    with pytest.raises(UserError, match=r"pooling: no such key; known: model, settings, task"):
        create_network({"model": "augvit_s", "settings": TINY, "pooling": {}})


def test_the_dropouts_are_numbered():
    model = create_model("deit_ti", image_size=32, depth=2, drop_rate=0.1)
    offsets = [cell.offset for _, cell in model.cells_and_names() if isinstance(cell, Dropout)]
    assert len(set(offsets)) == len(offsets) == 7
