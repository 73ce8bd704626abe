# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""What each of MindSpore's operators is in ONNX; one that a new layer brings is registered here.

An operator gets the values of its inputs: names of tensors, and Python's numbers and tuples where they are known when
the network is traced. It adds nodes and returns its own value, a tuple for several outputs.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from src.deploy.onnx.graph import Graph, Shape


@dataclass(frozen=True)
class Dimension:
    """A length that only the running graph knows: that of ``axis`` of ``tensor``."""

    tensor: str
    axis: int


Value = Any  # str, the name of a tensor; int, float, bool, None; Dimension; tuple of these
Operator = Callable[[Graph, Sequence[Value], Shape], Value]  # graph, inputs, shape of the output -> output
OPERATORS: dict[str, Operator] = {}


def _register(*names: str) -> Callable[[Operator], Operator]:
    def register(operator: Operator) -> Operator:
        OPERATORS.update(dict.fromkeys(names, operator))
        return operator

    return register


def _elementwise(op: str) -> Operator:
    """Return the operator ``op`` on tensors and numbers."""

    def operator(graph: Graph, inputs: Sequence[Value], shape: Shape) -> Value:
        tensors = [name if isinstance(name, str) else graph.constant(np.float32(name)) for name in inputs]
        return graph.add(op, tensors, shape)

    return operator


OPERATORS |= {name: _elementwise(name) for name in ("Add", "Sub", "Mul", "Div", "Exp", "Sigmoid")}
OPERATORS |= {f"{name}s": _elementwise(name) for name in ("Add", "Sub", "Mul", "Div")}  # of a tensor and a number


@_register("Load", "Depend")
def _first(graph: Graph, inputs: Sequence[Value], shape: Shape) -> Value:
    return inputs[0]  # the others order side effects, of which inference has none


@_register("UpdateState")
def _nothing(graph: Graph, inputs: Sequence[Value], shape: Shape) -> Value:
    return None


@_register("MakeTuple")
def _tuple(graph: Graph, inputs: Sequence[Value], shape: Shape) -> Value:
    return tuple(inputs)


@_register("TupleGetItem")
def _item(graph: Graph, inputs: Sequence[Value], shape: Shape) -> Value:
    return inputs[0][inputs[1]]


@_register("Shape")
def _shape(graph: Graph, inputs: Sequence[Value], shape: Shape) -> Value:
    lengths = enumerate(graph.shape(inputs[0]))
    return tuple(Dimension(inputs[0], axis) if length < 0 else length for axis, length in lengths)


@_register("BiasAdd")
def _bias_add(graph: Graph, inputs: Sequence[Value], shape: Shape) -> Value:
    return graph.add("Add", inputs[:2], shape)  # tokens (..., C) and a bias (C,)


@_register("MatMul", "BatchMatMul", "MatMulExt")
def _product(graph: Graph, inputs: Sequence[Value], shape: Shape) -> Value:
    pair = [
        _transposed(graph, name) if turned else name
        for name, turned in zip(inputs[:2], inputs[2:4] or (False, False), strict=True)
    ]
    return graph.add("MatMul", pair, shape)


def _transposed(graph: Graph, name: str) -> str:
    """Return a tensor with its last two dimensions exchanged."""
    shape = graph.shape(name)
    order = (*range(len(shape) - 2), len(shape) - 1, len(shape) - 2)
    return graph.add("Transpose", [name], tuple(shape[i] for i in order), perm=order)


@_register("Reshape")
def _reshape(graph: Graph, inputs: Sequence[Value], shape: Shape) -> Value:
    return graph.add("Reshape", [inputs[0], shape_tensor(graph, inputs[1])], shape)


@_register("BroadcastTo")
def _broadcast(graph: Graph, inputs: Sequence[Value], shape: Shape) -> Value:
    wanted = [1 if length == -1 else length for length in inputs[1]]  # -1 keeps the length, as 1 does in ONNX
    return graph.add("Expand", [inputs[0], shape_tensor(graph, wanted)], shape)


@_register("Zeros")
def _zeros(graph: Graph, inputs: Sequence[Value], shape: Shape) -> Value:
    return graph.add("Expand", [graph.constant(np.float32(0)), shape_tensor(graph, inputs[0])], shape)


def shape_tensor(graph: Graph, lengths: Sequence[int | Dimension]) -> str:
    """Return the tensor of the lengths of a shape, which are read where the running graph alone knows them."""
    parts = []
    for length in lengths:
        if isinstance(length, Dimension):
            parts.append(graph.add("Shape", [length.tensor], (1,), start=length.axis, end=length.axis + 1))
        else:
            parts.append(graph.integers([length]))
    if any(isinstance(length, Dimension) for length in lengths):
        return graph.add("Concat", parts, (len(parts),), axis=0)
    return graph.integers(lengths)


