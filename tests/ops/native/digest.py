# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Print a digest of what each kernel computes on so many cores: python -m tests.ops.native.digest LIBRARY CORES."""

import ctypes
import hashlib
import os
import sys

import numpy as np

TOKENS, CHANNELS, BLOCKS, PATHS = 333, 48, 4, 2


def call(library, name, *arrays):
    """Call a kernel as MindSpore does: pointers, ranks, shapes and types of its inputs, then of its outputs."""
    shapes = [(ctypes.c_int64 * array.ndim)(*array.shape) for array in arrays]
    status = getattr(library, name)(
        len(arrays),
        (ctypes.c_void_p * len(arrays))(*[array.ctypes.data for array in arrays]),
        (ctypes.c_int * len(arrays))(*[array.ndim for array in arrays]),
        (ctypes.c_void_p * len(arrays))(*[ctypes.addressof(shape) for shape in shapes]),
        (ctypes.c_char_p * len(arrays))(*[array.dtype.name.encode() for array in arrays]),
        None,
        None,
    )
    assert status == 0, (name, status)


def calls():
    """Return the arrays that each kernel takes, and arrays of the shapes that it returns."""
    rng = np.random.default_rng(0)
    x, y, z, up = (rng.standard_normal((TOKENS, CHANNELS)).astype(np.float32) for _ in range(4))
    gamma, beta = (rng.standard_normal(CHANNELS).astype(np.float32) for _ in range(2))
    generators = rng.standard_normal((PATHS, BLOCKS, BLOCKS, CHANNELS // BLOCKS)).astype(np.float32)
    bias, one = rng.standard_normal(PATHS * CHANNELS).astype(np.float32), np.array([0.5], np.float32)
    heads = z.reshape(1, 3, TOKENS, CHANNELS // 3).copy()
    qkv = rng.standard_normal((1, TOKENS, 3 * CHANNELS)).astype(np.float32)
    scales = np.repeat(np.array([[0.5], [1.0], [1.0]], np.float32), 3, 1)
    some = y[: TOKENS // 3].copy()
    table = rng.integers(-1, TOKENS, (len(some), 2)).astype(np.float32)
    return {
        "softmax": ((x,), (x,)),
        "column_sums": ((x,), (gamma,)),
        "softmax_gradient": ((x, up), (x,)),
        "biased_gelu": ((x, gamma), (x,)),
        "biased_gelu_gradient": ((x, gamma, up), (x, gamma)),
        "biased_softmax": ((x, some), (x,)),
        "biased_softmax_gradient": ((x, up, some), (x, some)),
        "rearrange": ((x[None], table), (some[None],)),
        "split_heads": ((qkv, qkv[0, 0], scales), (heads, heads, heads)),
        "split_heads_gradient": ((heads, heads, heads, scales), (qkv, qkv[0, 0])),
        "merge_heads": ((heads,), (x[None],)),
        "merge_heads_gradient": ((x[None], scales[0]), (heads,)),
        "gelu": ((x,), (x,)),
        "gelu_gradient": ((x, up), (x,)),
        "layer_norm": ((x, gamma, beta, one), (x,)),
        "layer_norm_gradient": ((x, gamma, one, up), (x, gamma, beta)),
        "gelu_shortcut": ((x, y, z, generators, bias, one), (x,)),
        "gelu_shortcut_gradient": ((z, generators, bias, one, up), (x, z, generators, bias)),
        "linear_shortcut": ((x, y, z, generators, bias, one), (x,)),
        "linear_shortcut_gradient": ((z, generators, bias, one, up), (x, z, generators, bias)),
    }


def results(library):
    """Return what each kernel computes."""
    found = {}
    for name, (inputs, like) in calls().items():
        found[name] = [np.zeros_like(array) for array in like]
        call(library, name, *inputs, *found[name])
    return found


def main():
    path, cores = sys.argv[1:]
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: int(cores)])  # before the library counts them
    for name, outputs in results(ctypes.CDLL(path)).items():
        print(name, *(hashlib.sha256(array.tobytes()).hexdigest()[:16] for array in outputs))


if __name__ == "__main__":
    main()
