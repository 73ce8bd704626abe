# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""PyTorch weights: every file format in, our names and shapes out, and each thing that does not fit said."""

import json
import struct

import numpy as np
import pytest

from src.checkpoint import metadata
from src.checkpoint.pytorch import convert_file, convert_state, export_file, official_state
from src.checkpoint.pytorch_files import read_state
from src.checkpoint.record import load_record
from src.errors import UserError
from src.models.contract import unique_parameters
from tests.golden.load import FOLDER, read_golden, settings
from tests.tiny import RELEASED_MODES, TINY_FAMILIES, tiny_family, tiny_model

GOLDEN = read_golden(FOLDER / "augvit_circulant2.npz")
STATE = GOLDEN.part("param/")
SETTINGS = settings(GOLDEN.config)


def write(path, state):
    """Write a state to a file of the format that its ending says."""
    if path.suffix == ".npz":
        np.savez(path, **state)
    elif path.suffix == ".safetensors":
        pytest.importorskip("safetensors.numpy").save_file(state, path)
    else:
        torch = pytest.importorskip("torch")
        torch.save({name: torch.from_numpy(value) for name, value in state.items()}, path)
    return path


def convert(tmp_path, weights, replace_head=False, classes=None, **changes):
    output = tmp_path / "out.ckpt"
    convert_file("augvit_s", {**SETTINGS, **changes}, str(weights), str(output), {}, classes, replace_head)
    return load_record(output)


def refused(tmp_path, said, state, **options):
    with pytest.raises(UserError, match=said) as caught:
        convert(tmp_path, write(tmp_path / "w.npz", state), **options)
    assert not (tmp_path / "out.ckpt").exists()
    return str(caught.value)


def assert_same(own, expected):
    assert own.keys() == expected.keys()
    for name, value in expected.items():
        assert np.array_equal(own[name], value), name


@pytest.mark.parametrize("ending", [".npz", ".safetensors", ".pth", ".pt", ".bin"])
def test_every_format_gives_the_same_tensors(tmp_path, ending):
    assert_same(read_state(write(tmp_path / f"w{ending}", STATE)), STATE)


@pytest.mark.parametrize("ending", [".npz", ".safetensors", ".pth"])
def test_half_precision_and_the_module_prefix_are_read(tmp_path, ending):
    halves = {f"module.{name}": value.astype(np.float16) for name, value in STATE.items()}
    read = read_state(write(tmp_path / f"w{ending}", halves))
    assert {value.dtype for value in read.values()} == {np.dtype(np.float32)}
    assert_same(read, STATE)  # the golden's parameters are values that half precision holds


@pytest.mark.parametrize("wrapper", ["model", "state_dict", "state_dict_ema"])
def test_wrappers_of_training_scripts_are_opened(tmp_path, wrapper):
    torch = pytest.importorskip("torch")
    table = {f"module.{name}": torch.from_numpy(value) for name, value in STATE.items()}
    torch.save({wrapper: table, "epoch": 3, "optimizer": {"lr": 0.1}}, tmp_path / "w.pth")
    assert_same(read_state(tmp_path / "w.pth"), STATE)


def test_code_in_a_torch_file_is_not_run(tmp_path):
    torch = pytest.importorskip("torch")
    torch.save({"weight": FOLDER}, tmp_path / "w.pth")  # a path is an object: its pickle calls a function
    with pytest.raises(UserError, match="not a file of PyTorch tensors alone"):
        read_state(tmp_path / "w.pth")


def test_objects_in_a_npz_file_are_refused(tmp_path):
    np.savez(tmp_path / "w.npz", weight=np.array([print, "code"], object))
    with pytest.raises(UserError, match=r"w\.npz: not a \.npz file of arrays"):
        read_state(tmp_path / "w.npz")


@pytest.mark.parametrize("ending", [".npz", ".safetensors"])
@pytest.mark.parametrize("content", [b"", b"weights", b"PK\x03\x04" + bytes(60), bytes(100)], ids=repr)
def test_what_is_no_file_of_tensors_is_refused(tmp_path, ending, content):
    path = tmp_path / f"w{ending}"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"not a \.|holds no tensors") as caught:
        read_state(path)
    assert str(path) in str(caught.value)


def test_a_single_array_under_the_name_of_a_npz_file_is_refused(tmp_path):
    with (tmp_path / "w.npz").open("wb") as file:
        np.save(file, STATE["norm.bias"])
    with pytest.raises(UserError, match=r"w\.npz: not a \.npz file of arrays"):
        read_state(tmp_path / "w.npz")


