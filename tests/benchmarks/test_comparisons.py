# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Comparisons by processes that take turns: what they start, count and say, and where they write it."""

import argparse
import datetime
import subprocess
import sys

import numpy as np
import pytest
from mindspore import Tensor
from PIL import Image

from benchmarks import mindspore_side
from benchmarks.arithmetic import count, tokens, widths
from benchmarks.contender import SIDES, command, find_work
from benchmarks.fresh import Cost, read
from benchmarks.memory import sides as memory_sides
from benchmarks.memory import table as memory_table
from benchmarks.options import add_comparison
from benchmarks.report import check_report_path, typed, versions, write_report
from benchmarks.scaling import AXES, Point, Setup, panels, table
from benchmarks.scaling import sides as scaling_sides
from benchmarks.scaling_figure import draw
from benchmarks.shortcut_cost import Subject, losing_lines, sides, times_table, torch_table
from benchmarks.torch_names import plain_twin
from benchmarks.turns import Times, in_turn, processes_in_turn
from benchmarks.work import Subject as Worked
from src.errors import UserError
from src.models.registry import list_models
from tests.conftest import ROOT

DRIVERS = ("throughput", "onnx_latency", "shortcut_cost", "scaling", "memory")
ROW = Subject("augvit_ti", "forward", 8, 224)


def test_every_model_has_a_plain_twin_that_is_registered():
    assert plain_twin("augvit_s") == plain_twin("deit_s") == "deit_s"
    assert plain_twin("augt2t_14") == "t2t_14"
    assert {plain_twin(name) for name in list_models()} == {n for n in list_models() if not n.startswith("aug")}


def test_drivers_leave_mindspore_to_the_processes_that_they_start():
    """It would slow PyTorch down in those (benchmarks/turns.py)."""
    names = ", ".join(f"benchmarks.{name}" for name in DRIVERS)
    program = f"import sys, {names}; sys.exit('mindspore' in sys.modules or 'torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == 0


def test_a_command_names_everything():
    words = command("py", "mindspore", "augvit_s", "forward", {"shortcut.implementation": "fft"}, batch_size=2)
    flags = ["--framework", "mindspore", "--model", "augvit_s", "--kind", "forward", "--batch_size", "2"]
    assert words == ["py", str(ROOT / "benchmarks" / "contender.py"), *flags, "shortcut.implementation=fft"]


def test_an_unknown_kind_of_work_is_a_mistake():
    with pytest.raises(UserError, match="--kind sleep: mindspore has forward, training"):
        find_work("mindspore", "sleep", Worked("augvit_ti", 1, 32))


def test_an_interpreter_without_the_framework_is_a_mistake(tmp_path, monkeypatch):
    monkeypatch.setitem(SIDES, "torch", "benchmarks.absent")
    with pytest.raises(UserError, match=r"No module named 'benchmarks.absent', which measuring torch needs"):
        find_work("torch", "forward", Worked("augvit_ti", 1, 32))
    with pytest.raises(UserError, match=r"ModuleNotFoundError: No module named 'benchmarks.absent'"):
        versions({"torch": sys.executable})
    with pytest.raises(UserError, match=r"absent/python: No such file or directory; an interpreter"):
        versions({"torch": str(tmp_path / "absent" / "python")})
    with pytest.raises(UserError, match=r"false: ended with status 1"):
        versions({"torch": "false"})


@pytest.mark.parametrize("kind", ["shortcut", "shortcut_training"])
def test_one_shortcut_is_measured_as_a_part_of_several(kind, monkeypatch):
    monkeypatch.setattr(mindspore_side, "COPIES", 2)
    work = find_work("mindspore", kind, Worked("augvit_ti", 1, 32, ("shortcut.implementation=dense", "embed_dim=12")))
    assert work.parts == 2
    assert np.isfinite(work.run()).all()
    assert work.turn() > 0


def test_plain_shortcuts_add_up_their_branches(monkeypatch):
    monkeypatch.setattr(mindspore_side, "COPIES", 3)
    chain, tensors = mindspore_side._chain(Worked("deit_ti", 2, 32))
    assert tensors[0].shape == (2, 5, 192)
    assert np.allclose(chain(*tensors).asnumpy(), sum(t.asnumpy() for t in tensors), atol=1e-5)
    assert isinstance(tensors[0], Tensor)


