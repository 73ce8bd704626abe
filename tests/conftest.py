# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Fixtures that several test files share."""

import gc
import logging
import os
import signal
import socket
import subprocess
import sys
from collections import Counter
from pathlib import Path

import mindspore as ms
import numpy as np
import pytest
from PIL import Image

from src.distributed import start_device

ROOT = Path(__file__).resolve().parents[1]


# the files that take longest, in this order: started last, one of them would keep a single process busy at the end
LONGEST = (
    *("test_readme.py", "engine/test_faults.py", "models/test_families.py", "deploy/onnx/test_file.py"),
    *("engine/test_ranks.py", "engine/test_step.py", "test_doors.py", "engine/test_train.py"),
    *("deploy/test_export.py", "engine/test_sweep.py", "models/test_vit.py", "layers/test_attention.py"),
)
PARTS = {"test_readme": "documents", "test_deployment_document": "documents", "test_ranks": "ranks"}
PARTS |= {"test_distributed": "ranks", "test_job": "ranks", "test_faults": "faults", "test_sweep": "faults"}


def pytest_configure():
    """Let commands hear Ctrl-C, also where the suite runs in the background of a shell, which ignores INT there."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items):
    """Let the longest files come first; ``--dist loadfile --no-loadscope-reorder`` keeps to that."""
    places = {ROOT / "tests" / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


def pytest_collection_finish():
    """Keep what is imported out of garbage collection, which compiling graphs sets off: 15 % of the processor time."""
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter):
    """Tell the seconds of all processes that each part took."""
    seconds = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                path = Path(report.nodeid.split("::")[0])
                folder = path.parts[1] if len(path.parts) > 2 else "others"
                seconds[PARTS.get(path.stem, folder)] += report.duration
    terminalreporter.section("seconds of each part")
    terminalreporter.write_line("  ".join(f"{part} {spent:.0f}" for part, spent in seconds.most_common()))


@pytest.fixture(scope="session", autouse=True)
def _device():
    start_device("CPU")


@pytest.fixture(autouse=True)
def _logging():
    """Leave the log as it is before a run, which sends it to its folder."""
    yield
    logger = logging.getLogger("augvit")
    for handler in logger.handlers:
        handler.close()
    logger.handlers.clear()
    logger.propagate = True


@pytest.fixture(scope="session")
def forks(tmp_path_factory):
    """A folder with programs ``python`` and ``msrun`` that need not import MindSpore (tests/starts/server.py)."""
    folder = tmp_path_factory.mktemp("forks")
    command = [sys.executable, str(ROOT / "tests" / "starts" / "server.py"), str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdout.readline() == b"ready\n"
        yield folder
        server.stdin.close()
    assert server.returncode == 0


@pytest.fixture(params=[ms.GRAPH_MODE, ms.PYNATIVE_MODE], ids=["graph", "pynative"])
def mode(request):
    """Run a test in both modes."""
    ms.set_context(mode=request.param)
    yield request.param
    ms.set_context(mode=ms.GRAPH_MODE)


@pytest.fixture
def pynative():
    """Run a test in PYNATIVE mode, which starts quicker than a graph; the fixture ``mode`` overrules it."""
    ms.set_context(mode=ms.PYNATIVE_MODE)
    yield
    ms.set_context(mode=ms.GRAPH_MODE)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def picture_folder(tmp_path):
    """A data set of 3 classes, told apart by their colour: 8 training and 3 validation pictures each."""
    draw = np.random.default_rng(7)
    for split, count in (("train", 8), ("val", 3)):
        for channel, name in enumerate(("blue", "green", "red")):
            folder = tmp_path / "pictures" / split / name
            folder.mkdir(parents=True)
            for i in range(count):
                pixels = draw.integers(0, 60, (20 + i, 24, 3), dtype=np.uint8)
                pixels[..., 2 - channel] += 180
                Image.fromarray(pixels).save(folder / f"{i}.png")
    return tmp_path / "pictures"


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def shared_data(*parts: str) -> Path:
    """Return a path in the team's data folder, or skip the test, saying so, where it is not there."""
    root = Path(os.environ.get("AUGVIT_DATA", ROOT.parent / "shared" / "data"))
    path = root.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"{'/'.join(parts)} is not in the shared data folder (AUGVIT_DATA)")
    return path
