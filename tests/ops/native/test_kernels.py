# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The kernels themselves, called without MindSpore: any number of threads gives the same bits."""

import subprocess
import sys
from pathlib import Path

import pytest

from src.ops.native.library import library
from tests.native import kernel_names, needs_compiler

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
