# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The doors that count: what they print and write, and how they say what is wrong."""

import json
import subprocess
import sys

from tests.conftest import ROOT


def start(*command):
    return subprocess.Popen(
        [sys.executable, str(ROOT / command[0]), *command[1:]],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_network_is_counted_as_its_settings_say(tmp_path):
    command = ("tools/complexity.py", "--model", "augvit_s", "--device_target", "CPU")
    counting = start(*command, "--image_size", "32", "--report", str(tmp_path / "a.json"), "depth=1", "patch_size=8")
    mistakes = {
        "error: --depth 0: must be at least 1": start(*command, "--depth", "0"),
        "error: model.dept: no such key; did you mean depth": start(*command, "dept=3"),
    }
    tables = start("tools/reproduce_tables.py", "--help")
    out, err = counting.communicate()
    assert counting.returncode == 0, err
    assert out.startswith("augvit_s: 32 x 32 pixels, blocks of 17 tokens")
    report = json.loads((tmp_path / "a.json").read_text())
    assert report["settings"]["depth"] == 1
    assert f"{report['total']['parameters']:,}" in out
    for said, process in mistakes.items():
        out, err = process.communicate()
        assert (process.returncode, err.count("\n"), out) == (2, 1, "")
        assert err.startswith(said)
    assert "--markdown" in tables.communicate()[0]
