# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The paths of one augmented shortcut in onnxruntime, in the forms that portable operators allow, in turn.

python benchmarks/onnx_shortcut.py [--dim 384] [--tokens 197] [--batches 1 8] [--rounds 15]
"""

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # a door in a folder of its own still finds src

import numpy as np
import onnx
from mindspore import Parameter, Tensor, nn, ops
from onnx.reference import ReferenceEvaluator

from benchmarks.onnx_latency import measure
from benchmarks.options import positive
from benchmarks.turns import machine
from src.deploy.classifier import INPUT
from src.deploy.onnx.model import to_model
from src.deploy.onnx.simplify import simplify
from src.deploy.onnx.trace import trace
from src.layers.accelerate import accelerate
from src.layers.activation import PolynomialGELU
from src.layers.shortcut.exported import HalfBlockProjection, HalfBlockShortcut
from src.layers.shortcut.settings import ShortcutSettings
from src.ops.circulant import dense_index, half_weights, join_halves, split_halves

_PATHS, _BLOCKS = 2, 4  # T and b, as released


class Form(nn.Cell):
    """GELU(z Theta_1 + bias_1) + GELU(z Theta_2 + bias_2), (B, N, C) of z (B, N, C), in one way or another."""

    def __init__(self, generators: np.ndarray, bias: np.ndarray) -> None:
        """Build of generators (T, b, b, n) and biases (T, C)."""
        super().__init__()
        self.gelu = accelerate(PolynomialGELU(), "traced")
        self.dim = bias.shape[1]
        self.build(generators, bias)

    def add_paths(self, wide: Tensor) -> Tensor:
        """Return the sum of two paths that stand side by side."""
        first, second = ops.split(wide, wide.shape[-1] // _PATHS, -1)
        return first + second


class OneProduct(Form):
    """A dense product for all paths."""

    def build(self, generators: np.ndarray, bias: np.ndarray) -> None:
        """Keep the weights in this form."""
        self.weight, self.bias = constant(dense(generators).T), constant(bias.ravel())

    def construct(self, z: Tensor) -> Tensor:
        """Return the sum of the paths."""
        return self.add_paths(self.gelu(ops.matmul(z, self.weight) + self.bias))


class ProductAPath(Form):
    """A dense product for each path."""

    def build(self, generators: np.ndarray, bias: np.ndarray) -> None:
        """Keep the weights in this form."""
        self.weight_1, self.weight_2 = (constant(part.T) for part in np.split(dense(generators), _PATHS))
        self.bias_1, self.bias_2 = map(constant, bias)

    def construct(self, z: Tensor) -> Tensor:
        """Return the sum of the paths."""
        first = self.gelu(ops.matmul(z, self.weight_1) + self.bias_1)
        return first + self.gelu(ops.matmul(z, self.weight_2) + self.bias_2)


class HalfBlocks(Form):
    """Products on sums and differences of half blocks, for each path: what is exported."""

    def build(self, generators: np.ndarray, bias: np.ndarray) -> None:
        """Keep the weights in this form."""
        projection = HalfBlockProjection(generators, bias.ravel())
        self.shortcut = accelerate(HalfBlockShortcut(ShortcutSettings(paths=_PATHS), projection), "traced")

    def construct(self, z: Tensor) -> Tensor:
        """Return the sum of the paths."""
        return self.shortcut.transform(z)[0]


class HalfBlocksOneProduct(Form):
    """The same with one product for all paths."""

    def build(self, generators: np.ndarray, bias: np.ndarray) -> None:
        """Keep the weights in this form."""
        weights = (weight.reshape(-1, weight.shape[-1]).T for weight in half_weights(generators))
        self.of_sums, self.of_differences = map(constant, weights)
        halves = np.split(bias.reshape(_PATHS * _BLOCKS, -1), 2, axis=-1)
        self.bias_1, self.bias_2 = (constant(half.ravel()) for half in halves)

    def construct(self, z: Tensor) -> Tensor:
        """Return the sum of the paths."""
        z_1, z_2 = split_halves(z, _BLOCKS)
        p, q = ops.matmul(z_1 + z_2, self.of_sums), ops.matmul(z_1 - z_2, self.of_differences)
        y_1, y_2 = self.gelu(p + q + self.bias_1), self.gelu(p - q + self.bias_2)
        return join_halves(self.add_paths(y_1), self.add_paths(y_2), _BLOCKS)


class Transforms(Form):
    """Fourier transforms as products with their matrices, and a small product for each frequency (Eq. 14)."""

    def build(self, generators: np.ndarray, bias: np.ndarray) -> None:
        """Keep the weights in this form."""
        n = generators.shape[-1]
        self.n, self.frequencies = n, n // 2 + 1
        transform = np.fft.rfft(np.eye(n))  # (n, F)
        self.forward = constant(np.hstack([transform.real, transform.imag]))  # (n, 2F)
        unit = np.eye(self.frequencies)
        self.inverse = constant(np.vstack([np.fft.irfft(unit, n), np.fft.irfft(1j * unit, n)]))  # (2F, n)
        w = np.fft.rfft(generators.reshape(-1, _BLOCKS, n)).transpose(2, 1, 0)  # (F, b, T*b)
        self.weight = constant(np.block([[w.real, w.imag], [-w.imag, w.real]]))  # (F, 2b, 2T*b)
        self.bias = constant(bias.ravel())

    def construct(self, z: Tensor) -> Tensor:
        """Return the sum of the paths."""
        tokens = z.shape[1]
        spectrum = ops.matmul(z.reshape(-1, _BLOCKS, self.n), self.forward)  # (M, b, 2F)
        spectrum = spectrum.reshape(-1, _BLOCKS, 2, self.frequencies).transpose(3, 0, 2, 1)
        y = ops.matmul(spectrum.reshape(self.frequencies, -1, 2 * _BLOCKS), self.weight)  # (F, M, 2T*b)
        y = y.reshape(self.frequencies, -1, 2, _PATHS * _BLOCKS).transpose(1, 3, 2, 0)
        y = ops.matmul(y.reshape(-1, _PATHS * _BLOCKS, 2 * self.frequencies), self.inverse)  # (M, T*b, n)
        return self.add_paths(self.gelu(y.reshape(-1, tokens, _PATHS * self.dim) + self.bias))


FORMS = {
    "half blocks, a product a path": HalfBlocks,
    "half blocks, one product": HalfBlocksOneProduct,
    "dense, a product a path": ProductAPath,
    "dense, one product": OneProduct,
    "transforms as products": Transforms,
}


def constant(values: np.ndarray) -> Parameter:
    """Return values as a parameter in single precision."""
    return Parameter(Tensor(np.ascontiguousarray(values, np.float32)))


def dense(generators: np.ndarray) -> np.ndarray:
    """Return the dense weight (T*C, C)."""
    return generators.reshape(-1)[dense_index(generators.shape)]


def write_forms(dim: int, tokens: int, folder: Path) -> dict[str, Path]:
    """Write a file of each form with the same weights, and see that they compute the same."""
    rng = np.random.default_rng(0)
    n = dim // _BLOCKS
    generators = (rng.standard_normal((_PATHS, _BLOCKS, _BLOCKS, n)) / dim**0.5).astype(np.float32)
    bias = rng.standard_normal((_PATHS, dim)).astype(np.float32)
    z = rng.standard_normal((2, tokens, dim)).astype(np.float32)
    files, results = {}, []
    for number, (name, form) in enumerate(FORMS.items()):
        files[name] = folder / f"{number}.onnx"
        model = to_model(simplify(trace(form(generators, bias), (tokens, dim))), {})
        onnx.save(model, files[name])
        results.append(ReferenceEvaluator(model).run(None, {INPUT: z})[0])
        if not np.allclose(results[-1], results[0], rtol=0, atol=1e-4):
            raise SystemExit(f"error: {name}: differs by {np.abs(results[-1] - results[0]).max():.1e}")
    return files


def main() -> None:
    """Print a Markdown table of medians, quartiles and ratios."""
    parser = argparse.ArgumentParser(description="The paths of one augmented shortcut in onnxruntime, form by form.")
    parser.add_argument("--dim", type=positive, default=384, help="channels")
    parser.add_argument("--tokens", type=positive, default=197, help="tokens of an image")
    parser.add_argument("--batches", nargs="+", type=positive, default=[1, 8], help="images a call")
    parser.add_argument("--rounds", type=positive, default=15, help="turns of each form")
    args = parser.parse_args()
    print(f"{machine()}; C = {args.dim}, {args.tokens} tokens, T = 2, b = 4, median (quartiles) of {args.rounds}")
    with tempfile.TemporaryDirectory() as folder:
        files = write_forms(args.dim, args.tokens, Path(folder))
        times = {batch: measure(files, batch, args.rounds) for batch in args.batches}
    heads = "".join(f" batch {batch}, ms | over the first |" for batch in args.batches)
    print(f"\n| form |{heads}\n|---{'|---' * 2 * len(args.batches)}|")
    first = next(iter(FORMS))
    for name in FORMS:
        cells = [f"{found[name]} | {found[name].over(found[first]):.2f}" for found in times.values()]
        print(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
