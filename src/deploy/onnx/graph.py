# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""An ONNX graph while it is built and simplified: nodes in the order of execution, and constants by name."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Shape = tuple[int, ...]  # of a tensor; -1 stands for the batch


@dataclass
class Node:
    """One operator of ONNX."""

    op: str
    inputs: list[str]
    outputs: list[str]
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass
class Graph:
    """Nodes between one input and one output, each of whose first dimension is the batch."""

    input: str
    output: str = ""
    nodes: list[Node] = field(default_factory=list)
    constants: dict[str, np.ndarray] = field(default_factory=dict)
    shapes: dict[str, Shape] = field(default_factory=dict)  # of what nodes put out
    numbers: Iterator[int] = field(default_factory=itertools.count)  # that fresh names end with

    def fresh(self, what: str) -> str:
        """Return a name that nothing has yet."""
        return f"{what}_{next(self.numbers)}"

    def constant(self, value: np.ndarray, name: str = "") -> str:
        """Add a constant and return its name; equal small ones are one."""
        for known, other in self.constants.items() if value.size <= _SMALL and not name else ():
            if other.dtype == value.dtype and other.shape == value.shape and (other == value).all():
                return known
        name = name or self.fresh("constant")
        self.constants[name] = value
        return name

    def integers(self, values: Sequence[int]) -> str:
        """Add a constant of 64-bit integers, as shapes and axes are, and return its name."""
        return self.constant(np.asarray(values, np.int64))

    def add(self, op: str, inputs: Sequence[str], shape: Shape | None = None, name: str = "", **attributes: Any) -> str:
        """Add a node with one output and return the name of that; ``shape`` is the output's, where it is known."""
        output = name or self.fresh(op.lower())
        self.nodes.append(Node(op, list(inputs), [output], attributes))
        if shape is not None:
            self.shapes[output] = shape
        return output

    def shape(self, name: str) -> Shape | None:
        """Return the shape of a constant or of what a node puts out; None where it is not known."""
        return self.constants[name].shape if name in self.constants else self.shapes.get(name)

    def producers(self) -> dict[str, Node]:
        """Return the node that puts out each tensor."""
        return {output: node for node in self.nodes for output in node.outputs}

    def consumers(self) -> dict[str, list[Node]]:
        """Return the nodes that take each tensor, once for each time they do; the output of the graph has none."""
        found: dict[str, list[Node]] = {}
        for node in self.nodes:
            for name in node.inputs:
                found.setdefault(name, []).append(node)
        return found

    def replace(self, old: str, new: str) -> None:
        """Let everything that takes ``old`` take ``new`` instead."""
        for node in self.nodes:
            node.inputs = [new if name == old else name for name in node.inputs]
        self.output = new if self.output == old else self.output


_SMALL = 64  # numbers in a constant that is looked for among the known ones
