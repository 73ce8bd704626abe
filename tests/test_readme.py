# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The READMEs: every command in them works, both say the same, and their tree is that of the project."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from src.checkpoint.pytorch import official_state
from src.checkpoint.record import Description, Record, save_record
from src.config import load_config
from src.errors import UserError
from src.models.contract import unique_parameters
from src.models.registry import create_model
from src.overlay import plain
from src.project_tree import READMES, tree, tree_of, write_tree
from tests.conftest import ROOT, free_port
from tests.data.sets.test_cifar import write_cifar

TEXTS = {name: (ROOT / name).read_text(encoding="utf-8") for name in READMES}
NOT_HERE = "# not run here"  # what the README marks a command with that needs other hardware
HARDWARE = {"Ascend 8": "CPU 2", "GPU 0": "CPU 0"}  # what such a command is run on instead
# any recipe in seconds: its own settings otherwise
SMALL = {
    "model": {"embed_dim": 24, "depth": 1, "num_heads": 3, "image_size": 32},
    "preprocessing": {"resize": 32},
    "optim": {"warmup_epochs": 0.5, "cooldown_epochs": 0},
    "train": {"epochs": 1},
}
CLASSES = [f"n{number:08d}" for number in range(1000)]


def commands(text):
    """Return the commands of a README: those at its very top, and those in its fences of bash."""
    shown = re.findall(r"^    (bash .*?)\s+#", text, re.MULTILINE)
    for block in re.findall(r"^```bash\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        shown += block.replace("\\\n", " ").splitlines()
    return [" ".join(line.split()) for line in shown]


COMMANDS = commands(TEXTS["README.md"])


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """A folder like that of the project, with small recipes, and with what the placeholders of the README stand for."""
    folder = tmp_path_factory.mktemp("project")
    for path in [*ROOT.glob("*.py"), *ROOT.glob("*.txt"), *(ROOT / name for name in ("src", "tools", "scripts"))]:
        (folder / path.name).symlink_to(path)
    make_recipes(folder / "config")
    make_environment(folder / ".venv")
    write_cifar(folder / "CIFAR10", "binary")
    make_pictures(folder / "IMAGENET", 130, CLASSES[:2])
    make_pictures(folder / "PETS", 6, ["abyssinian", "beagle"])
    make_pictures(folder / "PICTURES", 2, CLASSES[7:9])
    (folder / "CLASSES").write_text("\n".join(CLASSES))
    make_deit_ti(folder)
    return folder


def make_recipes(folder):
    """Lay ``SMALL`` over every recipe that a command names; overlays stay as they are."""
    folder.mkdir()
    for overlays in ("ablation", "fine_tuning"):
        (folder / overlays).symlink_to(ROOT / "config" / overlays)
    for name in set(re.findall(r"config/(\w+\.yaml)", " ".join(COMMANDS))) | {"augvit_digits.yaml"}:
        batch = {} if "digits" in name else {"data": {"batch_size": 6}}  # the other sets of pictures are made up here
        (folder / name).write_text(yaml.safe_dump({"base": str(ROOT / "config" / name), **SMALL, **batch}))


def make_environment(folder):
    """Let the scripts take the running environment for the one that they make."""
    folder.mkdir()
    stamp = "requirements.installed"
    for path in Path(sys.prefix).iterdir():
        if path.name != stamp:
            (folder / path.name).symlink_to(path)
    (folder / stamp).write_text("".join(path.read_text() for path in sorted(ROOT.glob("requirements*.txt"))))


def make_pictures(folder, count, classes):
    draw = np.random.default_rng(3)
    for split, number in (("train", count), ("val", 4)):
        for name in classes:
            (folder / split / name).mkdir(parents=True)
            for i in range(number):
                pixels = draw.integers(0, 256, (24, 20, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(folder / split / name / f"{i}.png")


def make_deit_ti(folder):
    """Write weights of the whole DeiT-Ti under PyTorch's names, and a small one as if it had been converted."""
    whole = create_model("deit_ti")
    weights = {name: parameter.asnumpy() for name, parameter in unique_parameters(whole).items()}
    np.savez(folder / "deit_tiny_patch16_224.npz", **official_state(weights, whole))
    settings = dict(load_config(folder / "config" / "deit_ti_pets.yaml").model)
    model = create_model(settings.pop("name"), **settings)
    description = Description(model="deit_ti", settings=plain(model.settings), preprocessing=model.preprocessing)
    weights = {name: parameter.asnumpy() for name, parameter in unique_parameters(model).items()}
    save_record(folder / "deit_ti.ckpt", Record(description, weights))


def thin_out(folder):
    """Keep every sixth of the digits, once scripts/quickstart.sh has trained on them all."""
    for split in ("train", "val"):
        for digit in (folder / split).iterdir():
            kept = set(sorted(digit.iterdir())[::6])
            for path in set(digit.iterdir()) - kept:
                path.unlink()


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_works(desk, forks, command):
    """They run in the README's order, each with what those before it left."""
    if "run_tests.sh" in command:
        pytest.skip("runs the tests, this one among them")
    command, marked, _ = command.partition(NOT_HERE)
    for there, here in HARDWARE.items() if marked else ():
        command = command.replace(f"sh {there}", f"sh {here}")
    if " CPU 2 " in command and shutil.which("msrun") is None:
        pytest.skip("msrun is not on the path")
    shell = ["bash", "-euo", "pipefail", "-c", command]
    environment = {key: value for key, value in os.environ.items() if key != "VENV"}
    environment["MASTER_PORT"] = str(free_port())  # the ranks of another test may have the usual one
    environment["PATH"] = f"{forks}:{environment['PATH']}"  # but scripts/quickstart.sh starts what is in .venv
    done = subprocess.run(shell, cwd=desk, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    if "quickstart" in command:
        thin_out(desk / "data" / "digits")


def test_commands_for_other_hardware_are_marked():
    for command in COMMANDS:
        assert any(f"sh {there}" in command for there in HARDWARE) == command.endswith(NOT_HERE), command


@pytest.mark.parametrize("name", READMES)
def test_the_tree_is_that_of_the_project(name):
    assert tree_of(TEXTS[name]) == tree(), "python tools/write_tree.py"


def test_the_tree_goes_between_its_marks(tmp_path):
    (tmp_path / "A.md").write_text("before\n<!-- tree -->\n```text\nold\n```\n<!-- /tree -->\nafter\n")
    write_tree(tmp_path / "A.md")
    text = (tmp_path / "A.md").read_text()
    assert text == f"before\n<!-- tree -->\n```text\n{tree()}```\n<!-- /tree -->\nafter\n"
    (tmp_path / "B.md").write_text("no marks\n")
    with pytest.raises(UserError, match=r"B\.md: has no place for the tree"):
        write_tree(tmp_path / "B.md")


def headings(text):
    return re.findall(r"^(#+) ", without_code(text), re.MULTILINE)


def without_code(text):
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


def tables(text):
    """Return of each row of each table what is the same in any language: code, and numbers."""
    rows = [line for line in without_code(text).splitlines() if line.startswith("|")]
    return [(row.count("|"), re.findall(r"`[^`]*`|\d+(?:[.,]\d+)*", row)) for row in rows]


def test_both_languages_say_the_same():
    one, other = (TEXTS[name] for name in READMES)
    assert headings(one) == headings(other)
    fences = [re.findall(r"^```.*?^```", text, re.MULTILINE | re.DOTALL) for text in (one, other)]
    assert fences[0] == fences[1]
    for row, translated in zip(tables(one), tables(other), strict=True):
        assert row[0] == translated[0]
        assert sorted(row[1]) == sorted(translated[1])


def links(path):
    """Return the files of the project that a document links to or names."""
    text = without_code(path.read_text(encoding="utf-8"))
    linked = [target.split("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in target]
    return [path.parent / target for target in linked if target]


@pytest.mark.parametrize("path", [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")], ids=lambda path: path.name)
def test_links_lead_somewhere(path):
    assert [str(target) for target in links(path) if not target.exists()] == []
