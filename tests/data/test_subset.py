# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""A subset has the first pictures of each class, under their own names."""

import numpy as np
from PIL import Image

from src.data.source import Source
from src.data.subset import Subset


class Numbered(Source):
    """Pictures whose colour is their number."""

    name, classes = "numbers", ("a", "b", "c", "d")
    labels = np.asarray([2, 0, 2, 2, 0, 3, 2, 0], np.int32)  # none of b

    def picture(self, index):
        return Image.new("RGB", (1, 1), (index, index, index))

    def picture_name(self, index):
        return f"number {index}"


def test_the_first_of_each_class_are_kept_in_their_order():
    subset = Subset(Numbered(), 2)
    assert [subset.picture_name(i) for i in range(len(subset))] == [f"number {i}" for i in (0, 1, 2, 4, 5)]
    assert [subset.picture(i).getpixel((0, 0))[0] for i in range(len(subset))] == [0, 1, 2, 4, 5]
    np.testing.assert_array_equal(subset.labels, [2, 0, 2, 0, 3])
    assert subset.labels.dtype == np.int32
    assert (subset.name, subset.classes) == ("numbers", ("a", "b", "c", "d"))


def test_its_digest_tells_it_from_the_whole():
    whole = Numbered()
    assert Subset(whole, 9).digest() == whole.digest()
    assert Subset(whole, 2).digest() != whole.digest()
