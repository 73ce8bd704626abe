# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The products of two libraries, where PyTorch is installed."""

import pytest

pytest.importorskip("torch")

import torch

from benchmarks.products import LIBRARIES, operands, table
from benchmarks.turns import Times


@pytest.mark.parametrize("library", LIBRARIES)
def test_both_libraries_multiply(library):
    x, weight = operands(37, 48, 96)[0]

    found = LIBRARIES[library](x, weight)

    torch.testing.assert_close(found.double(), x.double() @ weight.double().T, rtol=0, atol=1e-4)


def test_a_row_says_which_is_slower():
    times = {"oneDNN": Times((0.003, 0.003)), "MKL": Times((0.002, 0.002))}

    assert table([("projection", times)]).rows[0][-1] == "1.50"
