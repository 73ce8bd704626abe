# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The block-circulant product of augmented shortcuts (Tang et al., NeurIPS 2021, Eq. 12-14), in three forms.

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
    rows = x.reshape(-1, x.shape[-1])  # (M, b_in*n)
    y = ops.matmul(rows, dense_weight(generators, index).transpose())  # (M, T*b_out*n)
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


def half_weights(generators: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the two weights (T, b_out*n/2, b_in*n/2) of products on halves of blocks, for even n.

    A circulant block is [[A, B], [B, A]]. With x and y in halves, and u = x_1 + x_2, v = x_1 - x_2,

        y_1 = P u + Q v,   y_2 = P u - Q v,   P = (A + B) / 2,   Q = (A - B) / 2:

    half the multiply-accumulates of the dense product. P and Q are returned.
    """
    paths, b_out, b_in, n = generators.shape
    half = n // 2
    blocks = generators.reshape(-1)[dense_index(generators.shape)].reshape(paths, b_out, 2, half, b_in, 2, half)
    a, b = blocks[:, :, 0, :, :, 0], blocks[:, :, 0, :, :, 1]  # (T, b_out, n/2, b_in, n/2)
    shape = (paths, b_out * half, b_in * half)
    return ((a + b) / 2).reshape(shape), ((a - b) / 2).reshape(shape)


def split_halves(x: Tensor, blocks: int) -> tuple[Tensor, Tensor]:
    """Return the first and the second halves (B, N, C/2) of the ``blocks`` blocks of ``x`` (B, N, C)."""
    batch, tokens, dim = x.shape
    half = dim // blocks // 2
    first, second = ops.split(x.reshape(batch, tokens, blocks, 2 * half), half, -1)
    return first.reshape(batch, tokens, dim // 2), second.reshape(batch, tokens, dim // 2)


def join_halves(first: Tensor, second: Tensor, blocks: int) -> Tensor:
    """Return ``x`` (B, N, C) of the halves (B, N, C/2) of its blocks; undoes ``split_halves``."""
    batch, tokens, half_dim = first.shape
    halves = [half.reshape(batch, tokens, blocks, half_dim // blocks) for half in (first, second)]
    return ops.cat(halves, -1).reshape(batch, tokens, 2 * half_dim)
