# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Patches as a reshape, against a strided convolution written out."""

import numpy as np
import pytest
from mindspore import Tensor, nn

from src.ops.patchify import patchify


class Patchify(nn.Cell):
    def __init__(self, patch_size):
        super().__init__()
        self.patch_size = patch_size

    def construct(self, images):
        return patchify(images, self.patch_size)


def strided_convolution(images, weight, patch):
    """Return (B, H/p * W/p, C_out): the p x p convolution with stride p, patches row by row."""
    batch, _, height, width = images.shape
    rows, columns = height // patch, width // patch
    y = np.zeros((batch, rows * columns, len(weight)))
    for b in range(batch):
        for i in range(rows):
            for j in range(columns):
                window = images[b, :, i * patch : (i + 1) * patch, j * patch : (j + 1) * patch]
                for out, kernel in enumerate(weight):
                    y[b, i * columns + j, out] = (window * kernel).sum()
    return y


@pytest.mark.parametrize(
    ("size", "patch", "channels"), [((8, 12), 4, 3), ((6, 4), 2, 1), ((5, 10), 5, 4), ((3, 2), 1, 3)]
)
def test_product_with_a_flat_weight_is_the_strided_convolution(size, patch, channels, rng):
    images = rng.standard_normal((2, channels, *size)).astype(np.float32)
    weight = rng.standard_normal((5, channels, patch, patch))
    patches = patchify(Tensor(images), patch).asnumpy()
    expected = strided_convolution(images, weight, patch)
    assert np.abs(patches @ weight.reshape(5, -1).T - expected).max() < 1e-9


def test_order_of_patches_and_of_values_by_hand(mode):
    images = np.arange(2 * 2 * 4, dtype=np.float32).reshape(1, 2, 2, 4)
    patches = Patchify(2)(Tensor(images)).asnumpy()
    assert patches.tolist() == [[[0, 1, 4, 5, 8, 9, 12, 13], [2, 3, 6, 7, 10, 11, 14, 15]]]
