# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The dense products of a transformer by oneDNN, which MindSpore calls on a CPU, and by MKL, which PyTorch calls.

    PYTHON_WITH_TORCH benchmarks/products.py [--tokens 1576] [--channels 384] [--rounds 41]

Most of a network's time is in these products, and neither framework writes them itself: so this says how much of the
difference between two frameworks is the library's. PyTorch has both libraries, so both take turns in one process, with
the same threads and arrays; MindSpore is not asked. Each turn takes other arrays, as each block of a network does.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # a door in a folder of its own still finds src

import torch
from torch import Tensor

from benchmarks.options import positive
from benchmarks.turns import Times, in_turn, machine, timed
from src.analysis.tables import Table
from src.errors import UserError, run_door

BLOCKS = 12  # of a network, each with arrays of its own
# what a block multiplies tokens with: channels in and out, over the channels of a token
PRODUCTS = {"queries, keys, values": (1, 3), "projection": (1, 1), "MLP, in": (1, 4), "MLP, out": (4, 1)}


def mkl(x: Tensor, weight: Tensor) -> Tensor:
    """Return x W^T (M, N) of ``x`` (M, K) and ``weight`` (N, K) by MKL."""
    return x @ weight.T


def onednn(x: Tensor, weight: Tensor) -> Tensor:
    """Return the same by oneDNN."""
    return torch.ops.mkldnn._linear_pointwise(x, weight, None, "none", [], "")


LIBRARIES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {"oneDNN": onednn, "MKL": mkl}


def operands(tokens: int, channels_in: int, channels_out: int) -> list[tuple[Tensor, Tensor]]:
    """Return random tokens and weights for each block."""
    return [(torch.randn(tokens, channels_in), torch.randn(channels_out, channels_in)) for _ in range(BLOCKS)]


def measure(tokens: int, channels: int, rounds: int) -> Iterator[tuple[str, dict[str, Times]]]:
    """Yield each product with the times that the libraries take for it."""
    for name, (inputs, outputs) in PRODUCTS.items():
        arrays = operands(tokens, inputs * channels, outputs * channels)
        with torch.no_grad():
            yield name, in_turn({lib: timed(_each(multiply, arrays)) for lib, multiply in LIBRARIES.items()}, rounds)


def table(rows: Sequence[tuple[str, dict[str, Times]]]) -> Table:
    """Return a row for each product, in milliseconds."""
    cells = [
        [name, *(str(times[library]) for library in LIBRARIES), f"{times['oneDNN'].over(times['MKL']):.2f}"]
        for name, times in rows
    ]
    return Table(("product", *(f"{library}, ms" for library in LIBRARIES), "oneDNN over MKL"), cells)


def _each(multiply: Callable[[Tensor, Tensor], Tensor], arrays: Sequence[tuple[Tensor, Tensor]]) -> Callable[[], None]:
    """Return what multiplies the next pair of operands at each call."""
    turns = cycle(arrays)

    def work() -> None:
        multiply(*next(turns))

    return work


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description="Dense products by oneDNN and by MKL, in turn.")
    parser.add_argument("--tokens", type=positive, default=8 * 197, help="of a batch")
    parser.add_argument("--channels", type=positive, default=384, help="of a token")
    parser.add_argument("--rounds", type=positive, default=41, help="turns of each library")
    args = parser.parse_args()
    if not (torch.backends.mkl.is_available() and torch.backends.mkldnn.is_available()):
        raise UserError(f"{sys.executable}: this PyTorch has not both MKL and oneDNN, as its builds for x86-64 do")
    print(f"{machine()}; PyTorch {torch.__version__}, {torch.get_num_threads()} threads")
    print(f"{args.tokens} tokens of {args.channels} channels, float32, median (quartiles) of {args.rounds} turns\n")
    print(table(list(measure(args.tokens, args.channels, args.rounds))).markdown())


if __name__ == "__main__":
    run_door(main)
