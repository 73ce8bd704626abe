# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Rewritings of a traced graph that leave what it computes and take out what costs time or says nothing."""

import numpy as np
from onnx import helper
from onnx.reference import ReferenceEvaluator

from src.deploy.onnx.graph import Graph, Node

OPSET = 20  # the first with Gelu


def simplify(graph: Graph) -> Graph:
    """Simplify ``graph`` in place, and return it."""
    for rewrite in (fold_constants, remove_idle, sink_reshapes, remove_unused):
        rewrite(graph)
    return graph


def fold_constants(graph: Graph) -> None:
    """Compute what depends on constants alone, by the evaluator of the package onnx.

    A parameter that is used in no other way keeps its name: a matrix that is transposed is still that layer's.
    """
    consumers, left = graph.consumers(), []
    for node in graph.nodes:
        if not node.inputs or any(name not in graph.constants for name in node.inputs):
            left.append(node)
            continue
        values = evaluate(node, [graph.constants[name] for name in node.inputs])
        graph.constants.update(zip(node.outputs, values, strict=True))
        (own, *others), output = node.inputs, node.outputs[0]
        if not others and consumers[own] == [node]:
            graph.constants[own] = graph.constants.pop(output)
            graph.replace(output, own)
            consumers[own] = consumers.pop(output, [])
    graph.nodes = left


def evaluate(node: Node, inputs: list[np.ndarray]) -> list[np.ndarray]:
    """Return what a node puts out."""
    types = [helper.np_dtype_to_tensor_dtype(value.dtype) for value in inputs]
    graph = helper.make_graph(
        [helper.make_node(node.op, node.inputs, node.outputs, **node.attributes)],
        "one",
        [
            helper.make_tensor_value_info(name, kind, value.shape)
            for name, kind, value in zip(node.inputs, types, inputs, strict=True)
        ],
        [helper.make_value_info(name, helper.make_tensor_type_proto(types[0], None)) for name in node.outputs],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)])
    return ReferenceEvaluator(model).run(None, dict(zip(node.inputs, inputs, strict=True)))


def remove_idle(graph: Graph) -> None:
    """Take out products with one, reshapes and transposes that change nothing, and reshapes of reshapes."""
    producers = graph.producers()
    for node in list(graph.nodes):
        if node.op == "Reshape" and (before := producers.get(node.inputs[0])) and before.op == "Reshape":
            node.inputs[0] = before.inputs[0]
        if _is_idle(graph, node):
            graph.replace(node.outputs[0], node.inputs[0])
            graph.nodes.remove(node)
    remove_unused(graph)


def _is_idle(graph: Graph, node: Node) -> bool:
    if node.op == "Mul":
        factor = graph.constants.get(node.inputs[1])
        return factor is not None and factor.ndim == 0 and factor == 1
    if node.op == "Transpose":
        return tuple(node.attributes["perm"]) == tuple(range(len(node.attributes["perm"])))
    return node.op == "Reshape" and graph.shape(node.inputs[0]) == graph.shape(node.outputs[0])


_BY_TOKEN = {"Gelu", "Sigmoid", "Exp"}  # of each number for itself


def sink_reshapes(graph: Graph) -> None:
    """Let products, biases and activations work on (B, N, C): a reshape to (B N, C) before them goes behind them.

    There it mostly meets the one that takes it back.
    """
    while _sink_once(graph):
        remove_idle(graph)


def _sink_once(graph: Graph) -> bool:
    producers = graph.producers()
    for index, node in enumerate(graph.nodes):
        reshape = producers.get(node.inputs[0]) if node.inputs else None
        if reshape is None or reshape.op != "Reshape" or not _flattens(graph, reshape) or not _by_token(graph, node):
            continue
        before, flat = graph.shape(reshape.inputs[0]), node.outputs[0]
        deep = f"{flat}_tokens"
        node.inputs[0], node.outputs[0] = reshape.inputs[0], deep
        after = graph.shape(flat)
        graph.shapes[deep] = (*before[:-1], after[-1])
        graph.nodes.insert(index + 1, Node("Reshape", [deep, graph.integers(after)], [flat]))
        return True
    return False


def _flattens(graph: Graph, reshape: Node) -> bool:
    """Say whether a reshape is from (..., N, C) to (-1, C)."""
    before, after = graph.shape(reshape.inputs[0]), graph.shape(reshape.outputs[0])
    return len(after) == 2 and len(before) > 2 and before[-1] == after[-1] and after[0] == -1


def _by_token(graph: Graph, node: Node) -> bool:
    """Say whether a node does the same to each row of its first input."""
    if node.op in _BY_TOKEN:
        return True
    other = graph.constants.get(node.inputs[1]) if len(node.inputs) == 2 else None
    if other is None:
        return False
    return (node.op == "MatMul" and other.ndim == 2) or (node.op in ("Add", "Mul") and other.ndim < 2)


def remove_unused(graph: Graph) -> None:
    """Take out nodes and constants that nothing depends on."""
    needed, kept = {graph.output}, []
    for node in reversed(graph.nodes):
        if needed.intersection(node.outputs):
            needed.update(node.inputs)
            kept.append(node)
    graph.nodes = kept[::-1]
    graph.constants = {name: value for name, value in graph.constants.items() if name in needed}
