# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Fixtures that several test files share."""

import os
import socket
from pathlib import Path

import mindspore as ms
import numpy as np
import pytest
from PIL import Image

from src.distributed import start_device

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session", autouse=True)
def _device():
    start_device("CPU")


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
