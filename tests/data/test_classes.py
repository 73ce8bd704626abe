# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Class names: the files they are read from, and how folders find their outputs."""

import json

import numpy as np
import pytest

from src.data.classes import match_classes, read_class_names
from src.errors import UserError


@pytest.fixture
def write(tmp_path):
    def write_text(name, text):
        (tmp_path / name).write_text(text if isinstance(text, str) else json.dumps(text), encoding="utf-8")
        return tmp_path / name

    return write_text


def message(function, *arguments):
    with pytest.raises(UserError) as caught:
        function(*arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_text_file_has_a_name_a_line(write):
    path = write("names.txt", "  blue \n\ngreen tea\nrød\n\n")
    assert read_class_names(path) == (("blue", "green tea", "rød"), ("blue", "green tea", "rød"))
    assert read_class_names(str(path)) == read_class_names(path)


def test_a_json_list_keeps_its_order(write):
    assert read_class_names(write("names.json", ["b", "a"])) == (("b", "a"), ("b", "a"))


def test_imagenets_index_gives_folders_and_titles(write):
    index = {str(i): [f"n{i:08d}", f"class_{i}_x"] for i in reversed(range(12))}
    names, titles = read_class_names(write("index.json", index))
    assert names == tuple(f"n{i:08d}" for i in range(12))
    assert titles == tuple(f"class {i} x" for i in range(12))


def test_two_classes_of_one_title_are_two_classes(write):
    path = write("index.json", {"0": ["n02012849", "crane"], "1": ["n03126707", "crane"]})
    assert read_class_names(path) == (("n02012849", "n03126707"), ("crane", "crane"))


@pytest.mark.parametrize(("name", "text"), [("names.txt", "a\nb\n a\n"), ("names.json", ["a", "b", "a"])])
def test_a_name_that_stands_twice_is_an_error(write, name, text):
    path = write(name, text)
    assert message(read_class_names, path) == f"--classes {path}: the class 'a' stands there twice"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("empty.txt", ""),
        ("blank.txt", " \n\n"),
        ("names.json", ""),
        ("names.json", "[1, 2"),
        ("names.json", "null"),
        ("names.json", "3"),
        ("names.json", '"abc"'),
        ("names.json", []),
        ("names.json", {}),
        ("names.json", [1, 2]),
        ("names.json", [["n01440764", "tench"]]),
        ("names.json", {"0": "tench", "1": "goldfish"}),
        ("names.json", {"0": "ab", "1": "cd"}),
        ("names.json", {"0": ["n01440764", "tench"], "2": ["n01443537", "goldfish"]}),
        ("names.json", {"0": ["n01440764", 7]}),
        ("names.json", {"0": ["n01440764"]}),
    ],
)
def test_other_files_are_refused(write, name, text):
    path = write(name, text)
    expected = f"--classes {path}: expected a name a line, a JSON list, or ImageNet's class index"
    assert message(read_class_names, path) == expected


def test_files_that_cannot_be_read_are_named(tmp_path):
    path = tmp_path / "no.txt"
    assert message(read_class_names, path) == f"--classes {path}: No such file or directory"
    path = tmp_path / "picture.txt"
    path.write_bytes(b"\xff\xd8\xff\xe0")
    assert message(read_class_names, path).startswith(f"--classes {path}: expected a name a line")


@pytest.mark.parametrize(
    ("found", "index"),
    [(("ant", "bee", "cat"), [2, 0, 1]), (("cat", "ant"), [1, 2]), (("bee",), [0])],
)
def test_classes_are_matched_by_their_names(found, index):
    matched = match_classes(found, ("bee", "cat", "ant"), 3, "data")
    assert matched.tolist() == index
    assert matched.dtype == np.int32


def test_a_class_the_model_does_not_know_is_named_with_the_nearest():
    said = message(match_classes, ("ant", "beee"), ("bee", "cat", "ant"), 3, "val")
    assert said == "val: the model knows no class 'beee'; did you mean bee?"


def test_the_nearest_of_many_classes_is_found():
    known = (*(f"n{i:08d}" for i in range(1000)), "starfish")
    said = message(match_classes, ("starfisch",), known, 1001, "val")
    assert said == "val: the model knows no class 'starfisch'; did you mean starfish?"


def test_a_message_does_not_list_a_thousand_classes():
    said = message(match_classes, ("zebra",), tuple(f"n{i:08d}" for i in range(1000)), 1000, "val")
    assert said.startswith("val: the model knows no class 'zebra'")
    assert said.endswith("and 990 more")
    assert len(said) < 200


def test_a_model_without_names_takes_the_sorted_order_of_as_many_classes():
    matched = match_classes(("a", "b", "c"), None, 3, "data")
    assert matched.tolist() == [0, 1, 2]
    assert matched.dtype == np.int32
    said = message(match_classes, ("a", "b"), None, 3, "data")
    assert said == "data: 2 classes, but the model has 3 outputs and knows no class names"
