# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""What a machine has to have for a device, on machines that are made up of a few files."""

import pytest

from src.errors import UserError
from src.launch.devices import check_devices

CANN = {"ASCEND_HOME_PATH": "/opt/cann"}


def program(path, prints):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\ncat <<'END'\n{prints}\nEND\n")
    path.chmod(0o755)


@pytest.fixture
def cuda(tmp_path, monkeypatch):
    """The environment of a machine with two GPUs, CUDA 11.6 and cuDNN 8."""
    program(tmp_path / "bin" / "nvidia-smi", "GPU 0: A (UUID: GPU-a)\nGPU 1: A (UUID: GPU-b)")
    program(tmp_path / "cuda" / "bin" / "nvcc", "Cuda compilation tools, release 11.6, V11.6.124")
    (tmp_path / "cuda" / "lib64").mkdir()
    (tmp_path / "cuda" / "lib64" / "libcudnn.so.8").touch()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    return {"CUDA_HOME": str(tmp_path / "cuda")}


def refusal(*arguments):
    with pytest.raises(UserError) as refused:
        check_devices(*arguments)
    return str(refused.value)


def test_there_are_three_kinds():
    check_devices("CPU", 64, {})
    assert refusal("gpu", 1, {}) == "device target gpu: must be one of Ascend, GPU, CPU"


def test_a_machine_with_gpus(cuda):
    check_devices("GPU", 2, cuda)
    assert refusal("GPU", 3, cuda) == "DEVICE_NUM=3: this machine has 2 devices of target GPU"
    hidden = {**cuda, "CUDA_VISIBLE_DEVICES": "1"}
    assert refusal("GPU", 2, hidden).endswith("1 devices of target GPU with CUDA_VISIBLE_DEVICES=1")


def test_the_wrong_cuda(cuda, tmp_path):
    program(tmp_path / "cuda" / "bin" / "nvcc", "Cuda compilation tools, release 12.4, V12.4.99")
    assert "CUDA 12 in CUDA_HOME=" in refusal("GPU", 1, cuda)
    assert "MindSpore 2.10 needs CUDA 11 and cuDNN 8" in refusal("GPU", 1, cuda)
    assert "no CUDA in CUDA_HOME=" in refusal("GPU", 1, {"CUDA_HOME": str(tmp_path)})


def test_no_cudnn(cuda, tmp_path):
    (tmp_path / "cuda" / "lib64" / "libcudnn.so.8").rename(tmp_path / "cuda" / "lib64" / "libcudnn.so.9")
    assert "no libcudnn.so.8 in" in refusal("GPU", 1, cuda)
    (tmp_path / "libcudnn.so.8").touch()
    check_devices("GPU", 1, {**cuda, "LD_LIBRARY_PATH": f"/nowhere:{tmp_path}"})


def test_no_gpu(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert refusal("GPU", 1, {}) == "device target GPU: no nvidia-smi on the path, so no driver"


def test_a_machine_with_ascend(tmp_path):
    for name in ("davinci0", "davinci1", "davinci_manager"):
        (tmp_path / name).touch()
    check_devices("Ascend", 2, CANN, tmp_path)
    assert refusal("Ascend", 3, CANN, tmp_path) == "DEVICE_NUM=3: this machine has 2 devices of target Ascend"
    assert "CANN is not set up; source its set_env.sh first" in refusal("Ascend", 1, {}, tmp_path)
    visible = {**CANN, "ASCEND_RT_VISIBLE_DEVICES": "0"}
    assert refusal("Ascend", 2, visible, tmp_path).endswith("with ASCEND_RT_VISIBLE_DEVICES=0")


def test_no_ascend(tmp_path):
    assert refusal("Ascend", 1, CANN, tmp_path).startswith(f"device target Ascend: no {tmp_path}/davinci0")
