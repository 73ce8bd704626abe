# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The program in docs/data.md trains the digits with MindSpore's own loop."""

import re
import subprocess
import sys

import mindspore.dataset as ds
import numpy as np
import pytest

from tests.conftest import ROOT

pytest.importorskip("sklearn")


@pytest.fixture
def _prefetch():
    before = ds.config.get_prefetch_size()
    yield
    ds.config.set_prefetch_size(before)


def program(path, epochs):
    """Return the program of the document, on the digits at ``path``."""
    text = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")
    code = re.search(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)[1]
    for setting, value in (("DATA", repr(str(path))), ("EPOCHS", str(epochs))):
        code, count = re.subn(rf"^{setting} = [^ \n]*", f"{setting} = {value}", code, flags=re.MULTILINE)
        assert count == 1
    return code


@pytest.mark.usefixtures("_prefetch")
def test_the_program_learns_the_digits(tmp_path, capsys):
    write = [sys.executable, str(ROOT / "tools" / "write_digits.py"), "--output_path", str(tmp_path / "digits")]
    subprocess.run(write, check=True, capture_output=True)
    names = {}
    exec(program(tmp_path / "digits", epochs=4), names)
    said = capsys.readouterr().out
    losses = [float(loss) for loss in re.findall(r"loss is ([\d.]+)", said)]
    assert len(losses) == 4 * 22 // 10
    assert np.mean(losses[-2:]) < np.mean(losses[:2]) - 0.1
    assert float(re.search(r"'accuracy': ([\d.]+)", said)[1]) > 0.16  # chance is 0.1, give or take 0.016
    assert [names[name].get_dataset_size() for name in ("training", "validation")] == [22, 6]
