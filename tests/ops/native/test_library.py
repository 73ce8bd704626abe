# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The library of kernels: built once, in a cache folder, and missed without harm."""

import ctypes
import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from src.ops.native import library as module
from src.ops.native.library import BuildError, build, library
from tests.native import needs_compiler

ONE = 'extern "C" __attribute__((visibility("default"))) int one() { return 1; }\n'


@pytest.fixture(autouse=True)
def _one_small_source(tmp_path, monkeypatch):
    """Build one function instead of all, in a tenth of a second."""
    sources = tmp_path / "sources"
    sources.mkdir()
    (sources / "one.cc").write_text(ONE)
    monkeypatch.setattr(module, "SOURCES", sources)
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")
    library.cache_clear()
    yield
    library.cache_clear()


@pytest.fixture
def said(caplog, monkeypatch):
    monkeypatch.setattr(logging.getLogger("augvit"), "propagate", True)
    caplog.set_level(logging.INFO, logger="augvit")
    return caplog


@pytest.fixture
def pretend(tmp_path, monkeypatch):
    """Put a g++ of our own before the machine's: a shell script."""

    def put(script):
        program = tmp_path / "programs" / "g++"
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        if str(program.parent) not in os.environ["PATH"]:
            monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")

    return put


def _answers(**macros):
    return "\n".join(f"echo '#define {name} {value}'" for name, value in macros.items())


@needs_compiler
def test_it_is_compiled_once_and_nothing_else_stays(tmp_path, said):
    first, second = build(tmp_path / "cache"), build(tmp_path / "cache")
    assert first == second
    assert list((tmp_path / "cache").iterdir()) == [first]
    assert len(said.messages) == 1
    assert said.messages[0].startswith("native kernels: compiled in ")


@needs_compiler
def test_other_sources_are_another_library(tmp_path):
    first = build(tmp_path / "cache")
    (module.SOURCES / "one.cc").write_text(ONE.replace("1", "2"))
    assert build(tmp_path / "cache") != first


@needs_compiler
def test_two_processes_may_build_at_once(tmp_path):
    code = (
        "import sys, pathlib\n"
        "from src.ops.native import library\n"
        "library.SOURCES = pathlib.Path(sys.argv[1])\n"
        "import ctypes\n"
        "print(ctypes.CDLL(str(library.build(pathlib.Path(sys.argv[2])))).one())"
    )
    command = [sys.executable, "-c", code, str(module.SOURCES), str(tmp_path / "cache")]
    root = Path(__file__).resolve().parents[3]
    processes = [subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [process.communicate()[0].strip() for process in processes] == ["1", "1"]
    assert len(list((tmp_path / "cache").iterdir())) == 1


@needs_compiler
def test_a_source_that_does_not_compile_is_named_and_leaves_nothing(tmp_path):
    (module.SOURCES / "one.cc").write_text("int one( { return 1; }\n")
    with pytest.raises(BuildError, match=r"one\.cc:1:.*error"):
        build(tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (_answers(__GNUC__=7, __GNUC_MINOR__=5), "g++ 7.5: version 9 or newer is needed"),
        (_answers(__GNUC__=4, __GNUC_MINOR__=2, __clang__=1), "g++ is Clang here: GCC 9 or newer is needed"),
        ("true", "g++ ?.?: version 9 or newer is needed"),
        (
            "echo \"note: of no use\" >&2; echo \"cc1plus: error: bad value 'native' for '-march='\" >&2; exit 1",
            "cc1plus: error: bad value 'native' for '-march='",
        ),
        ("echo 'Fehler: ganz anders' >&2; exit 1", "Fehler: ganz anders"),
        ("exit 3", "exit status 3"),
    ],
    ids=["old", "clang", "silent", "no-march-native", "another-language", "no-word"],
)
def test_a_compiler_that_will_not_do_is_one_line(pretend, said, tmp_path, script, reason):
    pretend(script)
    assert library() is None
    assert said.messages == [f"native kernels: not available ({reason}); the portable forms are slower"]
    assert not (tmp_path / "home").exists()


def test_a_compiler_of_another_machine_is_one_line(pretend, said, tmp_path):
    pretend("")
    (tmp_path / "programs" / "g++").write_bytes(b"\x7fELF of something else")
    assert library() is None
    assert "g++: could not be run (" in said.messages[0]


@needs_compiler
def test_each_processor_has_a_library_of_its_own(pretend, tmp_path):
    here = build(tmp_path / "cache")
    real = shutil.which("g++")
    pretend(f'"{real}" "$@" || exit\ncase "$*" in *-dM*) echo "#define __ANOTHER_PROCESSOR__ 1";; esac')
    there = build(tmp_path / "cache")
    assert sorted((tmp_path / "cache").iterdir()) == sorted({here, there})
    assert [ctypes.CDLL(str(path)).one() for path in (here, there)] == [1, 1]
    pretend(f'exec "{real}" "$@"')
    assert build(tmp_path / "cache") == here


@needs_compiler
def test_nothing_is_left_outside_the_cache_folder(tmp_path, monkeypatch):
    for name in ("temporary", "current"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    monkeypatch.chdir(tmp_path / "current")
    before = set(tmp_path.rglob("*"))
    path = build(tmp_path / "cache")
    assert set(tmp_path.rglob("*")) - before == {tmp_path / "cache", path}


@needs_compiler
def test_a_damaged_library_is_missed_without_harm_and_named(tmp_path, said):
    build(tmp_path / "home" / module.CACHE).write_bytes(b"")
    assert library() is None
    assert ".so: file too short" in said.messages[-1]


def test_without_a_compiler_there_is_none_and_the_log_says_so_once(said, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    assert [library(), library()] == [None, None]
    assert said.messages == ["native kernels: not available (g++ is not on the path); the portable forms are slower"]


@needs_compiler
def test_a_folder_that_can_not_be_written_to_is_no_harm(tmp_path, said):
    (tmp_path / "home").write_text("a file where the folder should be")
    assert library() is None
    assert "could not be written" in said.messages[0]


@needs_compiler
def test_it_is_built_in_the_home_folder(tmp_path):
    assert library().parent == tmp_path / "home" / ".cache" / "augvit_mindspore"
    assert os.access(library(), os.R_OK)
