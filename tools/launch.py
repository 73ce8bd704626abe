# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Run a program on many ranks: python tools/launch.py Ascend|GPU|CPU DEVICE_NUM PROGRAM [ARGUMENTS].

NNODES, NODE_RANK, MASTER_ADDR and MASTER_PORT speak of several machines; LOG_DIR names the folder of the logs. The log
of rank 0 is shown. The exit status is 0 only where every rank had 0.
"""

import os
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from src.errors import UserError, run_door
from src.launch.cluster import read_cluster
from src.launch.devices import check_devices
from src.launch.job import Job


def main() -> None:
    """Check everything, and run the job."""
    if len(sys.argv) < 4:
        raise UserError("usage: tools/launch.py Ascend|GPU|CPU DEVICE_NUM PROGRAM [ARGUMENTS]")
    target, devices, program, *arguments = sys.argv[1:]
    cluster = read_cluster(devices, os.environ)
    check_devices(target, cluster.local, os.environ)
    name = f"{Path(program).stem}-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"
    folder = Path(os.environ.get("LOG_DIR") or Path("logs") / name)
    command = [str(ROOT / program), *arguments, "--device_target", target]
    job = Job(cluster, command, folder.resolve(), os.environ, sys.stdout)
    job.check()
    print(f"{cluster.size} ranks, logs in {folder}", flush=True)
    sys.exit(job.run())


if __name__ == "__main__":
    run_door(main)
