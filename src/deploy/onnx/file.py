# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""ONNX files: written of a network, and read by onnxruntime."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import ModuleType

import numpy as np

from src.checkpoint import metadata
from src.deploy.classifier import INPUT, OUTPUT, Classifier
from src.distributed import available_cores
from src.errors import UserError
from src.models.contract import Backbone


def require_onnx() -> ModuleType:
    """Return the package onnxruntime, which, with onnx, nothing else of the project needs.

    Raises:
        UserError: one of them is not installed.
    """
    try:
        import onnx  # noqa: F401 - the other modules of this folder import it when they are needed
        import onnxruntime
    except ImportError as error:
        raise UserError(f"ONNX needs the package {error.name}: pip install -r requirements-onnx.txt") from None
    return onnxruntime


def write_onnx(
    network: Backbone,
    properties: Mapping[str, str],
    path: Path,
    precision: str = "float32",
    raw: bool = False,
    calibration: Iterable[np.ndarray] = (),
) -> None:
    """Write ``network``, whose kernels are traced ones, to ``path``.

    Args:
        network: from ``checkpoint.adapt.portable``.
        properties: go into the metadata of the file.
        path: ending in .onnx.
        precision: float32; float16, with LayerNorm and softmax in float32; or int8, products in whole numbers.
        raw: the file takes pictures uint8 (B, H, W, 3), and normalises them itself.
        calibration: batches of the network's input, which the ranges of int8 are found with.
    """
    import onnx

    from src.deploy.onnx.model import to_model
    from src.deploy.onnx.precision import quantise, to_float16
    from src.deploy.onnx.simplify import simplify
    from src.deploy.onnx.trace import trace

    graph = simplify(trace(network, (3, *network.preprocessing.sides)))
    model = to_model(graph, properties, network.preprocessing if raw else None)
    if precision == "float16":
        model = to_float16(model)
    if precision == "int8":
        quantise(model, calibration, path)
    else:
        onnx.save(model, path)


def read_onnx(path: Path) -> Classifier:
    """Return the classifier in a file.

    Raises:
        UserError: not an ONNX file of this project, or onnxruntime is not installed.
    """
    runtime = require_onnx()
    options = runtime.SessionOptions()
    options.intra_op_num_threads = available_cores()
    try:
        session = runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's kinds of errors are not public
        raise UserError(f"{path}: not an ONNX file, or damaged ({' '.join(str(error).split())[:120]})") from None
    description = metadata.from_text(session.get_modelmeta().custom_metadata_map.get(metadata.KEY), str(path))

    def logits(images: np.ndarray) -> np.ndarray:
        return session.run([OUTPUT], {INPUT: images})[0]

    return Classifier(logits, description, raw=session.get_inputs()[0].type == "tensor(uint8)")
