# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Jobs of two toy ranks that msrun starts: how they end, what is said, and that nothing stays behind."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from tests.conftest import ROOT, free_port

pytestmark = pytest.mark.skipif(shutil.which("msrun") is None, reason="msrun is not on the path")


class Launch:
    """A job on its way."""

    def __init__(self, folder, *actions, **environment):
        self.marker = f"marker-{uuid.uuid4()}"  # of every process of the job
        self.logs = folder / "the logs"
        variables = {"LOG_DIR": str(self.logs), "MASTER_PORT": str(free_port()), **environment}
        command = [sys.executable, str(ROOT / "tools" / "launch.py"), "CPU", "2"]
        command += [str(ROOT / "tests" / "ranks" / "toy.py"), self.marker, *actions]
        self.process = subprocess.Popen(
            ["env", *(f"{key}={value}" for key, value in variables.items()), *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def finish(self):
        """Return (exit status, standard output, standard error)."""
        out, err = self.process.communicate(timeout=100)
        return self.process.returncode, out, err

    def wait_for(self, word):
        """Wait until every rank has written a word into its log."""
        for _ in range(600):
            logs = [self.logs / f"worker_{rank}.log" for rank in range(2)]
            if all(log.exists() and word in log.read_text() for log in logs):
                return
            time.sleep(0.1)
        raise AssertionError(f"no {word!r} in the logs")

    def left(self):
        """Return the command lines of its processes that are still there."""
        found = []
        for entry in Path("/proc").iterdir():
            try:
                text = (entry / "cmdline").read_bytes().decode(errors="replace") if entry.name.isdecimal() else ""
            except OSError:  # it has just gone
                continue
            if self.marker in text and "launch.py" not in text:
                found.append(text.replace("\0", " "))
        return found


@pytest.fixture
def launch(tmp_path):
    started = []

    def start(*actions, **environment):
        started.append(Launch(tmp_path, *actions, **environment))
        return started[-1]

    yield start
    for job in started:
        deadline = time.monotonic() + 10  # a killed process takes a moment to go
        while job.left() and time.monotonic() < deadline:
            time.sleep(0.1)
        assert job.left() == []


def test_a_job_shows_rank_0_and_leaves_logs(launch):
    job = launch("end", "end", SECRET_TOKEN="secret", OMP_NUM_THREADS="1")
    status, out, err = job.finish()
    assert (status, err) == (0, "")
    assert "2 ranks, logs in " in out
    assert "rank 0 of 2: end" in out
    assert "rank 1" not in out
    assert "rank 1 of 2: end" in (job.logs / "worker_1.log").read_text()
    variables = (job.logs / "env.log").read_text()
    assert "OMP_NUM_THREADS=1" in variables
    assert "secret" not in variables


def test_what_is_registered_for_the_exit_cannot_change_the_status(launch):
    """An exit handler that ends the process by a signal stands for MindSpore's, which now and then does."""
    status, _, err = launch("end", "die_at_exit").finish()
    assert (status, err) == (0, "")


def test_a_rank_that_is_done_stays_until_all_are(launch):
    """Else another would wait in vain for the answer to what it said last."""
    job = launch("end", "wait")
    while not (job.logs / "worker_0.status").exists():
        assert job.process.poll() is None
        time.sleep(0.1)
    time.sleep(1)
    process, _ = (job.logs / "worker_0.pid").read_text().split()
    assert job.marker in Path(f"/proc/{process}/cmdline").read_text()  # empty where it has ended
    job.process.send_signal(signal.SIGTERM)
    assert job.finish()[0] == 143
    assert (job.logs / "worker_0.status").read_text().endswith(" 0")


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one core")
def test_each_rank_has_cores_of_its_own(launch):
    job = launch("cores", "cores")
    assert job.finish()[0] == 0
    logs = [(job.logs / f"worker_{rank}.log").read_text() for rank in range(2)]
    parts = [set(json.loads(log.split("cores ")[-1])) for log in logs]
    assert parts[0].isdisjoint(parts[1])
    assert parts[0] | parts[1] == os.sched_getaffinity(0)


@pytest.mark.parametrize(
    ("action", "status", "said"),
    [("fail", 3, "rank 1 failed with exit status 3"), ("die", 137, "rank 1 was killed by SIGKILL")],
)
def test_a_rank_that_fails_is_named(launch, action, status, said):
    job = launch("wait", action)
    found, _, err = job.finish()
    assert found == status
    assert err.startswith(f"error: {said}; the end of {job.logs}/worker_1.log:\n")
    assert f"  rank 1 of 2: {action}\n" in err


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)])
def test_a_signal_is_a_term_for_the_ranks(launch, number, status):
    job = launch("wait", "wait")
    job.wait_for("waiting")
    job.process.send_signal(number)
    found, out, err = job.finish()
    assert (found, err) == (status, "")
    assert "rank got signal 15" in out
    assert "rank got signal 15" in (job.logs / "worker_1.log").read_text()


def test_a_second_signal_ends_everything_at_once(launch):
    job = launch("stubborn", "stubborn")
    job.wait_for("waiting")
    job.process.send_signal(signal.SIGTERM)
    time.sleep(1)
    assert job.process.poll() is None
    job.process.send_signal(signal.SIGTERM)
    status, _, err = job.finish()
    assert status == 143
    assert err.startswith("error: killed; ")
