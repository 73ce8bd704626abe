# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The library of native kernels: compiled once by the machine's own g++, kept in a cache folder, never at import."""

import ctypes
import functools
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mindspore import ops

from src.logs import get_logger

SOURCES = Path(__file__).parent / "kernels"
CACHE = Path(".cache", "augvit_mindspore")  # in the home folder
# no fast-math: it would let the compiler reorder sums, and NaN would no longer be one
FLAGS = (
    *("-std=c++17", "-O3", "-march=native", "-shared", "-fPIC", "-pthread", "-fvisibility=hidden", "-Wno-psabi"),
    *("-fno-math-errno", "-fno-trapping-math"),
    *("-fschedule-insns", "-fsched-pressure"),  # before registers are given out: the transforms gain a tenth
)
_OLDEST = 9  # version of g++ that knows what the sources use: C++17, and conversions and choices of whole vectors
_log = get_logger(__name__)

Infer = Callable[..., Any]  # (shapes or types of the inputs) -> those of the output or outputs


class BuildError(Exception):
    """The kernels can't be compiled here, or not loaded; the text says why."""


@functools.cache  # built, or found wanting, once a process
def library() -> Path | None:
    """Return the compiled library for this machine, or None where it can't be had; the log says why not."""
    try:
        path = build(Path.home() / CACHE)
        _load(path)
        return path
    except (BuildError, RuntimeError) as error:  # the latter: there is no home folder
        _log.info("native kernels: not available (%s); the portable forms are slower", error)
        return None


def build(cache: Path) -> Path:
    """Return the library in the folder ``cache``, compiled if it is not there yet.

    Its name says what it was made of: the sources, the flags, the compiler and the processor. So a folder that several
    machines share holds one for each. Two processes may build it at once: each writes a file of its own, in a temporary
    folder beside it, and renames it. A process that is killed in between leaves that folder, which nobody reads.

    Raises:
        BuildError: no compiler, or one that is too old, or it fails, or the folder can't be written to.
    """
    compiler = shutil.which("g++")
    if compiler is None:
        raise BuildError("g++ is not on the path")
    sources = sorted(SOURCES.iterdir())
    # what the compiler predefines: its own version, and the instructions of this processor
    macros = _run(compiler, "-march=native", "-dM", "-E", "-x", "c++", os.devnull)
    _check(macros)
    parts = [macros, " ".join(FLAGS), *(source.read_text() for source in sources)]
    path = cache / f"kernels-{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:16]}.so"
    if path.exists():
        return path
    start = time.monotonic()
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as folder:
            partial = Path(folder) / path.name
            _run(compiler, *FLAGS, *(str(source) for source in sources if source.suffix == ".cc"), "-o", str(partial))
            os.replace(partial, path)
    except OSError as error:
        raise BuildError(f"{cache}: could not be written ({error.strerror})") from None
    _log.info("native kernels: compiled in %.1f s into %s", time.monotonic() - start, path)
    return path


def kernel(name: str, shape: Infer, dtype: Infer) -> ops.Custom:
    """Return a kernel of the library as an operator; it takes and returns float32 arrays.

    Args:
        name: of the function in the library.
        shape: the shape of the output, or a tuple of shapes, from those of the inputs.
        dtype: the same for the types.
    """
    return ops.Custom(f"{library()}:{name}", shape, dtype, func_type="aot")


def _check(macros: str) -> None:
    found = dict(re.findall(r"^#define (\w+) (\d+)$", macros, re.MULTILINE))
    if "__clang__" in found:  # it says that it is GCC 4.2, and has no __builtin_shuffle
        raise BuildError(f"g++ is Clang here: GCC {_OLDEST} or newer is needed")
    if int(found.get("__GNUC__", 0)) < _OLDEST:
        version = f"{found.get('__GNUC__', '?')}.{found.get('__GNUC_MINOR__', '?')}"
        raise BuildError(f"g++ {version}: version {_OLDEST} or newer is needed")


def _load(path: Path) -> None:
    """Try what MindSpore does later, in the middle of a network: a damaged file, a folder that forbids programs."""
    try:
        ctypes.CDLL(str(path))
    except OSError as error:
        raise BuildError(str(error)) from None


def _run(*command: str) -> str:
    try:
        result = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    except OSError as error:  # no program, or one for another machine
        raise BuildError(f"{command[0]}: could not be run ({error.strerror})") from None
    if result.returncode:
        lines = result.stderr.strip().splitlines() or [f"exit status {result.returncode}"]
        raise BuildError(next((line for line in lines if "error" in line), lines[-1]))
    return result.stdout
