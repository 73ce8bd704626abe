# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Multiply-accumulates a token of T block-circulant projections: as the paper counts, and as they are executed.

Generators are (T, b_out, b_in, n); F = n // 2 + 1 are the frequencies of a real signal of n points. What is executed is
counted in real multiplications, each with the addition that it may feed: a complex product has four. What depends on
the generators alone is done once a batch and not counted: gathering a dense weight, the spectra of the generators.
"""

import math

Shape = tuple[int, int, int, int]  # (T, b_out, b_in, n)


def paper_macs(shape: Shape) -> float:
    """Return T * (2 d log2(d / b) + 2 b d) of square projections of d channels with b blocks a side.

    This fits every row of Aug-ViT's Tables 2 to 5; the text under its Eq. 14 has d log(d / b) + 2 b d, which doesn't.
    The two transforms are that of the input and that of the output; each path transforms the input again.
    """
    paths, b_out, b_in, n = shape
    return paths * ((b_out + b_in) * n * math.log2(n) + 2 * b_out * b_in * n)


def dense_macs(shape: Shape) -> int:
    """Return those of ``ops.circulant.dense_product``, one product with the gathered dense weight: T * d_out * d_in."""
    paths, b_out, b_in, n = shape
    return paths * b_out * b_in * n * n


def fft_macs(shape: Shape) -> float:
    """Return those of ``ops.circulant.fft_product``: (b_in + T b_out) n log2 n + 4 F b_in T b_out.

    The inputs are transformed once for all paths. A transform belongs to MindSpore, so it is counted as a textbook's:
    n / 2 * log2 n complex products for n complex points (Cooley and Tukey, 1965), half of it for real ones. At each
    frequency there is a real product of 2 b_in by 2 T b_out.
    """
    paths, b_out, b_in, n = shape
    outputs = paths * b_out
    return (b_in + outputs) * n * math.log2(n) + 4 * (n // 2 + 1) * b_in * outputs


def native_macs(shape: Shape) -> int:
    """Return those of the kernel in ``src/ops/native/kernels/shortcut.cc``.

    Two blocks share a complex transform, there and back: (ceil(b_in / 2) + ceil(T b_out / 2)) transforms. Each
    frequency of each input block is halved when the two are told apart, 2 F b_in, and multiplied for each output block,
    4 F b_in T b_out. The sum with x and y, its scale and the activation belong to no product.
    """
    paths, b_out, b_in, n = shape
    outputs, frequencies = paths * b_out, n // 2 + 1
    transforms = (b_in + 1) // 2 + (outputs + 1) // 2
    return transforms * transform_macs(n) + 2 * frequencies * b_in + 4 * frequencies * b_in * outputs


def transform_macs(n: int) -> int:
    """Return those of ``Fourier::transform`` in ``src/ops/native/kernels/fourier.cc`` for n complex points.

    A stage of ``radix`` r has n / r butterflies. Those of 2 and 4 points only add; that of 3 multiplies two complex
    numbers by constants. Their outputs but the first are turned by twiddles, those of the first group are not. Any
    other radix is r * r products with roots of unity, and each output is turned.
    """
    total, stride = 0, 1
    for radix in _radices(n):
        butterflies, groups = n // radix, n // radix // stride
        if radix > 4:
            products = butterflies * radix * (radix + 1)
        else:
            products = (groups - 1) * stride * (radix - 1) + (2 * butterflies if radix == 3 else 0)
        total, stride = total + 4 * products, stride * radix
    return total


def _radices(n: int) -> list[int]:
    """Return the factors of n in the order of the kernel's stages: 4, 3, 2, then odd ones."""
    found: list[int] = []
    for radix in (4, 3, 2, *range(5, n + 1, 2)):
        while n % radix == 0:
            found.append(radix)
            n //= radix
    return found
