# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""What timm makes of given draws, and a generator that gives these draws out."""

import json

import numpy as np
import pytest

from tests.golden.load import FOLDER


class Script:
    """Stands for a generator of numpy: its answers are given, in the order in which they are asked for."""

    def __init__(self, *answers):
        self._answers = iter(answers)

    def _next(self, *_, **__):
        return next(self._answers)

    uniform = integers = random = standard_normal = beta = permutation = _next

    def finished(self):
        return next(self._answers, None) is None


@pytest.fixture
def script():
    return Script


@pytest.fixture(scope="session")
def timm():
    """(cases, arrays) of ``golden/make_augment_goldens.py``."""
    with np.load(FOLDER / "augment.npz") as file:
        arrays = {name: file[name] for name in file.files}
    return json.loads(str(arrays.pop("cases"))), arrays
