# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""TERM and INT as requests: the work that is under way is finished first."""

import signal
from types import FrameType, TracebackType

from src.logs import get_logger

SIGNALS = (signal.SIGTERM, signal.SIGINT)
_log = get_logger(__name__)


class Interrupts:
    """Remembers the first TERM or INT while its context lasts; a second one ends the process at once."""

    def __init__(self) -> None:
        """Start with none received."""
        self.received: int | None = None
        self._before: dict[int, object] = {}

    def __enter__(self) -> "Interrupts":
        """Take over both signals."""
        self._before = {number: signal.getsignal(number) for number in SIGNALS}
        self.renew()
        return self

    def renew(self) -> None:
        """Take over both signals again, unless one was received.

        MindSpore's runtime, when it runs its first graph, and in a rank whenever it runs one, puts a handler of its own
        in the place of that of INT, unseen by Python; it makes a TERM of it.
        """
        if self.received is None:
            for number in SIGNALS:
                signal.signal(number, self._remember)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give both signals back; the arguments are Python's."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _remember(self, number: int, frame: FrameType | None) -> None:
        self.received = number
        for each in SIGNALS:
            signal.signal(each, signal.SIG_DFL)
        _log.warning("%s: finishing this step; a second signal leaves at once", signal.Signals(number).name)
