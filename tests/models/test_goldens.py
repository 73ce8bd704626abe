# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The logits of the five released modes against PyTorch: our goldens, and those of the official code."""

import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor

from tests.conftest import shared_data
from tests.golden.load import FOLDER, model_of, read_golden
from tests.tiny import RELEASED_MODES

TOLERANCE = 1e-4  # the goldens' promise; what is seen is 1e-6
CASES = [
    *[(mode, "auto") for mode in RELEASED_MODES],
    *[(mode, "dense") for mode in RELEASED_MODES],
    *[(mode, "fft") for mode in ("circulant", "circulant2")],
]


def assert_agrees(path, implementation):
    golden = read_golden(path)
    model = model_of(golden, "param/", implementation=implementation)
    logits = model(Tensor(golden.arrays["input"])).asnumpy()
    assert np.abs(golden.arrays["output"]).max() > 0.5
    np.testing.assert_allclose(logits, golden.arrays["output"], rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize(("released", "implementation"), CASES)
def test_logits_equal_our_goldens(released, implementation, mode):
    assert_agrees(FOLDER / f"augvit_{released}.npz", implementation)


@pytest.mark.shared
@pytest.mark.parametrize("mode", [ms.PYNATIVE_MODE], indirect=True, ids=["pynative"])
@pytest.mark.parametrize(("released", "implementation"), CASES)
def test_logits_equal_those_of_the_official_code(released, implementation, mode):
    assert_agrees(shared_data("..", "golden", f"augvit_{released}.npz"), implementation)