@pytest.mark.parametrize("text", ["0", "-1", "2.5", "many", ""])
def test_a_number_of_rounds_is_at_least_one(text, capsys):
    parser = argparse.ArgumentParser()
    add_comparison(parser, 3, "turns")
    assert parser.parse_args([]).rounds == 3
    assert parser.parse_args(["--rounds", "12"]).rounds == 12

    with pytest.raises(SystemExit, match="2"):
        parser.parse_args([f"--rounds={text}"])

    assert f"--rounds: {text!r} must be an integer of at least 1" in capsys.readouterr().err


def test_processes_take_turns():
    program = "import sys\nfor _ in sys.stdin: print({}, flush=True)"
    commands = {seconds: [sys.executable, "-c", program.format(seconds)] for seconds in (0.5, 0.25)}
    assert {key: times.median for key, times in processes_in_turn(commands, 2).items()} == {0.5: 0.5, 0.25: 0.25}


def test_a_ratio_is_that_within_a_round():
    drifting, steady = Times((1.0, 2.0, 9.0)), Times((0.5, 1.0, 3.0))
    assert (drifting.median, drifting.over(steady)) == (2.0, 2.0)
    assert Times((4.0, 1.0, 1.0)).over(Times((1.0, 1.0, 4.0))) == 1.0


def test_one_round_has_no_spread():
    times = in_turn({"a": lambda: 2.0}, rounds=1)["a"]
    assert (times.low, times.median, times.high) == (2.0, 2.0, 2.0)


def test_multiply_accumulates_of_a_shortcut_and_of_a_network():
    dense = {"shortcut.implementation": "dense"}
    assert count("augvit_ti", "shortcut", 224, dense).executed == 197 * 2 * 192 * 192
    assert count("deit_ti", "shortcut", 224, {}).executed == 0
    plain, augmented = count("deit_ti", "forward", 224, {}), count("augvit_ti", "training", 224, dense)
    assert augmented.executed - plain.executed == 24 * 197 * 2 * 192 * 192
    assert plain.executed < augmented.paper < augmented.executed
    assert (tokens("deit_ti", 224), widths("pvt_s")) == (197, (64, 128, 320, 512))


def times(milliseconds, spread=0.0):
    return Times(tuple(1e-3 * (milliseconds + part * spread) for part in (-2, -1, 0, 1, 2)))


def test_a_subject_is_measured_beside_its_plain_twin():
    found = sides(ROW, ["fft"], "torch_python")
    assert list(found) == ["plain", "fft", "PyTorch plain", "PyTorch gathered"]
    assert "deit_ti" in found["plain"]
    assert "deit_ti" in found["PyTorch plain"]
    assert found["fft"][-1] == "shortcut.implementation=fft"
    assert found["PyTorch gathered"][0] == "torch_python"
    assert list(sides(ROW, ["native", "dense"], None)) == ["plain", "native", "dense"]


def test_losses_are_told_and_gains_are_not():
    measured = {
        "plain": times(100, 1),
        "native": times(110, 1),
        "fft": times(200, 1),
        "dense": times(150, 60),  # so wide that it is not slower than any other
        "PyTorch plain": times(90, 1),
        "PyTorch gathered": times(120, 1),
    }
    place = "augvit_ti, forward, batch 8, 224 pixels: "
    assert losing_lines({ROW: measured}, 1.3) == [
        place + "over 1.3 times its plain: fft 2.00, dense 1.50, PyTorch gathered 1.33",
        place + "fft is slower than native: 200.0 ms against 110.0 (1.82)",
        place + "fft is slower than PyTorch gathered: 200.0 ms against 120.0 (1.67)",
        place + "plain is slower than PyTorch plain: 100.0 ms against 90.0 (1.11)",
    ]
    assert losing_lines({ROW: {name: measured[name] for name in ("plain", "native")}}, 1.3) == []
    assert torch_table({ROW: measured}).rows[0][4:] == ["1.09", "0.60", "0.80", "0.90"]


def test_short_times_have_more_digits():
    row = times_table({ROW: {"plain": times(0.5, 0.25), "native": times(100.0)}}).rows[0]
    assert row == ["augvit_ti", "forward", "8", "224", "0.500 (0.250 to 0.750)", "100.0 (100.0 to 100.0)"]


