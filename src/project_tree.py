# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The tree of the project as its READMEs print it: each file with what it says of itself."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from src.errors import UserError

ROOT = Path(__file__).resolve().parents[1]
READMES = ("README.md", "README_CN.md")
_MARKED = re.compile(r"(?<=<!-- tree -->\n```text\n).*?(?=```\n<!-- /tree -->)", re.DOTALL)
_DOORS = ("train.py", "eval.py", "export.py", "infer.py")
# folders that say nothing of themselves, and those whose files are not listed
_FOLDERS = {
    "tools": "programs beside the commands",
    "scripts": "the commands on one device or many",
    "config": "recipes, each with its command, hardware and expected accuracy",
    "config/base": "what recipes have in common",
    "config/ablation": "a row of the paper's Tables 3 to 8 each, over any recipe",
    "config/fine_tuning": "with and without new paths, over a fine-tuning recipe",
    "src": "the library; a floor imports from those below it alone",
    "benchmarks": "speed and numbers, measured against something else",
    "docs": "design, deployment, model cards, what was measured",
    "tests": "mirror src",
}


def tree() -> str:
    """Return the tree, a line a file."""
    rows = [(name, _summary(ROOT / name)) for name in _DOORS]
    for folder in ("tools", "scripts", "config", "src", "benchmarks", "docs", "tests"):
        rows += [(f"{folder}/", _FOLDERS[folder]), *_inside(ROOT / folder)]
    width = max(len(name) for name, _ in rows) + 2
    return "".join(f"{name:{width}}{summary}\n" for name, summary in rows)


def tree_of(readme: str) -> str:
    """Return the tree that stands in the text of a README; "" where there is no place for one."""
    found = _MARKED.search(readme)
    return found[0] if found else ""


def write_tree(path: Path) -> None:
    """Put the tree of today into a README, between its marks.

    Raises:
        UserError: it has no marks.
    """
    text = path.read_text(encoding="utf-8")
    if not _MARKED.search(text):
        raise UserError(f"{path.name}: has no place for the tree, between <!-- tree --> and <!-- /tree -->")
    path.write_text(_MARKED.sub(lambda _: tree(), text), encoding="utf-8")


def _inside(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the rows of a folder: programs with their files, libraries with their folders, others with neither."""
    if folder.name in ("tools", "scripts"):
        for path in sorted([*folder.glob("*.py"), *folder.glob("*.sh")]):
            yield f"    {path.name}", _summary(path)
    elif folder.name in ("src", "config"):
        for path in sorted(part for part in folder.iterdir() if part.is_dir() and not part.name.startswith("_")):
            key = str(path.relative_to(ROOT))
            yield f"    {path.name}/", _FOLDERS.get(key) or _summary(path / "__init__.py")
    if folder.name == "src":
        for path in sorted(part for part in folder.glob("*.py") if part.name != "__init__.py"):
            yield f"    {path.name}", _summary(path)


def _summary(path: Path) -> str:
    """Return the first line that a file says of itself, without its floor and without the details that follow."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        line = (ast.get_docstring(ast.parse(text)) or "").split("\n", 1)[0]
    else:
        line = next(line[2:] for line in text.splitlines()[1:] if line.startswith("# ") and "Copyright" not in line)
    line = re.sub(r"^F\d'?: ", "", line)
    return re.split(r"[:;] ", line)[0].rstrip(".:")