@pytest.mark.parametrize("ending", [".npz", ".safetensors"])
def test_truncated_files_are_refused(tmp_path, ending):
    path = write(tmp_path / f"w{ending}", STATE)
    whole = path.read_bytes()
    for part in (0.1, 0.5, 0.9, 0.999):
        path.write_bytes(whole[: int(len(whole) * part)])
        with pytest.raises(UserError, match="damaged"):
            read_state(path)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_a_flipped_bit_in_an_array_of_a_npz_file_is_found(tmp_path, save):
    """Its checksum or its inflation fails, each in words of its own."""
    path = tmp_path / "w.npz"
    save(path, weight=np.random.default_rng(0).standard_normal(500).astype(np.float32))
    whole = path.read_bytes()
    for position in range(200, 1800, 16):
        data = bytearray(whole)
        data[position] ^= 4
        path.write_bytes(data)
        with pytest.raises(UserError, match="damaged"):
            read_state(path)


def test_brain_floats_are_read(tmp_path):
    """The format of many published .safetensors files; NumPy has no such type of its own."""
    pytest.importorskip("safetensors")
    header = json.dumps({"a": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}}).encode()
    (tmp_path / "w.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + b"\x80\x3f\x20\xc0")
    read = read_state(tmp_path / "w.safetensors")["a"]
    assert read.dtype == np.float32
    assert read.tolist() == [1.0, -2.5]


def test_a_missing_file_and_another_ending_are_refused(tmp_path):
    with pytest.raises(UserError, match=r"none\.npz: no such file"):
        read_state(tmp_path / "none.npz")
    with pytest.raises(UserError, match=r"w\.onnx: expected \.npz, \.safetensors, \.pth"):
        read_state(tmp_path / "w.onnx")
    np.savez(tmp_path / "w.npz")
    with pytest.raises(UserError, match="holds no tensors"):
        read_state(tmp_path / "w.npz")


@pytest.mark.parametrize("released", RELEASED_MODES)
def test_every_parameter_has_its_place_in_the_official_checkpoint(released):
    """The names and shapes of the golden are the official ones; a value goes where its name says."""
    golden = read_golden(FOLDER / f"augvit_{released}.npz")
    model = tiny_model(released, **{key: value for key, value in settings(golden.config).items() if key != "shortcut"})
    state = golden.part("param/")
    weights = convert_state(state, model, "here", replace_head=False)
    assert {name: value.shape for name, value in weights.items()} == {
        name: parameter.shape for name, parameter in unique_parameters(model).items()
    }
    assert sum(value.size for value in weights.values()) == sum(value.size for value in state.values())
    assert np.array_equal(weights["norm.gamma"], state["norm.weight"])
    assert np.array_equal(weights["patch_embed.proj.weight"], state["patch_embed.proj.weight"].reshape(24, -1))
    if released == "circulant2":
        generators = weights["blocks.1.mlp_shortcut.project.weight"]
        assert np.array_equal(generators[0].reshape(-1), state["blocks.1.augs.0.weight_list"])
        assert np.array_equal(generators[1].reshape(-1), state["blocks.1.augs2.0.weight_list"])
    if released == "linear2":
        dense = weights["blocks.0.attn_shortcut.project.proj.weight"]
        assert np.array_equal(dense[24:], state["blocks.0.augs_attn2.0.weight"])


def test_index_tables_have_to_be_ours(tmp_path):
    table = np.arange(24)  # b * d generators: of block row i and column j, at (i * b + j) * n
    rows, columns = np.meshgrid(table, table, indexing="ij")
    n = 24 // 4
    index = ((rows // n) * 4 + columns // n) * n + (rows % n - columns % n) % n
    names = [f"blocks.{i}.{stem}.0.index_matrix" for i in (0, 1) for stem in ("augs", "augs2")]
    state = {**STATE, **dict.fromkeys(names, index)}
    with_tables = convert(tmp_path, write(tmp_path / "a.npz", state))
    assert_same(with_tables.tensors, convert(tmp_path, write(tmp_path / "b.npz", STATE)).tensors)
    (tmp_path / "out.ckpt").unlink()
    said = rf"{names[1]} is not the fixed table \[24, 24\]".replace(".", r"\.")
    refused(tmp_path, said, {**state, names[1]: index[::-1]})


@pytest.mark.parametrize("ending", [".npz", ".safetensors", ".pth"])
def test_there_and_back_is_the_same_to_the_bit(tmp_path, ending):
    if ending == ".pth":
        pytest.importorskip("torch")
    convert(tmp_path, write(tmp_path / "w.npz", STATE))
    export_file(str(tmp_path / "out.ckpt"), str(tmp_path / f"back{ending}"))
    back = read_state(tmp_path / f"back{ending}")
    tables = {name: back.pop(name) for name in list(back) if name.endswith("index_matrix")}
    assert_same(back, STATE)
    assert len(tables) == 8
    assert not list(tmp_path.glob(".back*"))


def test_tensors_by_our_own_names_say_what_they_are(tmp_path):
    record = convert(tmp_path, write(tmp_path / "w.npz", STATE))
    export_file(str(tmp_path / "out.ckpt"), str(tmp_path / "own.safetensors"), official=False)
    assert_same(read_state(tmp_path / "own.safetensors"), record.tensors)
    with pytest.importorskip("safetensors").safe_open(tmp_path / "own.safetensors", "numpy") as file:
        said = file.metadata()
    assert metadata.from_text(said["augvit"], "own.safetensors") == record.description
    assert said["checkpoint_sha256"] == metadata.file_digest(tmp_path / "out.ckpt")


@pytest.mark.parametrize("name", TINY_FAMILIES)
def test_every_family_goes_there_and_back(name):
    model = tiny_family(name)
    weights = {key: parameter.asnumpy() for key, parameter in unique_parameters(model).items()}
    state = official_state(weights, model)
    assert_same(convert_state(state, tiny_family(name), "there and back", replace_head=False), weights)
    names = [theirs for entry in model.foreign_tensors() for theirs in entry.theirs]
    assert len(names) == len(set(names))


def test_what_can_not_be_written_for_pytorch_is_said(tmp_path):
    convert(tmp_path, write(tmp_path / "w.npz", STATE))
    for output, said in ((tmp_path / "w.h5", "expected .npz"), (tmp_path / "no" / "w.npz", "a folder that exists")):
        with pytest.raises(UserError, match=said):
            export_file(str(tmp_path / "out.ckpt"), str(output))


def test_a_converted_record_says_what_it_is(tmp_path):
    record = convert(tmp_path, write(tmp_path / "w.npz", STATE))
    description = record.description
    assert (description.model, description.origin) == ("augvit_s", "converted from w.npz")
    assert (description.settings["embed_dim"], description.settings["shortcut"]["paths"]) == (24, 2)
    assert (description.preprocessing.size, description.preprocessing.mean) == (16, (0.5, 0.5, 0.5))
    assert (description.classes, description.titles) == (None, None)


def test_every_misfit_is_listed(tmp_path):
    state = dict(STATE)
    del state["cls_token"]
    state["dist_token"] = np.zeros((1, 1, 24), np.float32)
    state["norm.bias"] = np.zeros(23, np.float32)
    del state["blocks.0.augs2.0.bias"]
    said = refused(tmp_path, "does not fit augvit_s", state)
    faults = said.partition("does not fit augvit_s: ")[2].split("; ")
    assert sorted(faults) == [
        "missing blocks.0.augs2.0.bias",
        "missing cls_token",
        "norm.bias is [23] where the model has [24]",
        "unexpected dist_token",
    ]


def test_a_head_of_another_size_needs_replace_head(tmp_path):
    said = refused(tmp_path, r"head\.weight is \[10, 24\] where the model has \[3, 24\]", STATE, num_classes=3)
    assert said.endswith("--replace_head puts a fresh head in its place")
    record = convert(tmp_path, tmp_path / "w.npz", replace_head=True, num_classes=3)
    assert record.tensors["head.weight"].shape == (3, 24)
    assert not record.tensors["head.bias"].any()
    assert np.array_equal(record.tensors["norm.beta"], STATE["norm.bias"])


def test_a_state_without_a_head_needs_replace_head(tmp_path):
    body = {name: value for name, value in STATE.items() if not name.startswith("head.")}
    said = refused(tmp_path, r"missing head\.weight; missing head\.bias", body)
    assert said.endswith("--replace_head puts a fresh head in its place")
    assert convert(tmp_path, tmp_path / "w.npz", replace_head=True).tensors["head.weight"].shape == (10, 24)


def test_class_names_of_a_file(tmp_path):
    names = tmp_path / "names.txt"
    names.write_text("\n".join(f"Klasse {i}: größer" for i in range(10)), encoding="utf-8")
    record = convert(tmp_path, write(tmp_path / "w.npz", STATE), classes=str(names))
    assert record.description.classes == tuple(f"Klasse {i}: größer" for i in range(10))
    index = tmp_path / "index.json"
    index.write_text(str({str(i): [f"n{i}", f"some_thing_{i}"] for i in range(10)}).replace("'", '"'))
    record = convert(tmp_path, tmp_path / "w.npz", classes=str(index))
    assert (record.description.classes[9], record.description.titles[9]) == ("n9", "some thing 9")


def test_another_number_of_class_names_is_refused(tmp_path):
    names = tmp_path / "names.txt"
    names.write_text("a\nb\nc\n")
    refused(tmp_path, r"names\.txt: 3 names for 10 outputs", STATE, classes=str(names))


@pytest.mark.parametrize("output", ["out.bin", "missing/out.ckpt"])
def test_an_output_that_can_not_be_is_refused(tmp_path, output):
    weights = write(tmp_path / "w.npz", STATE)
    with pytest.raises(UserError, match=r"--output .*expected a \.ckpt file in a folder that exists"):
        convert_file("augvit_s", SETTINGS, str(weights), str(tmp_path / output), {}, None, False)
    assert [path.name for path in tmp_path.iterdir()] == ["w.npz"]