def test_a_report_says_when_where_and_how(tmp_path):
    arguments = [
        "/somewhere/benchmarks/scaling.py",
        "--batches",
        "8",
        "--torch_python=/opt/py",
        "--report",
        "/tmp/a.md",
    ]
    assert typed(arguments) == (
        "python benchmarks/scaling.py --batches 8 --torch_python=PYTHON_WITH_TORCH --report FILE"
    )
    path = tmp_path / "2026-01-01-a.md"
    write_report(str(path), "What", ["MindSpore 1"], "| a |", arguments)
    text = path.read_text()
    assert text.startswith(f"# What, {datetime.date.today().isoformat()}\n\n- ")
    assert " cores, " in text
    assert "- MindSpore 1\n\n    python benchmarks/scaling.py" in text
    assert text.endswith("\n\n| a |\n")
    write_report(None, "What", [], "", arguments)


def test_a_report_that_cannot_be_written_is_found_before_anything_is_measured(tmp_path):
    check_report_path(None)
    check_report_path(str(tmp_path / "a.md"))
    with pytest.raises(UserError, match=r"a report is a \.md file"):
        check_report_path(str(tmp_path / "a.txt"))
    with pytest.raises(UserError, match="no folder"):
        check_report_path(str(tmp_path / "none" / "a.md"))


def test_a_step_is_measured_as_it_is_recomputed_and_in_pytorch():
    pythons = {"mindspore": "py", "torch": "torch_python"}
    found = memory_sides(["deit_ti"], pythons, {"batch_size": 1})
    assert [side[1:] for side in found] == [
        ("mindspore", "training"),
        ("mindspore", "recomputed"),
        ("torch", "training"),
    ]
    words = found["deit_ti", "torch", "training"]
    assert words[:2] == ["torch_python", str(ROOT / "benchmarks" / "fresh.py")]
    assert words[-2:] == ["--batch_size", "1"]
    assert len(memory_sides(["deit_ti", "augvit_ti"], {"mindspore": "py"}, {})) == 4


def test_what_a_process_took_is_its_last_line():
    said = 'a warning\n{"first": 20.0, "later": 1.5, "peak": 3.25, "alone": 0.5}\n'
    assert read(said) == Cost(first=20.0, later=1.5, peak=3.25, alone=0.5)


def test_the_costs_of_several_processes_are_medians_and_quartiles():
    rounds = [Cost(first, first / 10, 3.0, 0.5) for first in (30.0, 10.0, 20.0)]
    row = memory_table({("deit_ti", "mindspore", "recomputed"): rounds}).rows[0]
    assert row[:2] == ["deit_ti", "MindSpore, training step, blocks recomputed"]
    assert row[2:] == ["20.0 (15.0 to 25.0)", "2.000 (1.500 to 2.500)", "3.00 (3.00 to 3.00)", "0.50"]


def test_an_axis_changes_both_networks_or_the_augmented_one():
    setup = Setup("augvit_ti", 8, 224, **AXES["depth"].change(2))
    found = scaling_sides(setup, ["portable"], "forward")
    assert found["portable", False][-2:] == ["depth=2", "kernels=portable"]
    assert found["portable", True][-3:] == ["depth=2", "kernels=portable", "shortcut.implementation=dense"]
    setup = Setup("augvit_ti", 8, 224, **AXES["paths"].change(3))
    found = scaling_sides(setup, ["native"], "forward")
    assert "deit_ti" in found["native", False]
    assert found["native", True][-2:] == ["shortcut.implementation=native", "shortcut.paths=3"]


@pytest.mark.parametrize("names", [["ranks"], ["tokens", "batch", "paths", "blocks"]])
def test_the_picture_has_room_for_any_number_of_panels(tmp_path, names):
    points = [
        Point(n, x, c, "1 ms", "2 ms", r) for n in names for x, r in ((1, 1.1), (2, 0.9)) for c in ("a", "b" * 70)
    ]
    assert len(table(points).rows) == 4 * len(names)
    shown = panels(points)
    assert [panel.log for panel in shown] == [name in ("batch", "blocks") for name in names]
    assert shown[0].curves["a"] == [(1, 1.1), (2, 0.9)]
    draw(shown, "title", "note " * 60, "time", tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as image:
        across, down = min(3, len(names)), -(-len(names) // 3)
        assert image.width == 2 * (430 * across + 56)
        assert image.height > 2 * (360 * down + 50 + 2 * 18 + 24 * 2)
