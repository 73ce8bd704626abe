# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Each rewriting leaves what a graph computes, and takes out what it is for."""

import numpy as np
import pytest

pytest.importorskip("onnx")

from src.deploy.onnx.graph import Graph
from src.deploy.onnx.simplify import (
    evaluate,
    fold_constants,
    remove_idle,
    remove_unused,
    sink_reshapes,
)

TOKENS = (-1, 3, 4)  # (B, N, C)


def run(graph, images):
    """Return the output of a graph, node by node."""
    values = {graph.input: images, **graph.constants}
    for node in graph.nodes:
        outputs = evaluate(node, [values[name] for name in node.inputs])
        values.update(zip(node.outputs, outputs, strict=True))
    return values[graph.output]


def operators(graph):
    return [node.op for node in graph.nodes]


def checked(graph, rewrite, rng):
    """Rewrite a graph, and see that it puts out what it did."""
    images = rng.standard_normal((2, *TOKENS[1:])).astype(np.float32)
    before = run(graph, images)
    rewrite(graph)
    np.testing.assert_allclose(run(graph, images), before, rtol=0, atol=1e-6)
    return graph


def begin():
    return Graph("x", shapes={"x": TOKENS})


def test_what_depends_on_constants_alone_is_computed(rng):
    graph = begin()
    table = graph.constant(rng.standard_normal((5, 4)).astype(np.float32), "table")
    rows = graph.add("Gather", [table, graph.integers([4, 0, 2])], (3, 4), axis=0)
    graph.output = graph.add("Add", ["x", graph.add("Exp", [rows], (3, 4))], TOKENS)
    assert operators(checked(graph, fold_constants, rng)) == ["Add"]


def test_what_changes_nothing_goes(rng):
    graph = begin()
    x = graph.add("Mul", ["x", graph.constant(np.float32(1))], TOKENS)
    x = graph.add("Transpose", [x], TOKENS, perm=(0, 1, 2))
    x = graph.add("Reshape", [x, graph.integers([-1, 4])], (-1, 4))
    x = graph.add("Reshape", [x, graph.integers(TOKENS)], TOKENS)
    graph.output = graph.add("Mul", [x, graph.constant(np.float32(2))], TOKENS)
    assert operators(checked(graph, remove_idle, rng)) == ["Mul"]


def affine(graph, x, rng, name, width=5):
    """Add a product of (..., 4) with a matrix, and a bias."""
    lead = graph.shape(x)[:-1]
    weight = graph.constant(rng.standard_normal((4, width)).astype(np.float32), f"{name}.weight")
    bias = graph.constant(rng.standard_normal(width).astype(np.float32), f"{name}.bias")
    return graph.add("Add", [graph.add("MatMul", [x, weight], (*lead, width)), bias], (*lead, width))


def test_products_work_on_tokens_without_reshapes(rng):
    graph = begin()
    flat = graph.add("Reshape", ["x", graph.integers([-1, 4])], (-1, 4))
    y = graph.add("Gelu", [affine(graph, flat, rng, "fc")], (-1, 5))
    graph.output = graph.add("Reshape", [y, graph.integers([-1, 3, 5])], (-1, 3, 5))
    assert operators(checked(graph, sink_reshapes, rng)) == ["MatMul", "Add", "Gelu"]


def test_a_product_over_another_axis_keeps_its_reshape(rng):
    graph = begin()
    turned = graph.add("Reshape", ["x", graph.integers([-1, 12])], (-1, 12))
    weight = graph.constant(rng.standard_normal((12, 2)).astype(np.float32), "weight")
    graph.output = graph.add("MatMul", [turned, weight], (-1, 2))
    assert operators(checked(graph, sink_reshapes, rng)) == ["Reshape", "MatMul"]


def test_what_nothing_needs_goes(rng):
    graph = begin()
    graph.add("Exp", [affine(graph, "x", rng, "fc")], (-1, 3, 5))
    graph.output = graph.add("Exp", ["x"], TOKENS)
    assert operators(checked(graph, remove_unused, rng)) == ["Exp"]
    assert graph.constants == {}
