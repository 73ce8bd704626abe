# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Parameters and multiply-accumulates (MACs) of a backbone, module by module and in total.

The papers call MACs FLOPs. They are counted twice: as Aug-ViT's tables do, and as the implementation at hand executes
them. The two differ in block-circulant projections (``circulant.py``).
"""

import re
from collections.abc import Sequence
from typing import Any

from mindspore import nn
from mindspore.nn.utils import no_init_parameters

from src.analysis.cost.formulas import attended, costs
from src.analysis.cost.macs import BlockTokens, Cost
from src.analysis.cost.report import Complexity, Row
from src.layers.block import Block
from src.layers.shortcut.circulant import CirculantShortcut, CirculantSum, FourierProduct
from src.models.contract import Backbone, unique_parameters
from src.models.registry import create_model

# parameters that belong to the row of their layer; all others, such as positions, have rows of their own
_OF_LAYERS = re.compile(r"(^|\.)(weight|bias|gamma|beta)$")
_KINDS = {"attn": "attention", "mlp": "MLP", "norm1": "norms", "norm2": "norms"}  # of the parts of a block
_SHORTCUTS = "augmented shortcuts"  # the other parts; a plain shortcut costs nothing


def build_to_count(name: str, **settings: Any) -> Backbone:
    """Return a model whose parameters have shapes and no values: in a fraction of a second, good for counting alone.

    Arguments and errors are those of ``create_model``.
    """
    with no_init_parameters():
        return create_model(name, **settings)


def measure(model: Backbone, tokens: Sequence[BlockTokens] | None = None) -> Complexity:
    """Return what a network costs for one picture of the size that it is built for.

    Args:
        model: any backbone.
        tokens: those of each block, where some are dropped or pooled; None: ``tokens_of_blocks(model)``.

    Raises:
        ValueError: ``tokens`` are not as many as the blocks.
        TypeError: a layer or an attention that ``formulas.py`` has no formula for.
    """
    given = tokens_of_blocks(model) if tokens is None else tokens
    seen = tuple(_resolved(block, one) for block, one in zip(model.blocks, given, strict=True))
    rows, of_blocks = _own_rows(model), iter(seen)
    for part in model.parts():
        if isinstance(part.cell, Block):
            rows += _within(cost_of_block(part.cell, next(of_blocks)), part.name, part.group)
        else:
            rows += _rows(part.cell, part.name, part.group, BlockTokens(part.tokens, part.tokens))
    circulant, fixed = _circulant(model), _fixed_parameters(model)
    return Complexity(model.name, model.settings, circulant, seen, tuple(rows), fixed)


def cost_of_block(block: nn.Cell, tokens: BlockTokens) -> tuple[Row, ...]:
    """Return what the modules of a block cost that ``models.blocks.build_block`` built, whatever its attention.

    The group of a row is the kind of its module: attention, MLP, norms or augmented shortcuts.

    Raises:
        TypeError: a layer or an attention that ``formulas.py`` has no formula for.
    """
    tokens = _resolved(block, tokens)
    parts = block.name_cells().items()
    return tuple(row for name, cell in parts for row in _rows(cell, name, _KINDS.get(name, _SHORTCUTS), tokens))


def tokens_of_blocks(model: Backbone) -> tuple[BlockTokens, ...]:
    """Return the tokens of each block when none are dropped: those of its stage."""
    return tuple(BlockTokens(model.stage_of(index).count) for index in range(len(model.blocks)))


def _resolved(block: nn.Cell, tokens: BlockTokens) -> BlockTokens:
    """Return the tokens with the number of those attended to."""
    if tokens.attended is not None:
        return tokens
    return BlockTokens(tokens.count, attended(block.attn, tokens.count))


def _within(rows: Sequence[Row], name: str, group: str) -> list[Row]:
    """Return the rows of a block with the names and the groups that they have in the network."""
    return [Row(f"{name}.{row.name}", row.parameters, row.paper, row.executed, f"{group}: {row.group}") for row in rows]


def _own_rows(model: Backbone) -> list[Row]:
    """Return the rows of parameters that no part of the network holds, such as the class token."""
    own = [(name, parameter) for name, parameter in model.parameters_and_names() if "." not in name]
    return [Row(name, parameter.size, 0.0, 0.0, "embedding") for name, parameter in own if parameter.requires_grad]


def _rows(cell: nn.Cell, name: str, group: str, tokens: BlockTokens) -> list[Row]:
    """Return the rows of a Cell that stands under ``name``: all modules within it that learn or multiply."""
    sizes, found = _sizes(cell), costs(cell)
    rows = []
    for path in dict.fromkeys([*found, *sizes]):
        cost = found.get(path, Cost.same())
        paper, executed = (macs.of(tokens.count, tokens.attended or 0) for macs in (cost.paper, cost.executed))
        rows.append(Row(f"{name}.{path}".rstrip("."), sizes.get(path, 0), paper, executed, group))
    return rows


def _sizes(cell: nn.Cell) -> dict[str, int]:
    """Return how many numbers each module within a Cell learns."""
    sizes: dict[str, int] = {}
    for path, parameter in cell.parameters_and_names():
        if parameter.requires_grad:
            owner = _OF_LAYERS.sub("", path)
            sizes[owner] = sizes.get(owner, 0) + parameter.size
    return sizes


def _circulant(model: Backbone) -> str:
    """Return the implementation of the block-circulant products: native, fft or dense; "" where there are none."""
    sums = [cell.sum for _, cell in model.cells_and_names() if isinstance(cell, CirculantShortcut)]
    if not sums:
        return ""
    if not isinstance(sums[0], CirculantSum):
        return "native"
    return "fft" if isinstance(sums[0].product, FourierProduct) else "dense"


def _fixed_parameters(model: Backbone) -> int:
    """Return how many numbers the official code keeps without learning them: random features, fixed positions."""
    fixed = sum(parameter.size for parameter in unique_parameters(model).values() if not parameter.requires_grad)
    positions = model.foreign_constants().get("pos_embed")
    return fixed + (0 if positions is None else positions.size)
