# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""ONNX models in less than float32, made by onnxruntime's own tools."""

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import onnx
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from onnxruntime.transformers.float16 import DEFAULT_OP_BLOCK_LIST, convert_float_to_float16

from src.deploy.classifier import INPUT

_FLOAT32 = ("LayerNormalization", "Softmax")  # lose what they are for in half precision


def to_float16(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return a model in half precision, but for its norms and softmax, its input and its output."""
    return convert_float_to_float16(model, keep_io_types=True, op_block_list=[*DEFAULT_OP_BLOCK_LIST, *_FLOAT32])


def quantise(model: onnx.ModelProto, calibration: Iterable[np.ndarray], path: Path) -> None:
    """Write a model to ``path`` whose products with weights are in whole numbers of 8 bits.

    Weights have a scale a column; inputs of the products one, found with the batches of ``calibration``.
    """
    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared.onnx"
        # shapes alone: its optimisations put operators in that only onnxruntime has
        quant_pre_process(model, prepared, skip_optimization=True, skip_symbolic_shape=True)
        quantize_static(
            prepared,
            path,
            _Batches(calibration),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["MatMul"],
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            extra_options={"MatMulConstBOnly": True},
        )


class _Batches(CalibrationDataReader):
    def __init__(self, batches: Iterable[np.ndarray]) -> None:
        self._batches: Iterator[np.ndarray] = iter(batches)

    def get_next(self) -> dict[str, np.ndarray] | None:
        """Return the next batch by the name of the input; the name and the None at the end are onnxruntime's."""
        batch = next(self._batches, None)
        return None if batch is None else {INPUT: batch}
