# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""A job of several ranks: started by msrun, watched, stopped, and told about."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from src.errors import UserError
from src.launch.cluster import Cluster

_POLL_SECONDS = 0.2
_GRACE_SECONDS = 5.0  # that other ranks have, to end by themselves: after a failure, or after all of this machine
_CLUSTER_SECONDS = 120  # that ranks wait for each other at the start
_SHOWN_LINES = 15  # of the log of a rank that failed
_SHOWN_VARIABLES = (
    "MS_",
    "RANK",
    "DEVICE",
    "CUDA",
    "ASCEND",
    "HCCL",
    "NCCL",
    "GLOG",
    "OMP_",
    "NNODES",
    "NODE_",
    "MASTER_",
)


@dataclass(frozen=True)
class End:
    """How a rank ended."""

    time: float  # seconds of the machine's monotonic clock
    rank: int
    status: int  # of its process; negative: killed by that signal

    @property
    def exit_status(self) -> int:
        """Return the status as a shell has it."""
        return self.status if self.status >= 0 else 128 - self.status

    def __str__(self) -> str:
        """Return it in words."""
        if self.status < 0:
            return f"rank {self.rank} was killed by {signal.Signals(-self.status).name}"
        return f"rank {self.rank} failed with exit status {self.status}"


class Job:
    """A program on the ranks of a cluster, with all its logs in one folder.

    msrun alone does not do: it kills the other ranks at once when one ends, waits half a minute for its scheduler,
    leaves everything running when it is told to terminate, and calls an interrupted job a success. So it runs in a
    session of its own, where no signal reaches it, and each of its ranks is watched over by ``tools/rank.py``, which
    writes the process and the end of its rank into the folder. The job is done when its ranks are; msrun and its
    scheduler are not waited for.
    """

    def __init__(
        self,
        cluster: Cluster,
        program: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        shown: TextIO,
        divide_cores: bool = False,
    ) -> None:
        """Prepare to run ``program``, a Python file and its arguments.

        Args:
            cluster: of which this machine's ranks are run.
            program: the file, absolute, and its arguments.
            folder: of the logs, which must be new.
            environment: of the ranks.
            shown: where the log of the first rank of this machine goes while it runs.
            divide_cores: whether each rank of this machine has its own share of the processor cores, for ranks that
                compute on them.
        """
        self._cluster, self._program, self._folder, self._divide_cores = cluster, list(program), folder, divide_cores
        self._environment, self._shown = {"GLOG_v": "3", **environment}, shown
        self._received: list[int] = []  # signals

    def check(self) -> None:
        """Find out whether the job would start; ``train.py`` has the flag ``--check`` for that, and speaks for itself.

        Raises:
            UserError: msrun is not there, or the port is not free.
            SystemExit: it would not start, or a signal came.
        """
        if shutil.which("msrun", path=self._environment.get("PATH")) is None:
            raise UserError("msrun: not on the path; activate the environment that MindSpore is installed in")
        self._cluster.check_port()
        if Path(self._program[0]).name != "train.py":
            return
        command = [sys.executable, *self._program, "--check", "--ranks", str(self._cluster.size)]
        with self._signals(), subprocess.Popen(command, env=self._environment, stdout=subprocess.DEVNULL) as trial:
            while trial.poll() is None:
                if self._received:
                    trial.kill()
                time.sleep(_POLL_SECONDS)
        if self._received or trial.returncode:
            sys.exit(128 + self._received[0] if self._received else trial.returncode)

    def run(self) -> int:
        """Run the job to its end, and return its exit status: 0 only where every rank had 0.

        Raises:
            UserError: the folder is not new, or can't be made.
        """
        self._make_folder()
        with self._signals(), (self._folder / "msrun.log").open("wb") as log:
            msrun = subprocess.Popen(
                self._command(), env=self._environment, stdout=log, stderr=log, start_new_session=True
            )
            try:
                self._watch(msrun)
            finally:
                self._kill(msrun)
        return self._verdict(msrun.returncode)

    def _make_folder(self) -> None:
        try:
            self._folder.mkdir(parents=True)
        except OSError as error:
            raise UserError(f"LOG_DIR={self._folder}: {error.strerror}; it must be a new folder") from None
        lines = [
            f"{key}={value}\n" for key, value in sorted(self._environment.items()) if key.startswith(_SHOWN_VARIABLES)
        ]
        (self._folder / "env.log").write_text("".join(lines), encoding="utf-8")

    def _command(self) -> list[str]:
        cluster, root = self._cluster, Path(__file__).resolve().parents[2]
        where = [f"--master_addr={cluster.address}", f"--master_port={cluster.port}"]
        where += [f"--node_rank={cluster.node}"] if cluster.nodes > 1 else []
        sizes = [f"--worker_num={cluster.size}", f"--local_worker_num={cluster.local}"]
        shares = str(cluster.local if self._divide_cores else 1)
        watched = [str(root / "tools" / "rank.py"), str(self._folder), shares, *self._program]
        settings = [f"--log_dir={self._folder}", "--join=True", f"--cluster_time_out={_CLUSTER_SECONDS}"]
        return ["msrun", *sizes, *where, *settings, *watched]

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Note signals instead of dying of them."""
        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        before = {number: signal.signal(number, lambda got, _: self._received.append(got)) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _watch(self, msrun: subprocess.Popen) -> None:
        """Wait for the end of the job: of msrun, of all ranks of this machine, or of the user's patience."""
        told: set[int] = set()
        with _Tail(self._folder / f"worker_{self._cluster.ranks[0]}.log", self._shown) as tail:
            while msrun.poll() is None and len(self._received) < 2:
                ends = self._ends()
                if self._is_over(ends):
                    break
                told.update(end.rank for end in ends)
                self._forward(told)
                tail.show()
                time.sleep(_POLL_SECONDS)

    def _is_over(self, ends: Sequence[End]) -> bool:
        """Say whether there is nothing more to wait for, after these ``ends``, the first of them first."""
        now = time.monotonic()
        if len(ends) == self._cluster.local:
            # ranks of other machines may still wait for answers of these, which stay until they are killed
            return self._cluster.nodes == 1 or now - ends[-1].time > _GRACE_SECONDS
        failures = [end.time for end in ends if end.status]
        # once they have a signal, ranks finish a step and write a checkpoint, which may take longer
        return bool(failures) and now - failures[0] > _GRACE_SECONDS and not self._received

    def _forward(self, told: set[int]) -> None:
        """Send TERM, if a signal came, to the ranks that are not among the ``told``, and add them.

        Other signals would not arrive as what they are: in a rank MindSpore makes a TERM of an INT.
        """
        for rank in self._cluster.ranks if self._received else ():
            process, _ = self._processes(rank)
            if rank not in told and process:
                told.add(rank)
                _send(os.kill, process, signal.SIGTERM)

    def _kill(self, msrun: subprocess.Popen) -> None:
        """Leave no process behind: msrun and its scheduler, the ranks and their watchers."""
        _send(os.killpg, msrun.pid, signal.SIGKILL)
        msrun.wait()
        for rank in self._cluster.ranks:
            _, watcher = self._processes(rank)
            if watcher:
                _send(os.killpg, watcher, signal.SIGKILL)

    def _processes(self, rank: int) -> tuple[int, int]:
        """Return the process of a rank and its watcher's, which is the group of both; 0 where there is none yet."""
        path = self._folder / f"worker_{rank}.pid"
        if not path.exists():
            return 0, 0
        process, watcher = path.read_text().split()
        return int(process), int(watcher)

    def _ends(self) -> list[End]:
        """Return how the ranks ended that did, the first of them first."""
        ends = []
        for rank in self._cluster.ranks:
            path = self._folder / f"worker_{rank}.status"
            if path.exists():
                moment, status = path.read_text().split()
                ends.append(End(float(moment), rank, int(status)))
        return sorted(ends, key=lambda end: end.time)

    def _verdict(self, msrun: int) -> int:
        """Return the exit status of the job, and say what failed."""
        ends = self._ends()
        failure = next((end for end in ends if end.status), None)
        stopped = 128 + self._received[0] if self._received else 0
        if failure and stopped and failure.exit_status == 128 + signal.SIGTERM:
            return stopped
        if failure:
            self._tell(str(failure), self._folder / f"worker_{failure.rank}.log")
            return failure.exit_status
        if len(ends) == self._cluster.local:
            return 0
        self._tell(f"msrun ended with exit status {msrun}" if not stopped else "killed", self._folder / "msrun.log")
        return stopped or 1

    def _tell(self, what: str, log: Path) -> None:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
        shown = "".join(f"  {line}\n" for line in lines[-_SHOWN_LINES:])
        sys.stderr.write(f"error: {what}; the end of {log}:\n{shown}")


class _Tail:
    """Shows what is appended to a file that may not be there yet."""

    def __init__(self, path: Path, shown: TextIO) -> None:
        self._path, self._shown, self._read = path, shown, 0

    def __enter__(self) -> "_Tail":
        return self

    def __exit__(self, *_: object) -> None:
        self.show()

    def show(self) -> None:
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            file.seek(self._read)
            text = file.read()
        whole = text[: text.rfind(b"\n") + 1]
        self._read += len(whole)
        self._shown.write(whole.decode(errors="replace"))
        self._shown.flush()


def _send(how: Callable[[int, int], None], target: int, number: int) -> None:
    """Send a signal to what may be gone."""
    try:
        how(target, number)
    except ProcessLookupError:
        return
