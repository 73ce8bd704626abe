# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The first signal is a request, the second one is not."""

import os
import signal
import subprocess
import sys

import pytest

from src.engine.interrupts import SIGNALS, Interrupts
from tests.conftest import ROOT

WAITING = """
import sys, time
sys.path.insert(0, {root!r})
from src.engine.interrupts import Interrupts
with Interrupts() as interrupts:
    print("ready", flush=True)
    while interrupts.received is None:
        time.sleep(0.01)
    print("asked", flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_signal_is_remembered(number):
    before = signal.getsignal(number)
    with Interrupts() as interrupts:
        assert interrupts.received is None
        os.kill(os.getpid(), number)
        assert interrupts.received == number
    assert signal.getsignal(number) == before


@pytest.mark.parametrize(("first", "second"), [(signal.SIGTERM, signal.SIGTERM), (signal.SIGINT, signal.SIGTERM)])
def test_the_second_signal_ends_the_process(first, second):
    with subprocess.Popen(
        [sys.executable, "-c", WAITING.format(root=str(ROOT))], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(first)
        assert process.stdout.readline() == "asked\n"
        process.send_signal(second)
        assert process.wait(10) == -second


def test_signals_that_were_taken_away_are_taken_back():
    with Interrupts() as interrupts:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        interrupts.renew()
        os.kill(os.getpid(), signal.SIGINT)
        assert interrupts.received == signal.SIGINT
        interrupts.renew()  # a second one must not be a request again
        assert signal.getsignal(signal.SIGINT) == signal.SIG_DFL
