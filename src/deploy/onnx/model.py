# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""From a graph to ONNX's own form of it, with names that a person finds their way by."""

from collections.abc import Mapping

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from src import __version__
from src.deploy.classifier import INPUT, OUTPUT
from src.deploy.onnx.graph import Graph, Node
from src.deploy.onnx.simplify import OPSET
from src.preprocessing import Preprocessing

_IR_VERSION = 10  # of ONNX 1.16, the first that has opset 21; runtimes of that age know opset 20
_BATCH = "batch"  # what the first dimension is called


def to_model(graph: Graph, properties: Mapping[str, str], raw: Preprocessing | None = None) -> onnx.ModelProto:
    """Return the model of a graph, checked.

    Its input is called ``image``, its output ``logits``, and a node after the module whose weights it uses.

    Args:
        graph: simplified; it is changed.
        properties: of the model's metadata.
        raw: the model takes pictures uint8 (B, H, W, 3) and normalises them so; None: it takes normalised ones.
    """
    kind, shape = TensorProto.FLOAT, graph.shapes[graph.input]
    if raw:
        kind, shape = TensorProto.UINT8, _normalise(graph, raw)
    _rename(graph, graph.input, INPUT)
    _rename(graph, graph.output, OUTPUT)
    image = helper.make_tensor_value_info(graph.input, kind, (_BATCH, *shape[1:]))
    outputs = graph.shapes[graph.output][1:]
    logits = helper.make_tensor_value_info(graph.output, TensorProto.FLOAT, (_BATCH, *outputs))
    nodes = [
        helper.make_node(node.op, node.inputs, node.outputs, name, **node.attributes)
        for node, name in zip(graph.nodes, _node_names(graph), strict=True)
    ]
    constants = [numpy_helper.from_array(np.asarray(value), name) for name, value in graph.constants.items()]
    proto = helper.make_graph(nodes, "network", [image], [logits], constants)
    model = helper.make_model(proto, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=_IR_VERSION)
    model.producer_name, model.producer_version = "augvit-mindspore", __version__
    helper.set_model_props(model, dict(properties))
    onnx.checker.check_model(model, full_check=True)
    return model


def _normalise(graph: Graph, preprocessing: Preprocessing) -> tuple[int, ...]:
    """Put before the graph what makes its input of pictures uint8 (B, H, W, 3), and return their shape."""
    images, pictures = graph.input, graph.fresh("pictures")
    batch, channels, height, width = graph.shapes[images]
    mean, std = (255 * np.asarray(values, np.float32) for values in (preprocessing.mean, preprocessing.std))
    names = [graph.fresh(word) for word in ("numbers", "centred", "scaled")]
    graph.nodes[:0] = [
        Node("Cast", [pictures], [names[0]], {"to": TensorProto.FLOAT}),
        Node("Sub", [names[0], graph.constant(mean)], [names[1]]),
        Node("Mul", [names[1], graph.constant(1 / std)], [names[2]]),
        Node("Transpose", [names[2]], [images], {"perm": (0, 3, 1, 2)}),
    ]
    graph.input = pictures
    graph.shapes[pictures] = (batch, height, width, channels)
    return graph.shapes[pictures]


def _rename(graph: Graph, old: str, new: str) -> None:
    """Give a tensor another name."""
    graph.shapes[new] = graph.shapes.pop(old)
    graph.input = new if graph.input == old else graph.input
    graph.replace(old, new)
    for node in graph.nodes:
        node.outputs = [new if name == old else name for name in node.outputs]


def _node_names(graph: Graph) -> list[str]:
    """Return a name for each node: the module whose parameters it uses, where there is one, its operator, a number."""
    names, seen = [], {}
    for node in graph.nodes:
        stem = "/".join(filter(None, (_module(graph, node), node.op)))
        seen[stem] = seen.get(stem, -1) + 1
        names.append(f"{stem}_{seen[stem]}" if seen[stem] else stem)
    return names


def _module(graph: Graph, node: Node) -> str:
    own = [name for name in node.inputs if name in graph.constants and not name.startswith("constant_")]
    return own[0].rpartition(".")[0] or own[0] if own else ""
