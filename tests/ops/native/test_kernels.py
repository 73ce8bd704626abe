# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The kernels themselves, called without MindSpore: threads leave no trace, registers of any width agree."""

import ctypes
import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from src.ops.native.library import FLAGS, SOURCES, library
from tests.native import kernel_names, needs_compiler
from tests.ops.native.digest import results

ROOT = Path(__file__).resolve().parents[3]


@needs_compiler
@pytest.mark.skipif(not hasattr(__import__("os"), "sched_setaffinity"), reason="this system binds no process to a core")
def test_any_number_of_threads_gives_the_same_bits():
    def digest(cores):
        command = [sys.executable, "-m", "tests.ops.native.digest", str(library()), str(cores)]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout

    alone = digest(1)
    assert {line.split()[0] for line in alone.splitlines()} == kernel_names()
    assert alone == digest(2)


def _macros(*flags):
    command = ["g++", *flags, "-dM", "-E", "-x", "c++", "/dev/null"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@needs_compiler
@pytest.mark.skipif(platform.machine() != "x86_64", reason="other processors have registers of one width")
@pytest.mark.parametrize("processor", ["x86-64", "haswell"])  # four lanes, eight
def test_registers_of_any_width_agree(processor, tmp_path):
    if processor == "haswell" and "__AVX2__" not in _macros("-march=native"):
        pytest.skip("this processor has no AVX2")
    flags = [flag for flag in FLAGS if flag not in ("-O3", "-march=native")]
    sources = [str(source) for source in SOURCES.glob("*.cc")]
    narrow = tmp_path / "narrow.so"
    subprocess.run(["g++", *flags, "-O1", f"-march={processor}", *sources, "-o", str(narrow)], check=True)
    wide = results(ctypes.CDLL(str(library())))
    for name, outputs in results(ctypes.CDLL(str(narrow))).items():
        for own, expected in zip(outputs, wide[name], strict=True):
            assert np.abs(own - expected).max() <= 2e-6 * max(1.0, np.abs(expected).max()), name
