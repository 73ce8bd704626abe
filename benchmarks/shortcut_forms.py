# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The forms of the block-circulant product, native, fft and dense, in turn: one shortcut, and a whole network.

python benchmarks/shortcut_forms.py [--models augvit_ti augvit_s augvit_b] [--batch_size 8]
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # a door in a folder of its own still finds src

import mindspore as ms
import numpy as np
from mindspore import Tensor, nn

from benchmarks.turns import in_turn, machine, timed
from src.distributed import device_target, start_device
from src.layers.circulant_dense import choose_implementation
from src.layers.kernels import native_kernels
from src.layers.shortcut import ShortcutSettings, build_shortcut
from src.models.registry import create_model

_FORMS = ("native", "fft", "dense")


def forward_of(network: nn.Cell, *inputs: Tensor) -> Callable[[], object]:
    """Return one forward pass."""
    return lambda: network(*inputs).asnumpy()


def gradient_of(network: nn.Cell, *inputs: Tensor) -> Callable[[], object]:
    """Return one forward and backward pass of the mean square of the output."""

    def loss(*tensors: Tensor) -> Tensor:
        return network(*tensors).square().mean()

    function = ms.jit(ms.value_and_grad(loss, None, ms.ParameterTuple(network.trainable_params())))
    return lambda: function(*inputs)[0].asnumpy()


def shortcuts(dim: int, tokens: int, batch: int) -> tuple[dict[str, nn.Cell], tuple[Tensor, ...]]:
    """Return one augmented shortcut (T = 2, b = 4) in every form, and its inputs."""
    rng = np.random.default_rng(0)
    inputs = tuple(Tensor(rng.standard_normal((batch, tokens, dim)).astype(np.float32)) for _ in range(3))
    return {f: build_shortcut(dim, ShortcutSettings(paths=2, implementation=f), "msa") for f in _FORMS}, inputs


def networks(model: str, batch: int) -> tuple[dict[str, nn.Cell], tuple[Tensor, ...]]:
    """Return a registered model in every form, and its input."""
    images = np.random.default_rng(0).standard_normal((batch, 3, 224, 224)).astype(np.float32)
    return {f: create_model(model, shortcut={"implementation": f}) for f in _FORMS}, (Tensor(images),)


def main() -> None:
    """Print a Markdown table of medians, quartiles and ratios."""
    parser = argparse.ArgumentParser(description="The block-circulant product as native, fft and dense, in turn.")
    parser.add_argument("--models", nargs="+", default=["augvit_ti", "augvit_s"], help="registered models")
    parser.add_argument("--batch_size", type=int, default=8, help="images a pass")
    parser.add_argument("--rounds", type=int, default=9, help="turns of each form")
    args = parser.parse_args()
    start_device("CPU")
    print(f"{machine()}; batch {args.batch_size}, 224 pixels, T = 2, b = 4, median (quartiles) of {args.rounds}")
    print(f"auto takes {choose_implementation(device_target(), native_kernels('auto'))}")
    print("\n| what | native, ms | fft, ms | dense, ms | fft over dense | dense over native |\n" + "|---" * 6 + "|")
    for model in args.models:
        dim = create_model(model).feature_dims[0]
        subjects = {
            f"one shortcut of {model} (C = {dim})": shortcuts(dim, 197, args.batch_size),
            model: networks(model, args.batch_size),
        }
        for title, (cells, inputs) in subjects.items():
            for kind, make in (("forward", forward_of), ("forward and backward", gradient_of)):
                times = in_turn({form: timed(make(cell, *inputs)) for form, cell in cells.items()}, args.rounds)
                native, fft, dense = (times[form].median for form in _FORMS)
                cells_of_row = [f"{title}, {kind}", *(str(times[form]) for form in _FORMS)]
                ratios = [f"{fft / dense:.2f}", f"{dense / native:.2f}"]
                print(f"| {' | '.join(cells_of_row + ratios)} |", flush=True)


if __name__ == "__main__":
    main()
