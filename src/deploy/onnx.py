# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""ONNX, as MindSpore's exporter writes it: opset 11, a fixed batch."""

from pathlib import Path
from types import ModuleType

import mindspore as ms
import numpy as np
from mindspore import Tensor

from src.checkpoint.record import Description
from src.deploy import metadata
from src.distributed import available_cores
from src.errors import UserError
from src.models.contract import Backbone
from src.models.inference import Logits


def require_onnx() -> tuple[ModuleType, ModuleType]:
    """Return the packages onnx and onnxruntime, which nothing else of the project needs.

    Raises:
        UserError: one of them is not installed.
    """
    try:
        import onnx
        import onnxruntime
    except ImportError as error:
        raise UserError(f"ONNX needs the package {error.name}: pip install -r requirements-onnx.txt") from None
    return onnx, onnxruntime


def write_onnx(network: Backbone, description: Description, path: Path, batch_size: int) -> None:
    """Write ``network`` to ``path`` for images (batch_size, 3, H, W)."""
    onnx, _ = require_onnx()
    size = description.preprocessing.size
    images = Tensor(np.zeros((batch_size, 3, size, size), np.float32))
    ms.onnx.export(network, images, file_name=str(path), input_names=[metadata.INPUT], output_names=[metadata.OUTPUT])
    path.chmod(0o644)  # the framework leaves it read-only
    model = onnx.load(path)
    onnx.helper.set_model_props(model, {metadata.KEY: metadata.to_text(description)})
    onnx.checker.check_model(model)
    onnx.save(model, path)


def read_onnx(path: Path) -> tuple[Logits, Description]:
    """Return the classifier in a file, images (B, 3, H, W) of any B to logits (B, K), and its description.

    Raises:
        UserError: not an ONNX file of this project, or onnxruntime is not installed.
    """
    _, runtime = require_onnx()
    options = runtime.SessionOptions()
    options.intra_op_num_threads = available_cores()
    try:
        session = runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's kinds of errors are not public
        raise UserError(f"{path}: not an ONNX file, or damaged ({' '.join(str(error).split())[:120]})") from None
    description = metadata.from_text(session.get_modelmeta().custom_metadata_map.get(metadata.KEY), str(path))
    batch = session.get_inputs()[0].shape[0]

    def logits(images: np.ndarray) -> np.ndarray:
        chunks = [images[i : i + batch] for i in range(0, len(images), batch)]
        filled = [np.concatenate([c, np.zeros((batch - len(c), *c.shape[1:]), c.dtype)]) for c in chunks]
        outputs = [session.run([metadata.OUTPUT], {metadata.INPUT: chunk})[0] for chunk in filled]
        return np.concatenate(outputs)[: len(images)]

    return logits, description
