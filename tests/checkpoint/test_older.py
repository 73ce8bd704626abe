# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Files that version 0.1.0 wrote, before the tree of settings: checkpoints, exported files, a run to be resumed.

Networks with random weights were saved and exported; ``run`` is ``train.py`` on the pictures of ``picture_folder`` with
``run/config.yaml``, stopped behind its sixth step, and ``run/end.ckpt`` where it was after the twelfth, undisturbed.
"""

import shutil
import subprocess

import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor

from src.checkpoint.adapt import load_model
from src.checkpoint.record import load_record
from src.deploy.load import load_classifier
from tests.conftest import ROOT
from tests.golden.load import FOLDER

OLDER = FOLDER / "older"


@pytest.fixture(scope="module")
def expected():
    with np.load(OLDER / "expected.npz") as arrays:
        return dict(arrays)


@pytest.mark.parametrize("name", ["augvit_s", "pvt_s", "t2t_14", "augswin_t"])
def test_a_checkpoint_is_read_as_a_backbone_alone(name, expected, pynative):
    model, record = load_model(OLDER / f"{name}.ckpt")
    assert record.description.network == {"model": name, "settings": record.description.settings, "task": "classify"}
    assert (model.name, record.description.classes) == (name, ("blue", "green", "red"))
    logits = model(Tensor(expected[f"{name}/input"])).asnumpy()
    np.testing.assert_allclose(logits, expected[f"{name}/logits"], rtol=0, atol=1e-5)


@pytest.mark.parametrize("suffix", ["mindir", "onnx"])
def test_an_exported_file_is_read(suffix, expected):
    classifier = load_classifier(str(OLDER / f"augvit_s.{suffix}"))
    assert classifier.description.classes == ("blue", "green", "red")
    assert classifier.description.task == "classify"
    logits = classifier.logits(expected["augvit_s/input"])
    np.testing.assert_allclose(logits, expected["augvit_s/logits"], rtol=0, atol=2e-5)


def test_a_run_goes_on_from_the_middle_of_an_epoch(picture_folder, tmp_path, forks):
    """As it would have: the counts of the epoch under way, and every tensor at the end, but for other processors."""
    run = tmp_path / "run"
    shutil.copytree(OLDER / "run", run)
    (run / "end.ckpt").unlink()
    state = load_record(run / "last.ckpt").description.state
    assert (state.metric, state.epoch_pictures) == ({"top1": 4, "pictures": 12}, 12)
    arguments = ["--config_path", "run/config.yaml", "--output_path", "run", "--data_path", "pictures", "--resume"]
    command = [str(forks / "python"), str(ROOT / "train.py"), *arguments, "--device_target", "CPU"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    own, end = load_record(run / "last.ckpt"), load_record(OLDER / "run" / "end.ckpt")
    assert (own.description.epoch, own.description.step) == (end.description.epoch, end.description.step) == (3, 12)
    assert own.tensors.keys() == end.tensors.keys()
    for name, value in end.tensors.items():
        np.testing.assert_allclose(own.tensors[name], value, rtol=0, atol=1e-5 if "qkv.bias" not in name else 1e-2)
    assert ms.__version__ in own.description.mindspore_version
