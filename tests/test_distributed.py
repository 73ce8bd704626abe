# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Ranks: alone, and two of them in a job."""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from mindspore import Parameter, Tensor

from src.distributed import ALONE, available_cores, start_device, start_ranks
from src.errors import AgreedError, UserError
from tests.conftest import ROOT, free_port


@pytest.fixture(scope="module")
def heard(tmp_path_factory):
    """What each of two ranks heard."""
    if shutil.which("msrun") is None:
        pytest.skip("msrun is not on the path")
    logs = tmp_path_factory.mktemp("job") / "logs"
    command = [sys.executable, "tools/launch.py", "CPU", "2", "tests/ranks/conversation.py"]
    environment = {**os.environ, "LOG_DIR": str(logs), "MASTER_PORT": str(free_port())}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    texts = [(logs / f"worker_{rank}.log").read_text() for rank in range(2)]
    lines = [next(line for line in text.splitlines() if line.startswith("heard ")) for text in texts]
    return [json.loads(line.removeprefix("heard ")) for line in lines]


def test_two_ranks_hear_the_same(heard):
    assert [own["rank"] for own in heard] == [0, 1]
    for own in heard:
        assert own["size"] == 2
        assert own["total"] == [2, 1, 2**25]
        assert own["weights"] == [9.0, 7.0]  # those of the first
        assert own["drifted"] == [True, False]  # before and after
        assert own["nobody"] is None
        assert own["second"] == "né 猫"
        assert own["both"] == "rank 0"
        assert own["empty"] == ""
        assert own["peace"] is None
        assert own["trouble"] == "a/b.png: broken"


def test_one_rank_works_while_the_other_keeps_it_company(heard):
    assert [own["worked"] for own in heard] == [1, 0]
    assert [own["company"] for own in heard] == [[True], [True]]
    assert [own["raised"] for own in heard] == [True, False]


def test_a_process_alone_talks_to_itself():
    assert (ALONE.rank, ALONE.size, ALONE.first) == (0, 1, True)
    assert ALONE.total([1, 2.5]).tolist() == [1, 2.5]
    weight = Parameter(Tensor(np.ones(2, np.float32)), name="w")
    ALONE.copy_first([weight])
    assert weight.asnumpy().tolist() == [1, 1]
    assert (ALONE.share("a"), ALONE.share(None)) == ("a", None)
    ALONE.agree(None)
    with pytest.raises(AgreedError, match="broken"):
        ALONE.agree(UserError("broken"))
    with pytest.raises(KeyError):
        ALONE.while_first(lambda: {}["nothing"])


def test_no_launcher_means_alone(monkeypatch):
    monkeypatch.delenv("MS_ROLE", raising=False)
    assert start_ranks() == ALONE


def test_a_device_that_is_not_there_is_named():
    with pytest.raises(UserError, match=r"--device_target GPU --device_id 3: not usable on this machine: .*cuDNN 8"):
        start_device("GPU", 3)
    assert available_cores() >= 1
