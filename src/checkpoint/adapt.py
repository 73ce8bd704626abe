# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Put the weights of a record into a model: the same, with another head or resolution, or a portable one."""

from collections.abc import Mapping

import numpy as np
from mindspore import Parameter, Tensor

from src.checkpoint.record import EMA, TABLE, Record, load_record
from src.errors import UserError
from src.layers.accelerate import Kernels, accelerate
from src.layers.shortcut.circulant import CirculantShortcut
from src.layers.shortcut.exported import materialise
from src.models.contract import Backbone, unique_parameters
from src.models.registry import create_model, create_network
from src.networks.tables import set_tables, tables_of

_HEAD = "head."
_SILENT = 1e-3  # of a fresh projection that shall add nothing


def load_weights(model: Backbone, weights: Mapping[str, np.ndarray], origin: str) -> None:
    """Load ``weights`` into ``model``; each tensor and each parameter has to find its counterpart.

    Raises:
        UserError: missing or unexpected names, or other shapes, all of them listed.
    """
    load_tensors(unique_parameters(model), weights, f"{origin}: does not fit {model.name}")


def load_tensors(parameters: Mapping[str, Parameter], weights: Mapping[str, np.ndarray], complaint: str) -> None:
    """Load ``weights`` into the parameters of the same names.

    Raises:
        UserError: ``complaint``, and the missing or unexpected names and other shapes, all of them listed.
    """
    faults = [f"missing {name}" for name in parameters if name not in weights]
    faults += [f"unexpected {name}" for name in weights if name not in parameters]
    faults += [
        f"{name} is {list(weights[name].shape)} where the model has {list(parameter.shape)}"
        for name, parameter in parameters.items()
        if name in weights and weights[name].shape != parameter.shape
    ]
    if faults:
        raise UserError(f"{complaint}: {'; '.join(faults)}")
    for name, parameter in parameters.items():
        parameter.set_data(Tensor(weights[name], parameter.dtype))


def model_of(record: Record, origin: str) -> Backbone:
    """Return the model of a record, ready for evaluation.

    Its weights are the moving average where the record has one: that is what its score was measured with.
    ``origin`` is where the record comes from, for messages.
    """
    description = record.description
    preprocessing = {k: v for k, v in vars(description.preprocessing).items() if k != "size"}
    model = create_network(description.network, preprocessing)
    load_weights(model, scored_weights(model, record), origin)
    set_tables(model, record.part(TABLE), origin)
    model.set_train(False)
    return model


def network_tensors(model: Backbone) -> dict[str, np.ndarray]:
    """Return what a record holds of a network itself: its weights and its tables."""
    weights = {name: parameter.asnumpy() for name, parameter in unique_parameters(model).items()}
    return {**weights, **{TABLE + name: table for name, table in tables_of(model).items()}}


def scored_weights(model: Backbone, record: Record) -> dict[str, np.ndarray]:
    """Return the weights that a record's score belongs to: their moving average where it has one, else themselves.

    What is not trained, such as random features, has no average.
    """
    average, weights = record.part(EMA), record.weights
    if not average:
        return weights
    fixed = {p.name for p in model.get_parameters() if not p.requires_grad}
    return {**{name: value for name, value in weights.items() if name in fixed}, **average}


def load_model(path: str) -> tuple[Backbone, Record]:
    """Return the model of a checkpoint file, ready for evaluation, and its record."""
    record = load_record(path)
    return model_of(record, str(path)), record


def start_from(model: Backbone, record: Record, origin: str, new_head: bool, new_paths: bool = False) -> None:
    """Load the weights of a record into ``model`` as a start for training, its positions resized to the model's grid.

    Args:
        model: of the record's family; its image size may differ from the record's.
        record: from ``load_record``.
        origin: where it comes from, for messages.
        new_head: leave the model's own, random head as it is.
        new_paths: the record has no augmented paths, and the model's shall change nothing at the start.

    Raises:
        UserError: the weights do not fit, or new paths would change what the network computes.
    """
    weights = scored_weights(model, record)
    own = {name: p.asnumpy() for name, p in unique_parameters(model).items()}
    if new_head:
        weights = {name: value for name, value in weights.items() if not name.startswith(_HEAD)}
        weights |= {name: value for name, value in own.items() if name.startswith(_HEAD)}
    if new_paths:
        weights |= _silent_paths(model, own)
    image_size, preprocessing = model.settings.image_size, model.preprocessing
    size = record.description.settings["image_size"]
    model.set_size(size if isinstance(size, int) else tuple(size))
    load_weights(model, weights, origin)
    set_tables(model, record.part(TABLE), origin)
    model.set_size(image_size)
    model.preprocessing = preprocessing  # its own, that there and back may have rounded


def _silent_paths(model: Backbone, own: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the parameters of augmented paths that add nothing: small projections, no biases, in pairs of either sign.

    GELU(a) + GELU(-a) is 0.8 a^2, below float32's resolution of the sum at a = 1e-3 of a fresh projection. All zero
    would do as well for the sum, but paths that start alike have the same gradients, and stay alike.
    """
    shortcut = model.settings.shortcut
    if shortcut.effective_scale != 1.0 or shortcut.form == "act":
        raise UserError(
            f"train.new_paths=true: needs model.shortcut.scale=1 and a form with a projection, not "
            f"scale={shortcut.effective_scale:g} and form={shortcut.form}, which change what the network computes"
        )
    signs = np.zeros(shortcut.paths)
    signs[: shortcut.paths // 2 * 2] = np.resize((_SILENT, -_SILENT), shortcut.paths // 2 * 2)
    silent = {}
    for name, value in own.items():
        if "_shortcut." not in name:
            continue
        first = value.reshape(shortcut.paths, -1)[0]  # of the first path
        silent[name] = np.zeros_like(value)
        if not name.endswith("bias"):
            silent[name] = (signs[:, None] * first).astype(value.dtype).reshape(value.shape)
    return silent


def portable(model: Backbone, kernels: Kernels = "portable") -> Backbone:
    """Return a model of the same outputs for export: one that was not accelerated, with matrices for circulant blocks.

    A native kernel is not there where the file goes, a gather is paid at every call, an FFT few runtimes know.
    ``kernels`` are portable or traced ones.
    """
    settings = model.settings
    shortcut = {**vars(settings.shortcut), "implementation": "fft"}  # its parameters are all that is taken
    twin = create_model(model.name, **{**vars(settings), "shortcut": shortcut, "kernels": kernels})
    twin.preprocessing = model.preprocessing
    load_weights(twin, {name: p.asnumpy() for name, p in unique_parameters(model).items()}, model.name)
    for _, cell in list(twin.cells_and_names()):
        for name, part in list(cell.name_cells().items()):
            if isinstance(part, CirculantShortcut):
                setattr(cell, name, materialise(part, settings.shortcut))
    twin.update_parameters_name()
    accelerate(twin, kernels)
    twin.set_train(False)
    return twin
