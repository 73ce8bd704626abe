# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""MACs of block-circulant products: the paper's rows, and the kernel's own loops walked through."""

import pytest

from src.analysis.cost.circulant import dense_macs, fft_macs, native_macs, paper_macs, transform_macs


@pytest.mark.parametrize(("b", "macs"), [(1, 0.0696), (2, 0.0696), (4, 0.0769), (8, 0.0987)])
def test_two_paths_at_both_places_of_aug_vit_s(b, macs):
    """Table 5 of the paper, with two digits more."""
    assert paper_macs((2, b, b, 384 // b)) * 197 * 2 * 12 / 1e9 == pytest.approx(macs, abs=6e-5)
    assert dense_macs((2, b, b, 384 // b)) * 197 * 2 * 12 / 1e9 == pytest.approx(1.394, abs=5e-4)


def test_a_transform_of_blocks_of_one_channel_is_free():
    assert transform_macs(1) == 0
    assert paper_macs((1, 8, 8, 1)) == 2 * 8 * 8
    assert fft_macs((1, 8, 8, 1)) == 4 * 8 * 8


def kernel_transform(n):
    """Walk the loops of the kernel's transform and count the real multiplications."""
    radices, rest = [], n
    for radix in (4, 3, 2, 5, 7, 9, 11, 13):
        while rest % radix == 0:
            radices.append(radix)
            rest //= radix
    assert rest == 1
    count, stride = 0, 1
    for radix in radices:
        groups = n // stride // radix
        for p in range(groups):
            for _ in range(stride):
                if radix in (2, 3, 4):
                    count += 8 if radix == 3 else 0  # two complex numbers times a constant
                    count += sum(4 for k in range(radix) if k > 0 and p > 0)
                else:
                    count += sum(4 * radix + 4 for _ in range(radix))
        stride *= radix
    return count


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 25, 30, 32, 48, 80, 96, 112, 128, 192, 384])
def test_transforms_multiply_as_often_as_the_kernel(n):
    assert transform_macs(n) == kernel_transform(n)


@pytest.mark.parametrize("shape", [(2, 4, 4, 96), (1, 3, 3, 10), (3, 1, 1, 48), (2, 8, 8, 16)])
def test_the_native_product_multiplies_as_often_as_the_kernel(shape):
    paths, b, _, n = shape
    outputs, count = paths * b, 0
    for first in range(0, b, 2):  # to_spectra
        count += kernel_transform(n) + sum(2 if first + 1 == b else 4 for _ in range(n // 2 + 1))
    for first in range(0, outputs, 2):  # project, two outputs at once
        both = min(2, outputs - first)
        count += kernel_transform(n) + sum(4 * b * both for _ in range(n // 2 + 1))
    assert native_macs(shape) == count
