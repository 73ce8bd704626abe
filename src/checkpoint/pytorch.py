# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Weights of the official PyTorch code in our names and shapes, and ours in theirs."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from src.checkpoint.adapt import load_model
from src.checkpoint.metadata import properties
from src.checkpoint.pytorch_files import read_state, write_state
from src.checkpoint.record import Description, Record, save_record
from src.data.classes import read_class_names
from src.errors import UserError
from src.logs import get_logger
from src.models.contract import Backbone, ForeignTensor, count_parameters, unique_parameters
from src.models.registry import create_model
from src.ops.circulant import dense_index
from src.overlay import plain

_CONSTANT_TOLERANCE = 1e-3  # of tables that may have been stored in half precision
_GENERATORS = ".weight_list"  # of a circulant projection
_HEAD = ("head.weight", "head.bias")
_log = get_logger(__name__)


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
    left = dict(state)
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


def official_state(weights: Mapping[str, np.ndarray], model: Backbone) -> dict[str, np.ndarray]:
    """Return all that a PyTorch checkpoint of the official code holds, of the ``weights`` of ``model`` by our names."""
    state = dict(_constants(model))
    for entry in model.foreign_tensors():
        values = _in_their_order(entry, weights[entry.ours]).reshape(-1)
        parts = np.split(values, len(entry.theirs))
        state |= {name: part.reshape(entry.shape) for name, part in zip(entry.theirs, parts, strict=True)}
    return state


def export_file(weights: str, output: str, official: bool = True) -> None:
    """Write the weights of a checkpoint of ours as a file of tensors, and its description where there is a place.

    Args:
        weights: the checkpoint; of its moving average where it has one.
        output: the file to write, see ``write_state``.
        official: by the names and in the shapes of the official PyTorch code, which reads the file; else by our own.

    Raises:
        UserError: no such checkpoint, or the file can't be written; nothing is left behind then.
    """
    model, record = load_model(weights)
    own = {name: parameter.asnumpy() for name, parameter in unique_parameters(model).items()}
    state = official_state(own, model) if official else own
    write_state(Path(output), state, properties(record.description, Path(weights)))
    names = "PyTorch's names" if official else "our names"
    _log.info("%s: %s by %s, %s parameters", output, model.name, names, f"{count_parameters(model):,}")


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
    for name, value in _constants(model).items():
        given = left.pop(name, value)
        if given.shape != value.shape or np.abs(given - value).max() > _CONSTANT_TOLERANCE:
            faults.append(f"{name} is not the fixed table {list(value.shape)} that it must be")
    return faults


def _constants(model: Backbone) -> dict[str, np.ndarray]:
    """Return the tables among the official weights: those of the family, and of each circulant projection its index."""
    shapes = {name: parameter.shape for name, parameter in unique_parameters(model).items()}
    indices = {
        name.removesuffix(_GENERATORS) + ".index_matrix": dense_index((1, *shapes[entry.ours][1:])).astype(np.int64)
        for entry in model.foreign_tensors()
        for name in entry.theirs
        if name.endswith(_GENERATORS)
    }
    return {**indices, **model.foreign_constants()}


def _in_our_order(entry: ForeignTensor, parts: Sequence[np.ndarray]) -> np.ndarray:
    values = np.concatenate([part.reshape(-1) for part in parts])
    return values.reshape(entry.view).transpose(entry.order) if entry.view else values


def _in_their_order(entry: ForeignTensor, value: np.ndarray) -> np.ndarray:
    if not entry.view:
        return value
    return value.reshape([entry.view[axis] for axis in entry.order]).transpose(np.argsort(entry.order))


def _fault(name: str, value: np.ndarray | None, shape: tuple[int, ...]) -> str:
    if value is None:
        return f"missing {name}"
    return "" if value.shape == shape else f"{name} is {list(value.shape)} where the model has {list(shape)}"
