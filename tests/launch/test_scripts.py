# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The scripts: a mistake in their arguments has one line, before anything starts."""

import os
import shutil
import subprocess

import pytest

from tests.conftest import ROOT

HERE = str(ROOT)
CONFIG = str(ROOT / "config" / "augvit_digits.yaml")


def run(script, *arguments, **environment):
    command = ["bash", str(ROOT / "scripts" / script), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **environment})
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    ("script", "arguments", "said"),
    [
        ("run_standalone_train.sh", (), "run_standalone_train.sh Ascend|GPU|CPU DEVICE_ID DATA_PATH CONFIG_PATH"),
        ("run_distribute_train.sh", ("CPU", "2", HERE), "Ascend|GPU|CPU DEVICE_NUM DATA_PATH CONFIG_PATH"),
        ("run_eval.sh", ("CPU",), "run_eval.sh Ascend|GPU|CPU DEVICE_ID DATA_PATH CHECKPOINT_PATH"),
        ("run_distribute_eval.sh", ("CPU",), "Ascend|GPU|CPU DEVICE_NUM DATA_PATH CHECKPOINT_PATH"),
        ("run_export.sh", ("CPU",), "run_export.sh Ascend|GPU|CPU CHECKPOINT_PATH MINDIR|ONNX"),
        ("run_standalone_train.sh", ("cpu", "0", HERE, CONFIG), "device target cpu: must be one of Ascend, GPU, CPU"),
        ("run_distribute_train.sh", ("cpu", "2", HERE, CONFIG), "device target cpu: must be one of Ascend, GPU, CPU"),
        ("run_distribute_train.sh", ("CPU", "0", HERE, CONFIG), "DEVICE_NUM=0: must be a number in [1, 4096]"),
        ("run_distribute_train.sh", ("CPU", "2", "nowhere", CONFIG), "DATA_PATH nowhere: no such file or folder"),
        ("run_distribute_train.sh", ("CPU", "2", HERE, "no.yaml"), "CONFIG_PATH no.yaml: no such file or folder"),
        ("run_eval.sh", ("CPU", "0", HERE, "no.ckpt"), "CHECKPOINT_PATH no.ckpt: no such file or folder"),
        ("run_distribute_eval.sh", ("CPU", "2", HERE, "no.ckpt"), "CHECKPOINT_PATH no.ckpt: no such file or folder"),
        ("run_export.sh", ("CPU", "no.ckpt", "ONNX"), "CHECKPOINT_PATH no.ckpt: no such file or folder"),
    ],
)
def test_a_mistake_has_one_line(script, arguments, said):
    status, err = run(script, *arguments)
    assert status == 2
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert said in err


def test_several_machines_need_to_know_each_other():
    status, err = run("run_distribute_train.sh", "CPU", "2", HERE, CONFIG, NNODES="2")
    assert (status, err.count("\n")) == (2, 1)
    assert "NNODES=2: goes with NODE_RANK, and with MASTER_ADDR" in err


def test_without_python_the_environment_is_asked_for(tmp_path):
    for tool in ("bash", "dirname"):
        (tmp_path / tool).symlink_to(shutil.which(tool))
    status, err = run("run_eval.sh", "CPU", "0", HERE, CONFIG, PATH=str(tmp_path))
    assert status == 2
    assert err == "error: python: not on the path; activate the environment that MindSpore is installed in\n"


def test_without_msrun_the_environment_is_asked_for(tmp_path):
    for tool in ("bash", "dirname"):
        (tmp_path / tool).symlink_to(shutil.which(tool))
    (tmp_path / "python").symlink_to(os.path.realpath("/proc/self/exe"))
    status, err = run("run_distribute_eval.sh", "CPU", "2", HERE, CONFIG, PATH=str(tmp_path))
    assert status == 2
    assert err == "error: msrun: not on the path; activate the environment that MindSpore is installed in\n"
