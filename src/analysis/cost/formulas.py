# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""What each kind of Cell costs, by its class; a new layer that multiplies is registered here.

Counted are dense products, the patches' convolutions and both products of attention. Norms, activations, softmax,
biases, sums and rearrangements count nothing, as in the papers of the models.
"""

import functools
from collections.abc import Callable

from mindspore import nn

from src.analysis.cost import circulant
from src.analysis.cost.macs import Cost, Macs
from src.layers.attention import Attention
from src.layers.reduction_attention import PatchReduction, ReductionAttention
from src.layers.shortcut.circulant import CirculantShortcut, FourierProduct
from src.layers.shortcut.native import NativeCirculantSum
from src.layers.window_attention import WindowAttention
from src.models.tokens_to_token import TokenPerformer, TokensToToken, TokenTransformer

Costs = dict[str, Cost]  # by the name of the module within the Cell; "" is the Cell itself


@functools.singledispatch
def costs(cell: nn.Cell) -> Costs:
    """Return what the modules of a Cell cost; a class that is not registered costs what its parts do.

    In attention, ``qk`` and ``av`` are the products of queries with keys and of the weights with the values.

    Raises:
        TypeError: an unregistered Cell without parts holds a matrix, so it multiplies in a way unknown here.
    """
    parts = cell.name_cells()
    own = list(cell.get_parameters(expand=False))
    if not parts and any(parameter.ndim > 1 for parameter in own):
        raise TypeError(f"{type(cell).__name__}: no formula for its multiply-accumulates")
    return _join(**{name: costs(part) for name, part in parts.items()})


@functools.singledispatch
def attended(attn: nn.Cell, count: int) -> int:
    """Return how many tokens each of ``count`` = N tokens attends to, by the kind of attention.

    Raises:
        TypeError: an attention of a kind unknown here.
    """
    raise TypeError(f"{type(attn).__name__}: no formula for this kind of attention")


@costs.register
def _(cell: nn.Dense) -> Costs:
    return {"": Cost.same(per_token=cell.in_channels * cell.out_channels)}


@costs.register
def _(cell: nn.LayerNorm) -> Costs:
    return {}


@costs.register
def _(cell: Attention) -> Costs:
    square = cell.proj.in_channels**2
    return {"qkv": Cost.same(per_token=square, per_key=2 * square), **_attention(cell.proj)}


@attended.register
def _(attn: Attention, count: int) -> int:
    return count


@costs.register
def _(cell: ReductionAttention) -> Costs:
    square = cell.proj.in_channels**2
    found = {"q": Cost.same(per_token=square), "kv": Cost.same(per_key=2 * square), **_attention(cell.proj)}
    if isinstance(cell.reduce, PatchReduction):
        found["reduce.patches.proj"] = Cost.same(per_key=_reduction(cell) ** 2 * square)
    return found


@attended.register
def _(attn: ReductionAttention, count: int) -> int:
    return count // _reduction(attn) ** 2


def _reduction(attn: ReductionAttention) -> int:
    return attn.reduce.patches.merge.size if isinstance(attn.reduce, PatchReduction) else 1


@costs.register
def _(cell: WindowAttention) -> Costs:
    return {"qkv": Cost.same(per_token=3 * cell.proj.in_channels**2), **_attention(cell.proj)}


@attended.register
def _(attn: WindowAttention, count: int) -> int:
    return attn.window**2


def _attention(proj: nn.Dense) -> Costs:
    """Return the costs that all kinds of attention over C channels have."""
    product = Cost.same(per_pair=proj.in_channels)
    return {"qk": product, "av": product, **_join(proj=costs(proj))}


@costs.register
def _(cell: CirculantShortcut) -> Costs:
    shape = cell.project.weight.shape
    paper, executed = circulant.paper_macs(shape), _executed(cell.sum)(shape)
    return {"project": Cost(Macs(per_token=paper), Macs(per_token=executed))}


def _executed(total: nn.Cell) -> Callable[[circulant.Shape], float]:
    """Return the count of what computes the sum of a circulant shortcut."""
    if isinstance(total, NativeCirculantSum):
        return circulant.native_macs
    return circulant.fft_macs if isinstance(total.product, FourierProduct) else circulant.dense_macs


@costs.register
def _(cell: TokenPerformer) -> Costs:
    features, dim = cell.random_features.shape
    return {
        **_join(kqv=costs(cell.kqv)),
        "features": Cost.same(per_token=2 * features * dim),  # phi of queries and of keys
        "attend": Cost.same(per_token=(2 * dim + 1) * features),  # keys with values, queries with both sums
        **_join(proj=costs(cell.proj), mlp=costs(cell.mlp)),
    }


@costs.register
def _(cell: TokenTransformer) -> Costs:
    return {**_join(qkv=costs(cell.qkv)), **_attention(cell.proj), **_join(mlp=costs(cell.mlp))}


@costs.register
def _(cell: TokensToToken) -> Costs:
    parts = (cell.attention1, cell.attention2, cell.project)
    counts = [unfold.grid[0] * unfold.grid[1] for unfold in cell.unfolds]
    first, second, project = (_at(costs(part), count) for part, count in zip(parts, counts, strict=True))
    return _join(attention1=first, attention2=second, project=project)


def _at(found: Costs, count: int) -> Costs:
    """Return the costs for ``count`` tokens that all attend to each other."""
    return {name: cost.fixed_at(count, count) for name, cost in found.items()}


def _join(**parts: Costs) -> Costs:
    """Return the costs of the parts under the names that they have in the whole."""
    return {f"{part}.{name}".rstrip("."): cost for part, found in parts.items() for name, cost in found.items()}
