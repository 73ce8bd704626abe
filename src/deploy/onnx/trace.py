# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""From a network to an ONNX graph, by way of the MINDIR that MindSpore traces of it.

MindSpore's own ONNX export stops at opset 11 and at batches of one size, and takes a LayerNorm apart into twelve nodes.
Its MINDIR is right: a flat list of operators with the shapes of what they put out, the batch open. Each operator is put
into ONNX by the table of ``operators.py``, so the network's ``construct`` stays the one source of what it computes.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path

import mindspore as ms
import numpy as np
from mindspore import Tensor, nn
from mindspore.train.mind_ir_pb2 import AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto
from onnx.helper import tensor_dtype_to_np_dtype  # MINDIR's numbers of types are those of ONNX

from src.deploy.onnx.graph import Graph, Shape
from src.deploy.onnx.operators import OPERATORS, Value


def trace(network: nn.Cell, shape: Shape) -> Graph:
    """Return the graph of a network on float32 images of ``shape`` (3, H, W), as it was traced.

    Raises:
        NotImplementedError: an operator that ``operators.py`` doesn't know.
    """
    images = Tensor(shape=[None, *shape], dtype=ms.float32)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.mindir"
        ms.export(network, images, file_name=str(path), file_format="MINDIR")
        model = ModelProto()
        model.ParseFromString(path.read_bytes())
    return translate(model.graph)


def translate(traced: GraphProto) -> Graph:
    """Return the ONNX graph of a graph of MINDIR."""
    (image,), (logits,) = traced.input, traced.output
    graph = Graph(image.name, shapes={image.name: tuple(image.tensor[0].dims)})
    values: dict[str, Value] = {image.name: image.name}
    for parameter in traced.parameter:
        values[parameter.name] = graph.constant(_array(parameter), parameter.name.rpartition(":")[2])
    for node in traced.node:
        attributes = {attribute.name: attribute for attribute in node.attribute}
        if node.op_type == "Constant":
            value = _value(attributes["value"])
            values[node.output[0]] = graph.constant(value) if isinstance(value, np.ndarray) else value
        else:
            inputs = [values[name] for name in node.input]
            values[node.output[0]] = _operator(node)(graph, inputs, _shape(attributes["shape"]))
    graph.output = values[logits.name]
    return graph


def _operator(node: NodeProto) -> Callable[..., Value]:
    name = node.op_type.split("::")[-1].partition(":")[0]  # REF::Add:28 is the 28th primitive, an Add
    if name not in OPERATORS:
        raise NotImplementedError(f"src/deploy/onnx/operators.py: no translation of MindSpore's {name}")
    return OPERATORS[name]


def _shape(attribute: AttributeProto) -> Shape | tuple[Shape, ...]:
    """Return the shape of a tensor, or those of several."""
    if attribute.type == AttributeProto.TUPLE:
        return tuple(_shape(value) for value in attribute.values)
    return tuple(attribute.tensors[0].dims) if attribute.tensors else ()


def _value(attribute: AttributeProto) -> Value | np.ndarray:
    """Return what a constant holds."""
    kind = AttributeProto.AttributeType.Name(attribute.type)
    if kind == "TUPLE":
        return tuple(_value(value) for value in attribute.values)
    if kind == "TENSORS":
        return _array(attribute.tensors[0])
    if kind.startswith("INT"):
        return attribute.ints[0] if attribute.ints else attribute.i
    return {"BOOL": bool(attribute.i), "FLOAT": attribute.f}.get(kind)  # the others order side effects, or are None


def _array(tensor: TensorProto) -> np.ndarray:
    return np.frombuffer(tensor.raw_data, tensor_dtype_to_np_dtype(tensor.data_type)).reshape(tuple(tensor.dims))
