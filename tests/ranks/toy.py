# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""A rank that does what its argument says, without MindSpore: toy.py MARKER ACTION_OF_RANK_0 ACTION_OF_RANK_1."""

import atexit
import os
import signal
import sys
import time


def leave(number, _):
    print(f"rank got signal {number}", flush=True)
    sys.exit(128 + number)


def main():
    if os.environ["MS_ROLE"] == "MS_SCHED":
        return
    rank = int(os.environ["RANK_ID"])
    action = sys.argv[2 + rank]
    print(f"rank {rank} of {os.environ['MS_WORKER_NUM']}: {action}", flush=True)
    if action == "cores":
        print(f"cores {sorted(os.sched_getaffinity(0))}", flush=True)
    if action == "fail":
        time.sleep(1)
        sys.exit(3)
    if action == "die_at_exit":
        atexit.register(os.kill, os.getpid(), signal.SIGKILL)
    if action == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if action in ("wait", "stubborn"):
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, leave if action == "wait" else signal.SIG_IGN)
        print("waiting", flush=True)
        time.sleep(120)


if __name__ == "__main__":
    main()
