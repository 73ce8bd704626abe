# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Accuracy on rows that can be counted by hand."""

import numpy as np
import pytest

from src.engine.metrics import Accuracy, accuracy


def counts(logits, labels):
    result = accuracy(np.array(logits, np.float32), np.array(labels, np.int32))
    return result.top1, result.top5, result.count


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


def test_counts_add_up_and_give_percentages():
    total = Accuracy(1, 3, 4) + Accuracy(2, 2, 4)
    assert total == Accuracy(3, 5, 8)
    assert (total.top1_percent, total.top5_percent) == (37.5, 62.5)
    assert (Accuracy().top1_percent, Accuracy().top5_percent) == (0.0, 0.0)


def test_parts_add_up_to_the_whole(rng):
    logits, labels = rng.integers(0, 4, (50, 9)).astype(np.float32), rng.integers(0, 9, 50)
    parts = [accuracy(logits[i : i + 7], labels[i : i + 7]) for i in range(0, 50, 7)]
    assert sum(parts, Accuracy()) == accuracy(logits, labels)
