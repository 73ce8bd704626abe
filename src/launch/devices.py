# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Whether a machine has the devices that a job asks for, said before anything of it starts."""

import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from src.errors import UserError


def check_devices(target: str, count: int, environment: Mapping[str, str], dev: Path = Path("/dev")) -> None:
    """Find out whether this machine has ``count`` devices of a kind, and what MindSpore 2.10 needs to use them.

    Args:
        target: CPU, GPU or Ascend.
        count: devices that are needed.
        environment: CUDA_HOME, CUDA_VISIBLE_DEVICES, LD_LIBRARY_PATH and ASCEND_RT_VISIBLE_DEVICES are looked at.
        dev: where device files lie.

    Raises:
        UserError: it has not, or there is no such kind.
    """
    if target not in _CHECKS:
        raise UserError(f"device target {target}: must be one of {', '.join(_CHECKS)}")
    _CHECKS[target](count, environment, dev)


def _check_cpu(count: int, environment: Mapping[str, str], dev: Path) -> None:
    return  # as many ranks as asked for; they share the cores


def _check_gpu(count: int, environment: Mapping[str, str], dev: Path) -> None:
    """MindSpore's GPU wheel is built for CUDA 11.1 or 11.6 and cuDNN 8; CUDA 12 does not do."""
    listed = _output("nvidia-smi", "-L")
    if listed is None:
        raise UserError("device target GPU: no nvidia-smi on the path, so no driver")
    _check_count("GPU", count, listed.count("GPU "), environment.get("CUDA_VISIBLE_DEVICES"), "CUDA_VISIBLE_DEVICES")
    home = environment.get("CUDA_HOME", "/usr/local/cuda")
    said = _output(f"{home}/bin/nvcc", "--version") or ""
    release = re.search(r"release (\d+)\.", said)
    if not release or release.group(1) != "11":
        found = f"CUDA {release.group(1)}" if release else "no CUDA"
        raise UserError(f"device target GPU: {found} in CUDA_HOME={home}; MindSpore 2.10 needs CUDA 11 and cuDNN 8")
    folders = [f"{home}/lib64", *environment.get("LD_LIBRARY_PATH", "").split(":"), "/usr/lib/x86_64-linux-gnu"]
    if not any(list(Path(folder).glob("libcudnn.so.8*")) for folder in folders if folder):
        raise UserError(f"device target GPU: no libcudnn.so.8 in {home}/lib64 or LD_LIBRARY_PATH; cuDNN 8 is needed")


def _check_ascend(count: int, environment: Mapping[str, str], dev: Path) -> None:
    found = len([path for path in dev.glob("davinci*") if path.name.removeprefix("davinci").isdecimal()])
    if not found:
        raise UserError(f"device target Ascend: no {dev}/davinci0, so no driver, or no device for this container")
    name = "ASCEND_RT_VISIBLE_DEVICES"
    _check_count("Ascend", count, found, environment.get(name), name)
    if "ASCEND_HOME_PATH" not in environment and "ASCEND_TOOLKIT_HOME" not in environment:
        raise UserError("device target Ascend: CANN is not set up; source its set_env.sh first")


_CHECKS: dict[str, Callable[[int, Mapping[str, str], Path], None]] = {
    "Ascend": _check_ascend,
    "GPU": _check_gpu,
    "CPU": _check_cpu,
}


def _check_count(target: str, count: int, found: int, visible: str | None, name: str) -> None:
    if visible is not None:
        found = min(found, len([part for part in visible.split(",") if part]))
    if count > found:
        shown = f" with {name}={visible}" if visible is not None else ""
        raise UserError(f"DEVICE_NUM={count}: this machine has {found} devices of target {target}{shown}")


def _output(command: str, *arguments: str) -> str | None:
    """Return what a program prints; None where it is not there or fails."""
    if shutil.which(command) is None:
        return None
    done = subprocess.run([command, *arguments], capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else None
