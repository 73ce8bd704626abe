# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Faster Cells in the place of portable ones, once a network is built; none of them holds a parameter."""

from collections.abc import Callable, Mapping
from typing import Literal

from mindspore import nn

from src import distributed
from src.errors import UserError
from src.layers.activation import BiasedGELU, NativeBiasedGELU, NativeGELU, OperatorGELU, PolynomialGELU
from src.layers.dense import BiasAdd, NativeBiasAdd
from src.layers.heads import MergeHeads, NativeMergeHeads, NativeSplitHeads, SplitHeads
from src.layers.norm import NativeNormalise, Normalise
from src.layers.rearrange import GatherSum, NativeGatherSum
from src.layers.shortcut.circulant import CirculantSum, choose_implementation
from src.layers.shortcut.native import native_sum
from src.layers.softmax import BiasedSoftmax, NativeBiasedSoftmax, NativeSoftmax
from src.ops.native.library import library

# auto: the fastest that the device has; portable: MindSpore's own operators in the forms that are fast on a CPU, as an
# exported file needs; traced: the same for a graph that is put into another format, where one operator for a whole
# function is wanted even if it is slow in MindSpore
Kernels = Literal["auto", "portable", "traced"]
Table = Mapping[type[nn.Cell], Callable[[nn.Cell], nn.Cell]]  # class of a portable Cell -> what takes its place

NATIVE: Table = {
    BiasAdd: NativeBiasAdd,
    BiasedGELU: NativeBiasedGELU,
    BiasedSoftmax: NativeBiasedSoftmax,
    CirculantSum: native_sum,
    GatherSum: NativeGatherSum,
    MergeHeads: NativeMergeHeads,
    Normalise: NativeNormalise,
    PolynomialGELU: NativeGELU,
    SplitHeads: NativeSplitHeads,
    nn.Softmax: NativeSoftmax,
}
# LayerNorm and softmax are one operator in their portable forms already
OPERATORS: Table = {PolynomialGELU: OperatorGELU}


def accelerate(network: nn.Cell, kernels: Kernels = "auto") -> nn.Cell:
    """Put the fastest Cells of the device into a network of portable ones, in place; parameters and names stay.

    Returns:
        The network, or what takes its place where it is itself a Cell of the table.

    Raises:
        UserError: ``shortcut.implementation=native`` where there is no native kernel.
    """
    table = _table(kernels)
    if any(cell.implementation == "auto" for cell in _sums(network)):
        choose_implementation(distributed.device_target(), CirculantSum in table)
    network = _replaced(network, table)
    if any(cell.implementation == "native" for cell in _sums(network)):
        raise UserError(
            "shortcut.implementation=native: needs a CPU, g++ from version 9 and kernels=auto; auto takes the next best"
        )
    return network


def _sums(network: nn.Cell) -> list[CirculantSum]:
    return [cell for _, cell in network.cells_and_names() if isinstance(cell, CirculantSum)]


def _table(kernels: Kernels) -> Table:
    if kernels == "portable":
        return {}
    if kernels == "traced":
        return OPERATORS
    return _DEVICES[distributed.device_target()]()


# a GPU has no operator for the whole GELU (MindSpore 2.10: "Unsupported op [GeluExt] on GPU")
_DEVICES: Mapping[str, Callable[[], Table]] = {
    "CPU": lambda: NATIVE if library() else {},
    "Ascend": lambda: OPERATORS,
    "GPU": dict,
}


def _replaced(cell: nn.Cell, table: Table) -> nn.Cell:
    """Return what takes the place of ``cell``: itself, with its parts replaced, where the table has nothing for it."""
    new = table[type(cell)](cell) if type(cell) in table else cell
    if new is not cell:
        return new
    for name, part in list(cell.name_cells().items()):
        new = _replaced(part, table)
        if new is not part:
            cell.insert_child_to_cell(name, new)
    return cell
