# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""What stands for ``python`` and ``msrun`` where ``server.py`` forks them: hands the command over, waits for its end.

Signals go on to the process that was forked, and its exit status comes back. Where this process is killed, so is that.
A program that is not among the forked ones is executed by Python itself. Nothing slow to import is used here.
"""

import json
import os
import resource
import signal
import socket
import sys

FORWARDED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def inherited() -> bytes:
    """Return the command, and what a process inherits beside its open files."""
    own = os.getpid()
    return json.dumps(
        {
            "arguments": sys.argv,
            "folder": os.getcwd(),  # noqa: PTH109 (pathlib takes longer to import than all the rest)
            "environment": dict(os.environ),
            "cores": sorted(os.sched_getaffinity(0)),
            "file_size": resource.getrlimit(resource.RLIMIT_FSIZE),
            "group": os.getpgid(0),
            "session": os.getsid(0),
            "leads": "session" if os.getsid(0) == own else "group" if os.getpgid(0) == own else "nothing",
        }
    ).encode()


def hand_on(process: int) -> None:
    """Let the signals that come here go to the ``process``."""

    def send(number: int, _: object) -> None:
        try:
            os.kill(process, number)
        except ProcessLookupError:
            return

    for number in FORWARDED:
        signal.signal(number, send)


def main() -> None:
    """Run the command that this process was started with."""
    folder, name = os.path.split(os.path.abspath(sys.argv[0]))  # noqa: PTH100
    with open(os.path.join(folder, "settings.json")) as file:  # noqa: PTH118, PTH123
        settings = json.load(file)
    program = os.path.realpath(sys.argv[1]) if len(sys.argv) > 1 else ""
    if name == "python" and program not in settings["forked"]:
        os.execv(settings["python"], [settings["python"], *sys.argv[1:]])
    signal.pthread_sigmask(signal.SIG_BLOCK, FORWARDED)  # what comes before there is a process waits
    server = socket.socket(socket.AF_UNIX)
    server.connect(os.path.join(folder, "socket"))  # noqa: PTH118
    message = inherited()
    socket.send_fds(server, [len(message).to_bytes(4, "little")], [0, 1, 2])
    server.sendall(message)
    answers = server.makefile()
    hand_on(int(answers.readline()))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, FORWARDED)
    status = int(answers.readline())
    if status < 0:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        signal.signal(-status, signal.SIG_DFL) if -status != signal.SIGKILL else None
        os.kill(os.getpid(), -status)
    sys.exit(status)


if __name__ == "__main__":
    main()