@_register("GeluExt")
def _gelu(graph: Graph, inputs: Sequence[Value], shape: Shape) -> Value:
    tensor, approximation = inputs
    return graph.add("Gelu", [tensor], shape, approximate="tanh" if approximation else "none")


@_register("Transpose")
def _transpose(graph: Graph, inputs: Sequence[Value], shape: Shape) -> Value:
    return graph.add("Transpose", inputs[:1], shape, perm=inputs[1])


@_register("Softmax")
def _softmax(graph: Graph, inputs: Sequence[Value], shape: Shape) -> Value:
    (axis,) = inputs[1]
    return graph.add("Softmax", inputs[:1], shape, axis=axis)


@_register("LayerNorm")
def _layer_norm(graph: Graph, inputs: Sequence[Value], shape: Shape) -> Value:
    *tensors, axis, _, epsilon = inputs  # the axis is given twice, for the mean and for the scale
    return (graph.add("LayerNormalization", tensors, shape[0], axis=axis, epsilon=epsilon),)


@_register("Split")
def _split(graph: Graph, inputs: Sequence[Value], shape: Shape) -> Value:
    tensor, axis, count = inputs
    first = graph.add("Split", [tensor], shape[0], axis=axis, num_outputs=count)
    outputs = [f"{first}_{i}" for i in range(count)]
    graph.nodes[-1].outputs = outputs
    graph.shapes.update(zip(outputs, shape, strict=True))
    return tuple(outputs)


@_register("Concat")
def _concat(graph: Graph, inputs: Sequence[Value], shape: Shape) -> Value:
    return graph.add("Concat", inputs[0], shape, axis=inputs[1])


@_register("Gather")
def _gather(graph: Graph, inputs: Sequence[Value], shape: Shape) -> Value:
    tensor, indices, axis = inputs[:3]
    return graph.add("Gather", [tensor, indices], shape, axis=axis)


@_register("SumExt")
def _sum(graph: Graph, inputs: Sequence[Value], shape: Shape) -> Value:
    tensor, axes, keep = inputs[:3]
    return graph.add("ReduceSum", [tensor, graph.integers(axes)], shape, keepdims=int(keep))


@_register("ReduceMean")
def _mean(graph: Graph, inputs: Sequence[Value], shape: Shape) -> Value:
    tensor, axes, keep = inputs[:3]
    return graph.add("ReduceMean", [tensor, graph.integers(axes)], shape, keepdims=int(keep))


@_register("Slice")
def _slice(graph: Graph, inputs: Sequence[Value], shape: Shape) -> Value:
    tensor, begin, sizes = inputs
    lengths = graph.shape(tensor)
    end = [size if low == 0 else low + size for low, size in zip(begin, sizes, strict=True)]
    end = [length if size == -1 else high for length, size, high in zip(lengths, sizes, end, strict=True)]
    return _cut(graph, tensor, begin, end)


@_register("StridedSlice")
def _strided_slice(graph: Graph, inputs: Sequence[Value], shape: Shape) -> Value:
    tensor, begin, end, strides, begin_mask, end_mask, *others = inputs
    if any(others[:2]) or any(stride != 1 for stride in strides):
        raise NotImplementedError("StridedSlice with an ellipsis, a new axis or strides")
    lengths = graph.shape(tensor)
    begin = [0 if begin_mask >> axis & 1 else low for axis, low in enumerate(begin)]
    end = [lengths[axis] if end_mask >> axis & 1 else high for axis, high in enumerate(end)]
    tensor = _cut(graph, tensor, begin, end)
    single = [axis for axis in range(len(begin)) if others[2] >> axis & 1]
    return graph.add("Squeeze", [tensor, graph.integers(single)], shape) if single else tensor


def _cut(graph: Graph, tensor: str, begin: Sequence[int], end: Sequence[int | Dimension]) -> str:
    """Return what lies from ``begin`` to ``end`` on each axis, which is kept whole where it ends with its length."""
    lengths = graph.shape(tensor)
    cut = []
    for axis, (low, high) in enumerate(zip(begin, end, strict=True)):
        if low != 0 or high not in (lengths[axis], Dimension(tensor, axis)):
            cut.append((axis, low, high))
    if not cut:
        return tensor
    axes, lows, highs = zip(*cut, strict=True)
    kept = {axis: high - low for axis, low, high in cut}
    part = tuple(kept.get(axis, length) for axis, length in enumerate(lengths))
    return graph.add("Slice", [tensor, *map(graph.integers, (lows, highs, axes))], part)
