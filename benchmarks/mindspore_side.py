# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""What ``benchmarks/contender.py`` does in MindSpore."""

from typing import Any

import mindspore as ms
import numpy as np
from mindspore import ParameterTuple, Tensor, nn

from benchmarks.work import RATE, WEIGHT_DECAY, Subject, Work
from src.analysis.cost.count import build_to_count, tokens_of_blocks
from src.config import Config, OptimConfig, TrainConfig, load_assignments
from src.distributed import ALONE, available_cores, device_target, start_device
from src.engine.objectives.classification import Classification
from src.engine.step import Inputs, TrainStep
from src.layers.accelerate import accelerate
from src.layers.dropout import dropout_seeds
from src.layers.shortcut.build import build_shortcut
from src.layers.shortcut.circulant import choose_implementation
from src.models.contract import Backbone
from src.models.registry import create_model
from src.ops.native.library import library
from src.optim.optimizer import build_optimizer

COPIES = 12  # shortcuts in one graph: one alone takes no longer than the call of a graph from Python
_PASSES = 5  # of these


class Chain(nn.Cell):
    """Shortcuts one behind the other, each with a branch of its own; what it carries is what its paths see."""

    def __init__(self, shortcuts: list[nn.Cell]) -> None:
        """Build of several, with weights of their own, so that no graph does for all what one of them does."""
        super().__init__()
        self.shortcuts = nn.CellList(shortcuts)

    def construct(self, x: Tensor, *branches: Tensor) -> Tensor:
        """Return (B, N, C) of the tokens ``x`` and the outputs of the branches, each of that shape."""
        for i in range(len(self.shortcuts)):
            x = self.shortcuts[i](x, x, branches[i])
        return x


def forward(subject: Subject) -> Work:
    """Return a forward pass of a registered model."""
    network = _network(subject).set_train(False)
    images = Tensor(subject.batch()[0])
    return Work(lambda: network(images).asnumpy())


def training(subject: Subject) -> Work:
    """Return a whole training step: forward, backward, and AdamW."""
    return _step(subject, TrainConfig())


def recomputed(subject: Subject) -> Work:
    """Return the same with blocks computed again on the way back."""
    return _step(subject, TrainConfig(recompute=True))


def shortcut(subject: Subject) -> Work:
    """Return a forward pass through ``COPIES`` shortcuts past the attention of the first block."""
    chain, tensors = _chain(subject)
    return Work(lambda: chain(*tensors).asnumpy(), _PASSES, COPIES)


def shortcut_training(subject: Subject) -> Work:
    """Return the same and the way back, to tokens, branches and parameters."""
    chain, tensors = _chain(subject)
    weight = Tensor(_noise(tensors[0].shape, 1))  # its product with the result has gradients of an ordinary size

    def loss(*inputs: Tensor) -> Tensor:
        return (chain(*inputs) * weight).sum()

    parameters = ParameterTuple(chain.trainable_params()) if chain.trainable_params() else None
    function = ms.jit(ms.value_and_grad(loss, tuple(range(len(tensors))), parameters))
    return Work(lambda: function(*tensors)[0].asnumpy(), _PASSES, COPIES)  # which is there when the whole graph is


MAKERS = {
    "forward": forward,
    "training": training,
    "recomputed": recomputed,
    "shortcut": shortcut,
    "shortcut_training": shortcut_training,
}


def describe() -> str:
    """Return a line that says which version computes with how many threads, and which shortcut auto takes."""
    start_device("CPU")
    threads = ms.get_context("runtime_num_threads")
    auto = choose_implementation(device_target(), library() is not None)
    return f"MindSpore {ms.__version__}, {threads} threads of {available_cores()} cores; auto takes {auto} shortcuts"


def _settings(subject: Subject) -> dict[str, Any]:
    return {**load_assignments(subject.settings), "image_size": subject.image_size}


def _network(subject: Subject) -> Backbone:
    start_device("CPU")
    return create_model(subject.model, **_settings(subject))


def _step(subject: Subject, train: TrainConfig) -> Work:
    network = _network(subject).set_train(True)
    config = Config(train=train, optim=OptimConfig(weight_decay=WEIGHT_DECAY))
    optimizer = build_optimizer(tuple(network.trainable_params()), config.optim, network.no_weight_decay())
    # T2T-ViT drops, as PyTorch's does
    seeds = dropout_seeds(0, 0, range(subject.batch_size)) if network.drop_rate else None
    step = TrainStep(network, Classification(), optimizer, None, config, ALONE)
    inputs = [Inputs(subject.batch(), None, seeds)]
    return Work(lambda: step(inputs, RATE))


def _chain(subject: Subject) -> tuple[Chain, list[Tensor]]:
    """Return the shortcuts, and the tokens and the branches that they take."""
    start_device("CPU")
    model = build_to_count(subject.model, **_settings(subject))
    dim, settings = model.stages[0].dim, model.settings
    shape = (subject.batch_size, tokens_of_blocks(model)[0].count, dim)
    chain = Chain([build_shortcut(dim, settings.shortcut, "msa") for _ in range(COPIES)])
    accelerate(chain, settings.kernels)
    return chain, [Tensor(_noise(shape, seed)) for seed in range(1 + COPIES)]


def _noise(shape: tuple[int, ...], seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)
