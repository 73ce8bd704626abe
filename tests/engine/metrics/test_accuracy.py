# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Accuracy on rows that can be counted by hand."""

import numpy as np
import pytest

from src.data.batch import Batch
from src.distributed import ALONE
from src.engine.metrics.accuracy import Accuracy


def accuracy(logits, labels):
    found = Accuracy()
    labels = np.array(labels, np.int32)
    found.add(np.array(logits, np.float32), Batch(None, labels, np.arange(len(labels))))
    return found


def counts(logits, labels):
    return tuple(accuracy(logits, labels).counts.values())


def test_ranks_of_seven_classes():
    row = [7, 6, 5, 4, 3, 2, 1]
    assert counts([row], [0]) == (1, 1, 1)
    assert counts([row], [1]) == (0, 1, 1)
    assert counts([row], [4]) == (0, 1, 1)  # the fifth largest
    assert counts([row], [5]) == (0, 0, 1)
    assert counts([row] * 7, range(7)) == (1, 5, 7)


def test_ties_count_for_the_class():
    assert counts([[2, 2, 1]], [0]) == (1, 1, 1)
    assert counts([[2, 2, 1]], [1]) == (1, 1, 1)
    assert counts([[9, 8, 7, 6, 5, 5, 5, 4]], [6]) == (0, 1, 1)  # four logits exceed it, two equal it
    assert counts([[9, 8, 7, 6, 6, 5, 5, 4]], [6]) == (0, 0, 1)


@pytest.mark.parametrize("classes", [1, 2, 4, 5])
def test_with_five_classes_or_fewer_all_are_among_the_five(classes):
    row = list(range(classes))
    assert counts([row] * classes, range(classes)) == (1, classes, classes)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("place", [0, 1, 7])
@pytest.mark.parametrize("classes", [3, 8])
def test_a_row_that_is_not_finite_is_wrong(bad, place, classes):
    row = [5.0, *[1.0] * (classes - 1)]
    row[place % classes] = bad
    assert counts([row, [9.0] + [0.0] * (classes - 1)], [0, 0]) == (1, 1, 2)


def test_counts_give_percentages():
    found = Accuracy({"top1": 3, "top5": 5, "pictures": 8})
    assert found.figures() == {"top1": 37.5, "top5": 62.5}
    assert (found.text(), found.summary()) == ("top-1 37.50 %", "top-1 37.50 %  top-5 62.50 %")
    assert Accuracy().figures() == {"top1": 0.0, "top5": 0.0}


def test_counts_that_were_kept_go_on():
    kept = accuracy([[2, 1], [2, 1]], [0, 1]).counts
    again = Accuracy(kept)
    again.reduce(ALONE)
    assert again.counts == kept == {"top1": 1, "top5": 2, "pictures": 2}


def test_parts_add_up_to_the_whole(rng):
    logits, labels = rng.integers(0, 4, (50, 9)).astype(np.float32), rng.integers(0, 9, 50)
    whole = Accuracy()
    for i in range(0, 50, 7):
        whole.add(logits[i : i + 7], Batch(None, labels[i : i + 7], np.arange(len(labels[i : i + 7]))))
    assert whole.counts == accuracy(logits, labels).counts
