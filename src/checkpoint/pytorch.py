# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Weights of the official PyTorch code: reading their files, and putting them into our names and shapes."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from src.checkpoint.record import Description, Record, save_record
from src.config import plain
from src.data.classes import read_class_names
from src.errors import UserError
from src.logs import get_logger
from src.models.contract import Backbone, ForeignTensor, count_parameters, unique_parameters
from src.models.registry import create_model

_WRAPPERS = ("model", "state_dict", "state_dict_ema")  # keys under which training scripts put the weights
_BUFFERS = (
    ".index_matrix",
    ".relative_position_index",
    ".attn_mask",
)  # tables that the official code keeps among its weights, and that we compute
_CONSTANT_TOLERANCE = 1e-3  # of tables that may have been stored in half precision
_HEAD = ("head.weight", "head.bias")
_log = get_logger(__name__)


def read_state(path: Path) -> dict[str, np.ndarray]:
    """Return the tensors of a ``.npz``, ``.safetensors``, ``.pth``, ``.pt`` or ``.bin`` file as float32 or integers.

    Raises:
        UserError: no such file, another format, a damaged file, or the library that reads it is missing.
    """
    readers = {".npz": _read_npz, ".safetensors": _read_safetensors}
    readers |= dict.fromkeys((".pth", ".pt", ".bin"), _read_torch)
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise UserError(f"--weights {path}: expected {', '.join(readers)}")
    if not path.is_file():
        raise UserError(f"--weights {path}: no such file")
    state = reader(path)
    if not state:
        raise UserError(f"--weights {path}: holds no tensors")
    return {name.removeprefix("module."): _as_float32(value) for name, value in state.items()}


def convert_state(
    state: Mapping[str, np.ndarray], model: Backbone, origin: str, replace_head: bool
) -> dict[str, np.ndarray]:
    """Return the weights of ``model`` from the tensors of a PyTorch checkpoint.

    Args:
        state: tensors by their PyTorch names.
        model: that the weights are for; with ``replace_head`` its own head stays.
        origin: of the tensors, for messages.
        replace_head: ignore the head of the checkpoint.

    Raises:
        UserError: each tensor without a place, each parameter without a tensor, each other shape, all listed.
    """
    own = {name: parameter.asnumpy() for name, parameter in unique_parameters(model).items()}
    left = {name: value for name, value in state.items() if not name.endswith(_BUFFERS)}
    weights, faults = {}, _wrong_constants(model, left)
    for entry in model.foreign_tensors():
        if replace_head and entry.ours in _HEAD:
            weights[entry.ours] = own[entry.ours]
            for name in entry.theirs:
                left.pop(name, None)
            continue
        parts = [left.pop(name, None) for name in entry.theirs]
        wrong = [_fault(name, part, entry.shape) for name, part in zip(entry.theirs, parts, strict=True)]
        faults += [fault for fault in wrong if fault]
        if not any(wrong):
            weights[entry.ours] = _in_our_order(entry, parts).reshape(own[entry.ours].shape)
    faults += [f"unexpected {name}" for name in left]
    if faults:
        hint = (
            "; --replace_head puts a fresh head in its place"
            if any(name in fault for name in _HEAD for fault in faults)
            else ""
        )
        raise UserError(f"{origin}: does not fit {model.name}: {'; '.join(faults)}{hint}")
    return weights


def convert_file(
    name: str,
    settings: Mapping[str, Any],
    weights: str,
    output: str,
    preprocessing: Mapping[str, Any],
    classes: str | None,
    replace_head: bool,
) -> None:
    """Write the checkpoint of a model with the weights of a PyTorch file.

    Args:
        name: of the registered model.
        settings: of the model, where they differ from its own.
        weights: the file, see ``read_state``.
        output: the .ckpt file to write.
        preprocessing: fields that differ from the model's own.
        classes: a file of class names, see ``read_class_names``.
        replace_head: put a fresh head in place of the file's.

    Raises:
        UserError: the parts do not go together; nothing is written then.
    """
    if not output.endswith(".ckpt") or not Path(output).parent.is_dir():
        raise UserError(f"--output {output}: expected a .ckpt file in a folder that exists")
    names, titles = read_class_names(classes) if classes else (None, None)
    if names is not None:
        settings = {"num_classes": len(names), **settings}
    model = create_model(name, preprocessing, **settings)
    if names is not None and len(names) != model.settings.num_classes:
        raise UserError(f"--classes {classes}: {len(names)} names for {model.settings.num_classes} outputs")
    converted = convert_state(read_state(Path(weights)), model, f"--weights {weights}", replace_head)
    description = Description(
        model=name,
        settings=plain(model.settings),
        preprocessing=model.preprocessing,
        classes=names,
        titles=titles,
        origin=f"converted from {Path(weights).name}",
    )
    save_record(Path(output), Record(description, converted))
    _log.info("%s: %s, %s parameters", output, name, f"{count_parameters(model):,}")


def _wrong_constants(model: Backbone, left: dict[str, np.ndarray]) -> list[str]:
    """Take the tables that we compute out of ``left``, and say which of them are not what they must be."""
    faults = []
    for name, value in model.foreign_constants().items():
        given = left.pop(name, value)
        if given.shape != value.shape or np.abs(given - value).max() > _CONSTANT_TOLERANCE:
            faults.append(f"{name} is not the fixed table {list(value.shape)} that it must be")
    return faults


def _in_our_order(entry: ForeignTensor, parts: Sequence[np.ndarray]) -> np.ndarray:
    values = np.concatenate([part.reshape(-1) for part in parts])
    return values.reshape(entry.view).transpose(entry.order) if entry.view else values


def _fault(name: str, value: np.ndarray | None, shape: tuple[int, ...]) -> str:
    if value is None:
        return f"missing {name}"
    return "" if value.shape == shape else f"{name} is {list(value.shape)} where the model has {list(shape)}"


def _as_float32(value: np.ndarray) -> np.ndarray:
    return value if value.dtype.kind in "iub" else value.astype(np.float32)  # a bfloat16 has a kind of its own


def _read_npz(path: Path) -> dict[str, np.ndarray]:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except Exception as error:  # NumPy, zipfile and zlib raise many kinds for a file that is damaged
        raise UserError(f"--weights {path}: not a .npz file of arrays, or damaged ({error})") from None


def _read_safetensors(path: Path) -> dict[str, np.ndarray]:
    try:
        from safetensors import SafetensorError
        from safetensors.numpy import load_file
    except ImportError:
        raise UserError(f"--weights {path}: reading .safetensors needs the package safetensors") from None
    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise UserError(f"--weights {path}: not a .safetensors file, or damaged ({error})") from None


def _read_torch(path: Path) -> dict[str, np.ndarray]:
    try:
        import torch
    except ImportError:
        raise UserError(f"--weights {path}: reading it needs the package torch; .npz and .safetensors do not") from None
    try:
        table: Any = torch.load(path, map_location="cpu", weights_only=True)  # nothing in the file is executed
    except Exception as error:  # torch raises many kinds for a file that is damaged or holds more than tensors
        raise UserError(
            f"--weights {path}: not a file of PyTorch tensors alone ({str(error).splitlines()[0]})"
        ) from None
    for wrapper in _WRAPPERS:
        if isinstance(table, dict) and isinstance(table.get(wrapper), dict):
            table = table[wrapper]
    if not isinstance(table, dict):
        raise UserError(f"--weights {path}: expected a table of tensors, got {type(table).__name__}")
    return {name: value.float().numpy() for name, value in table.items() if isinstance(value, torch.Tensor)}
