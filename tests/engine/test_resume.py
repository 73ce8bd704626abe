# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""What a run may be resumed under, and what is said where it may not."""

import dataclasses
import logging

import pytest

from src.checkpoint.record import Description, RunState
from src.config import Config, load_config
from src.engine.resume import check_resumable
from src.errors import UserError
from src.overlay import plain

CONFIG = Config()
PAST = Description(config=plain(CONFIG), state=RunState(ranks=2, pictures="abc"))


def test_the_same_is_accepted(caplog):
    check_resumable(PAST, CONFIG, 2, "abc", allow_changes=False)
    assert caplog.text == ""


@pytest.mark.parametrize(
    "assignment",
    ["data.workers=1", "data.path=elsewhere", "train.log_every=7", "train.checkpoint_every=9", "data.on_error=skip"],
)
def test_what_changes_nothing_is_accepted(assignment, caplog):
    check_resumable(PAST, load_config(None, [assignment]), 2, "abc", allow_changes=False)
    assert caplog.text == ""


@pytest.mark.parametrize(
    ("config", "ranks", "pictures", "said"),
    [
        (load_config(None, ["optim.lr=5e-4"]), 2, "abc", "optim.lr was 0.001, is 0.0005"),
        (load_config(None, ["model.name=augvit_s", "model.depth=3"]), 2, "abc", "model.depth was not set, is 3"),
        (dataclasses.replace(CONFIG, seed=1), 2, "abc", "seed was 42, is 1"),
        (CONFIG, 1, "abc", "ranks: 2 then, 1 now"),
        (CONFIG, 2, "abd", "the training pictures are not the same"),
        (load_config(None, ["optim.lr=5e-4", "train.epochs=9"]), 1, "abd", "; ranks"),
    ],
)
def test_a_difference_is_refused_or_warned_of(config, ranks, pictures, said, caplog):
    with pytest.raises(UserError) as caught:
        check_resumable(PAST, config, ranks, pictures, allow_changes=False)
    assert said in str(caught.value)
    assert str(caught.value).endswith("; --allow_changes accepts that")
    with caplog.at_level(logging.WARNING, "augvit"):
        check_resumable(PAST, config, ranks, pictures, allow_changes=True)
    assert said in caplog.text
