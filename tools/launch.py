# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Run a program on many ranks: python tools/launch.py Ascend|GPU|CPU DEVICE_NUM PROGRAM [ARGUMENTS].

NNODES, NODE_RANK, MASTER_ADDR and MASTER_PORT speak of several machines; LOG_DIR names the folder of the logs. The log
of rank 0 is shown. The exit status is 0 only where every rank had 0.
"""

import argparse
import os
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from src.errors import run_door
from src.launch.cluster import read_cluster
from src.launch.devices import check_devices
from src.launch.job import Job


def main() -> None:
    """Check everything, and run the job."""
    parser = argparse.ArgumentParser(description="Run a program on many ranks, by msrun.")
    parser.add_argument("target", help="Ascend, GPU or CPU")
    parser.add_argument("devices", metavar="DEVICE_NUM", help="ranks on this machine, one a device")
    parser.add_argument("program", help="such as train.py")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="of the program")
    args = parser.parse_args()
    cluster = read_cluster(args.devices, os.environ)
    check_devices(args.target, cluster.local, os.environ)
    name = f"{Path(args.program).stem}-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"
    folder = Path(os.environ.get("LOG_DIR") or Path("logs") / name)
    command = [str(ROOT / args.program), *args.arguments, "--device_target", args.target]
    job = Job(cluster, command, folder.resolve(), os.environ, sys.stdout, divide_cores=args.target == "CPU")
    job.check()
    print(f"{cluster.size} ranks, logs in {folder}", flush=True)
    sys.exit(job.run())


if __name__ == "__main__":
    run_door(main)
