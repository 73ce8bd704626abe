# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The kernels under the compiler's sanitizers: no number read or written outside an array, none left unwritten."""

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from src.distributed import available_cores
from src.ops.native.library import FLAGS, SOURCES
from tests.native import kernel_names, needs_compiler

pytestmark = needs_compiler
DRIVER = Path(__file__).with_name("sanitized.cc")
SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-D_GLIBCXX_SANITIZE_VECTOR=1")
# -g1: the lines of a report; the rest would take a second more
COMPILER = ("g++", *(flag for flag in FLAGS if flag not in ("-O3", "-shared")), "-g1", *SANITIZERS)


def _compile(source, optimise, path):
    subprocess.run([*COMPILER, optimise, "-c", str(source), "-o", str(path)], check=True)
    return str(path)


def _run(*command):
    # leaks are not looked for: that needs rights which a container need not have
    environment = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0", "UBSAN_OPTIONS": "print_stacktrace=1"}
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, env=environment, timeout=300)


@pytest.fixture(scope="module")
def driver(tmp_path_factory):
    """Return the driver, compiled with the kernels."""
    folder = tmp_path_factory.mktemp("sanitized")
    (folder / "nothing.cc").write_text("int main() { return 0; }\n")
    tried = _run(*COMPILER, folder / "nothing.cc", "-o", folder / "nothing")
    if tried.returncode or _run(folder / "nothing").returncode:
        pytest.skip("g++ has no address sanitizer here (libasan, libubsan)")
    sources = [(DRIVER, "-O0"), *((source, "-O1") for source in sorted(SOURCES.glob("*.cc")))]
    with ThreadPoolExecutor(available_cores()) as pool:
        objects = list(pool.map(lambda each: _compile(*each, folder / f"{each[0].stem}.o"), sources))
    subprocess.run([*COMPILER, *objects, "-o", str(folder / "driver")], check=True)
    return folder / "driver"


def test_every_kernel_stays_inside_its_arrays_and_fills_its_outputs(driver):
    result = _run(driver)
    assert result.returncode == 0, result.stderr
    assert set(result.stdout.split()) == kernel_names()


@pytest.mark.parametrize(
    ("kernel", "operand", "access"),
    [
        pytest.param("softmax", 0, "READ", id="input"),
        pytest.param("softmax", 1, "WRITE", id="output"),
        pytest.param("gelu_shortcut_gradient", 8, "WRITE", id="last-of-nine"),
    ],
)
def test_an_array_that_is_one_number_too_short_is_found(driver, kernel, operand, access):
    result = _run(driver, kernel, operand)
    assert result.returncode != 0
    assert "heap-buffer-overflow" in result.stderr
    assert f"{access} of size" in result.stderr
