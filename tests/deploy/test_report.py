# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The report has an entry a file, for people and for programs."""

import json

from src.deploy.report import add_to_report

DIFFERENCE = {"absolute": 1.5e-6, "relative": 2.5e-7, "agreement": 0.875, "pictures": 16}
CALLS = {"batch": 8, "runs": 20, "p50": 10.0, "p90": 12.0, "p99": 13.0}
ENTRY = {
    "format": "ONNX",
    "precision": "float16",
    "input": "uint8 (B, H, W, 3)",
    "bytes": 1234567,
    "sha256": "ab" * 32,
    "checkpoint": "best.ckpt",
    "checkpoint_sha256": "cd" * 32,
    "score": 98.5,
    "noise": {"1": DIFFERENCE},
    "pictures": DIFFERENCE,
    "latency": [[CALLS, {**CALLS, "p50": 30.0}]],
    "threads": 2,
    "processor": "a processor",
    "versions": {"onnx": "1.2.3"},
}


def test_an_entry_is_added_and_those_of_files_that_are_gone_leave(tmp_path):
    for name in ("a.onnx", "b.onnx"):
        (tmp_path / name).write_bytes(b"")
        add_to_report(tmp_path, name, ENTRY)
    assert json.loads((tmp_path / "report.json").read_text()) == {"a.onnx": ENTRY, "b.onnx": ENTRY}
    (tmp_path / "a.onnx").unlink()
    add_to_report(tmp_path, "b.onnx", {**ENTRY, "score": None, "latency": []})
    assert list(json.loads((tmp_path / "report.json").read_text())) == ["b.onnx"]
    text = (tmp_path / "report.md").read_text()
    assert "a.onnx" not in text
    assert "Latency" not in text


def test_what_a_person_reads(tmp_path):
    (tmp_path / "a.onnx").write_bytes(b"")
    add_to_report(tmp_path, "a.onnx", ENTRY)
    lines = (tmp_path / "report.md").read_text().splitlines()
    assert "| `a.onnx` | ONNX | float16 | uint8 (B, H, W, 3) | 1.2 | `abababababababab` |" in lines
    assert "| `a.onnx` | noise, 1 | 1.5e-06 | 2.5e-07 | 87.5 % | 16 |" in lines
    assert "| `a.onnx` | 8 | 10.0 | 12.0 | 13.0 | 30.0 | 12.0 | 13.0 | 20 | 2 |" in lines
    assert "| `a.onnx` | `best.ckpt` | `cdcdcdcdcdcdcdcd` | 98.50 % | onnx 1.2.3 | a processor |" in lines
    tables = [line for line in lines if line.startswith("|")]
    assert {line.count("|") for line in tables} == {7, 11}


def test_a_file_that_is_no_report_is_replaced(tmp_path):
    (tmp_path / "a.onnx").write_bytes(b"")
    (tmp_path / "report.json").write_text("{")
    add_to_report(tmp_path, "a.onnx", ENTRY)
    assert list(json.loads((tmp_path / "report.json").read_text())) == ["a.onnx"]
