# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Measure several things in turn, so that whatever else the machine does hits all of them alike.

It does not import MindSpore, which sets LD_LIBRARY_PATH: a PyTorch started from here would inherit it, and run at half
its speed.
"""

import os
import platform
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TypeVar

from src.machine import processor_name

Key = TypeVar("Key")
Run = Callable[[], float]  # does the work once and returns the seconds it took


@dataclass(frozen=True)
class Times:
    """The seconds of one thing, round by round."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The median."""
        return statistics.median(self.seconds)

    @property
    def low(self) -> float:
        """The first quartile."""
        return self._quartiles()[0]

    @property
    def high(self) -> float:
        """The third quartile."""
        return self._quartiles()[2]

    def over(self, other: "Times") -> float:
        """Return how many times as long it took as ``other``: the median of the ratios within a round.

        The two of a round ran one after the other, and a machine that slows down for a minute slows down both.
        """
        return statistics.median(own / its for own, its in zip(self.seconds, other.seconds, strict=True))

    def __str__(self) -> str:
        """Return median and quartiles in milliseconds."""
        return f"{1e3 * self.median:.1f} ({1e3 * self.low:.1f} to {1e3 * self.high:.1f})"

    def _quartiles(self) -> list[float]:
        several = self.seconds if len(self.seconds) > 1 else self.seconds * 2  # one alone is its own quartiles
        return statistics.quantiles(several, n=4, method="inclusive")


def timed(work: Callable[[], object]) -> Run:
    """Return ``work`` as something that times itself; it has to wait for its own result."""

    def run() -> float:
        start = time.perf_counter()
        work()
        return time.perf_counter() - start

    return run


def in_turn(runs: Mapping[Key, Run], rounds: int, warm_up: int = 2) -> dict[Key, Times]:
    """Return the times of ``rounds`` rounds after ``warm_up`` untimed ones.

    In a round every run has one turn, and every other round goes backwards.
    """
    seconds: dict[Key, list[float]] = {name: [] for name in runs}
    for turn in range(warm_up + rounds):
        for name, run in list(runs.items())[:: 1 if turn % 2 else -1]:  # to come first or second is worth 2 %
            value = run()
            if turn >= warm_up:
                seconds[name].append(value)
    return {name: Times(tuple(values)) for name, values in seconds.items()}


@contextmanager
def process(command: Sequence[str]) -> Iterator[Run]:
    """Start a process that works when told to (``take_turns``), hand out what makes it take a turn, and end it."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:

        def run() -> float:
            child.send_signal(signal.SIGCONT)
            child.stdin.write("go\n")
            child.stdin.flush()
            for line in child.stdout:
                try:
                    seconds = float(line)
                except ValueError:
                    continue  # a warning of a framework
                # threads that wait for work in a loop would take the cores from the other side
                child.send_signal(signal.SIGSTOP)
                return seconds
            raise SystemExit(f"error: {' '.join(command[:3])} ended; its message stands above")

        try:
            yield run
        finally:
            child.kill()  # a process that stands still hears nothing else


def processes_in_turn(commands: Mapping[Key, Sequence[str]], rounds: int) -> dict[Key, Times]:
    """Return the times of some processes, of which one works and the others stand still; all end with the last turn."""
    with ExitStack() as stack:
        runs = {key: stack.enter_context(process(command)) for key, command in commands.items()}
        return in_turn(runs, rounds, warm_up=1)


def take_turns(run: Run) -> None:
    """Be such a process: for each line on standard input, work once and print the seconds."""
    for _ in sys.stdin:
        print(run(), flush=True)


def machine() -> str:
    """Return one line that says what was measured on."""
    return f"{processor_name()}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
