# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The block-circulant product of augmented shortcuts (Tang et al., NeurIPS 2021, Eq. 12-14), in two forms.

A projection is b_out x b_in blocks of n x n, each a circulant matrix given by its first column, the generator w_ij.
Output block i of an input x with blocks x_j is a sum of circular convolutions:

    y_i = sum_j w_ij (*) x_j,     dense entry  C_ij[p, q] = w_ij[(p - q) mod n]

T projections of the same input are computed at once; their outputs stand one behind the other in the last axis.
"""

import mindspore as ms
import numpy as np
from mindspore import Tensor, ops


def dense_index(shape: tuple[int, int, int, int]) -> np.ndarray:
    """Return where each entry of the dense weight comes from.

    Args:
        shape: (T, b_out, b_in, n) of the generators.

    Returns:
        int32 (T*b_out*n, b_in*n), positions in the flattened generators.
    """
    paths, b_out, b_in, n = shape
    block = np.arange(paths * b_out * b_in).reshape(paths * b_out, 1, b_in, 1) * n
    shift = (np.arange(n)[:, None] - np.arange(n)) % n  # (p, q) -> (p - q) mod n
    return (block + shift[:, None, :]).reshape(paths * b_out * n, b_in * n).astype(np.int32)


def dense_weight(generators: Tensor, index: Tensor) -> Tensor:
    """Return the dense weight (T*b_out*n, b_in*n) of ``generators`` (T, b_out, b_in, n); see ``dense_index``."""
    return ops.gather(generators.reshape(-1), index, 0)


def dense_product(x: Tensor, generators: Tensor, index: Tensor) -> Tensor:
    """Return the T products of ``x`` (..., b_in*n) as (..., T*b_out*n), by one gathered dense weight.

    T*b_out*b_in*n*n multiply-accumulates a token.
    """
    rows = x.reshape(-1, x.shape[-1])
    y = ops.matmul(rows, dense_weight(generators, index).transpose())
    return y.reshape(-1, *x.shape[1:-1], index.shape[0])


def fft_product(x: Tensor, generators: Tensor) -> Tensor:
    """Return the T products of ``x`` (..., b_in*n) as (..., T*b_out*n), in the Fourier domain (Eq. 14).

    Real and imaginary parts are multiplied apart, because MindSpore has no gradient for complex products: with
    X = R + iI the product X @ W is [R, I] @ [[Wr, Wi], [-Wi, Wr]], one real product for each of the n//2 + 1
    frequencies.
    """
    paths, b_out, b_in, n = generators.shape
    spectrum = ops.rfft(x.reshape(-1, b_in, n))  # (M, b_in, F), F = n//2 + 1
    real, imaginary = ops.real(spectrum).transpose(2, 0, 1), ops.imag(spectrum).transpose(2, 0, 1)  # (F, M, b_in)
    weight = ops.rfft(generators.reshape(paths * b_out, b_in, n))  # (T*b_out, b_in, F)
    w_real, w_imag = ops.real(weight).transpose(2, 1, 0), ops.imag(weight).transpose(2, 1, 0)  # (F, b_in, T*b_out)
    w = ops.cat((ops.cat((w_real, w_imag), 2), ops.cat((-w_imag, w_real), 2)), 1)  # (F, 2*b_in, 2*T*b_out)
    y = ops.matmul(ops.cat((real, imaginary), 2), w)  # (F, M, 2*T*b_out)
    y_real, y_imag = ops.split(y, paths * b_out, 2)
    y = ops.irfft(ops.Complex()(y_real.transpose(1, 2, 0), y_imag.transpose(1, 2, 0)), n)  # (M, T*b_out, n)
    return y.astype(ms.float32).reshape(-1, *x.shape[1:-1], paths * b_out * n)
