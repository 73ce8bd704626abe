# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The polynomial form of the exact GELU, against math.erf in float64."""

import math

import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor

from src.ops.gelu import gelu, gelu_gradient, phi

pytestmark = pytest.mark.usefixtures("pynative")

POINTS = np.linspace(-20, 20, 8001).astype(np.float32)
PHI = np.array([0.5 * math.erfc(-float(value) / math.sqrt(2)) for value in POINTS])


def test_distribution_function():
    assert np.abs(phi(Tensor(POINTS)).asnumpy() - PHI).max() < 1.5e-6


def test_value():
    assert np.abs(gelu(Tensor(POINTS)).asnumpy() - POINTS * PHI).max() < 1e-6


def test_written_and_derived_gradient_agree():
    derived = ms.grad(lambda x: gelu(x).sum())(Tensor(POINTS)).asnumpy()
    written = gelu_gradient(Tensor(POINTS), Tensor(np.ones_like(POINTS))).asnumpy()
    assert np.abs(derived - written).max() < 4e-6
