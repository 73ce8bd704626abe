# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The forms that tests run through; the native ones are skipped, saying so, where they can't be compiled."""

import re

import pytest

from src.ops.native.library import SOURCES, library

needs_compiler = pytest.mark.skipif(library() is None, reason="native kernels can't be compiled here (g++)")
IMPLEMENTATIONS = [pytest.param("native", marks=needs_compiler), "fft", "dense"]
KERNELS = [pytest.param("auto", marks=needs_compiler), "portable"]


def kernel_names() -> set[str]:
    """Return the names of all kernels, read out of their sources."""
    text = "".join(source.read_text() for source in SOURCES.glob("*.cc"))
    return set(re.findall(r"^AUGVIT_KERNEL\((\w+)\)", text, re.MULTILINE))
