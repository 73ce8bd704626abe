# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Ranks: alone, and two of them that msrun starts."""

import json
import shutil
import socket
import subprocess
import sys

import numpy as np
import pytest
from mindspore import Parameter, Tensor

from src.distributed import ALONE, available_cores, start_device, start_ranks
from src.errors import AgreedError, UserError
from tests.conftest import ROOT


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def heard(tmp_path_factory):
    """What each of two ranks heard."""
    if shutil.which("msrun") is None:
        pytest.skip("msrun is not on the path")
    logs = tmp_path_factory.mktemp("logs")
    command = ["msrun", "--worker_num=2", "--local_worker_num=2", f"--master_port={free_port()}", "--join=True"]
    command += [f"--log_dir={logs}", "--cluster_time_out=60", str(ROOT / "tests" / "ranks" / "conversation.py")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    texts = [(logs / f"worker_{rank}.log").read_text() for rank in range(2)]
    assert done.returncode == 0, texts
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


def test_what_a_rank_would_still_do_at_its_exit_cannot_change_its_status(monkeypatch):
    """An exit handler that ends the process by a signal stands for MindSpore's, which now and then does."""
    program = "import atexit, os; from src.distributed import leave; atexit.register(os.kill, os.getpid(), 9); "
    program += "print('said'); leave(143)"

    def end():
        done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
        return done.returncode, done.stdout

    assert end()[0] == -9
    monkeypatch.setenv("MS_ROLE", "MS_WORKER")
    assert end() == (143, "said\n")
