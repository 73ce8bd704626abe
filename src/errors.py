# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The one error that a user can mend, the signal that ends a run, and how a door reports both."""

import difflib
import signal
import sys
from collections.abc import Callable, Iterable

_SHOWN = 10  # known words in one message


class UserError(Exception):
    """A mistake in what the user gave: the text names the thing, the place, and what would be right, in one line."""


class AgreedError(UserError):
    """A ``UserError`` that all ranks raise at the same point, so that they can still do something together."""


class SignalError(Exception):
    """A signal asked the program to stop, and it has done what it had to do before."""

    def __init__(self, number: int) -> None:
        """Keep the ``number`` of the signal, for the exit status."""
        super().__init__(f"stopped by {signal.Signals(number).name}")
        self.number = number


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean a, b?"`` for the known words nearest to ``word``, or else all of them, or the first."""
    known = sorted(known)
    near = difflib.get_close_matches(word, known, n=3, cutoff=0.6)
    if near:
        return f"; did you mean {', '.join(near)}?"
    rest = f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else ""
    return f"; known: {', '.join(known[:_SHOWN]) or 'none'}{rest}"


def run_door(main: Callable[[], None]) -> None:
    """Run the main function of an executable: a ``UserError`` becomes one line on standard error and exit status 2.

    Faults of the program keep their traceback and exit status 1; a signal exits with 128 and its number, 130 for an
    interrupt (Ctrl-C) and 143 for TERM.
    """
    try:
        main()
    except UserError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(2)
    except SignalError as stop:
        sys.stderr.write(f"{stop}\n")
        sys.exit(128 + stop.number)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        sys.exit(130)
