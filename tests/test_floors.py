# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The house stands: imports go down, and what belongs to the doors stays there (docs/design.md)."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FLOORS = {
    "": 0,
    "ops": 1,
    "layers": 2,
    "data": 2,
    "optim": 2,
    "launch": 2,
    "models": 3,
    "networks": 4,
    "registry": 5,
    "checkpoint": 6,
    "engine": 7,
    "analysis": 7,
    "deploy": 7,
}
# stands where users import it, and calls the builder
REGISTRY = "src.models.registry"
# the two files of floor 0 that the command line, the environment and the device belong to
GATES = {"src/cli.py", "src/distributed.py"}
DEVICE_CALLS = {"set_device", "set_context", "set_auto_parallel_context", "set_seed"}
DOORS = sorted([*ROOT.glob("*.py"), *ROOT.glob("tools/*.py")])
SOURCES = sorted((ROOT / "src").rglob("*.py"))


def folder(module: str) -> str:
    """Return the folder of src that a module ``src.a.b`` lies in; "" for the files of floor 0."""
    if module == REGISTRY:
        return "registry"
    part = module.split(".")[1]
    return part if part in FLOORS else ""


def imports(path: Path) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            # `from src import distributed` names modules, `from src.checks import check` does not
            found += [f"src.{alias.name}" for alias in node.names] if node.module == "src" else [node.module]
    return found


def climbs(own: str, other: str) -> bool:
    """Say whether a file of the folder ``own`` may not import from the folder ``other``."""
    return own != other and FLOORS[other] >= FLOORS[own]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_down(path):
    own = folder(".".join(path.relative_to(ROOT).with_suffix("").parts))
    for module in imports(path):
        if module.startswith("src."):
            assert not climbs(own, folder(module)), f"{path.relative_to(ROOT)} imports {module}"


def test_a_climbing_import_is_found():
    assert climbs("layers", "models")
    assert climbs("layers", "data")
    assert climbs("engine", "deploy")
    assert climbs("", "ops")
    assert not climbs("models", "layers")
    assert not climbs("layers", "layers")
    assert climbs("models", "registry")
    assert folder("src.models.vit") == "models"
    assert folder("src.config") == ""


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_command_line_environment_and_device_stay_at_the_gates(path):
    name = str(path.relative_to(ROOT))
    tree = ast.parse(path.read_text())
    if name in GATES:
        return
    assert "argparse" not in imports(path), f"{name} imports argparse"
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            assert node.attr not in ("environ", "getenv", "argv"), f"{name}:{node.lineno} reads {node.attr}"
        called = node.func.attr if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else ""
        seeds_weights = name == "src/engine/train.py" and called == "set_seed"
        assert called not in DEVICE_CALLS or seeds_weights, f"{name}:{node.lineno} calls {called}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_is_printed_below_the_doors(path):
    calls = [node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    assert not [func for func in calls if isinstance(func, ast.Name) and func.id == "print"]


@pytest.mark.parametrize("path", DOORS, ids=lambda path: str(path.relative_to(ROOT)))
def test_doors_are_thin(path):
    assert len(path.read_text().splitlines()) <= 50  # 40 lines of work, and the imports
