# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""One side of ``throughput.py`` or ``onnx_latency.py``: a process that takes a turn of passes when it is told to.

A process each, because two frameworks in one would share thread pools and libraries, which neither is built for.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # a door in a folder of its own still finds src

from benchmarks.turns import take_turns, timed

_PASSES = 3  # timed ones in a turn
_RATE, _WEIGHT_DECAY = 1e-4, 0.05


def mindspore_work(model: str, batch_size: int, image_size: int, training: bool) -> Callable[[], object]:
    """Return a forward pass, or a whole training step with AdamW, of a registered model in MindSpore."""
    from mindspore import Tensor

    from src.config import Config, OptimConfig
    from src.distributed import ALONE, start_device
    from src.engine.step import Inputs, TrainStep
    from src.layers.dropout import dropout_keys
    from src.models.registry import create_model
    from src.optim.optimizer import build_optimizer

    start_device("CPU")
    network = create_model(model, image_size=image_size)
    network.set_train(training)
    images, targets = _batch(batch_size, image_size)
    if not training:
        pictures = Tensor(images)
        return lambda: network(pictures).asnumpy()
    config = Config(optim=OptimConfig(weight_decay=_WEIGHT_DECAY))
    optimizer = build_optimizer(tuple(network.trainable_params()), config.optim, network.no_weight_decay())
    keys = dropout_keys(0, 0, range(batch_size)) if network.drop_rate else None  # T2T-ViT drops, as PyTorch's does
    step, inputs = TrainStep(network, optimizer, None, config, ALONE), [Inputs(images, targets, None, keys)]
    return lambda: step(inputs, _RATE)


def torch_work(model: str, batch_size: int, image_size: int, training: bool) -> Callable[[], object]:
    """Return the same of our reading of the model in PyTorch."""
    import torch
    from torch.nn.functional import cross_entropy

    from benchmarks.torch_models import registered

    network = registered(model, image_size).train(training)
    images, targets = (torch.from_numpy(array) for array in _batch(batch_size, image_size))
    optimizer = torch.optim.AdamW(network.parameters(), lr=_RATE, weight_decay=_WEIGHT_DECAY)

    def forward() -> None:
        with torch.no_grad():
            network(images)

    def step() -> None:
        optimizer.zero_grad()
        loss = cross_entropy(network(images), targets)
        loss.backward()
        optimizer.step()
        loss.item()

    return step if training else forward


def onnx_work(path: str, batch_size: int, image_size: int, training: bool) -> Callable[[], object]:
    """Return a forward pass of an ONNX file in onnxruntime; there is no training, and the file knows its size."""
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (image,) = session.get_inputs()  # its size is the file's, and its first dimension the batch
    images = np.random.default_rng(0).standard_normal((batch_size, *image.shape[1:])).astype(np.float32)
    return lambda: session.run(None, {image.name: images})


def _batch(batch_size: int, image_size: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    images = rng.standard_normal((batch_size, 3, image_size, image_size)).astype(np.float32)
    return images, np.full((batch_size, 1000), 1e-3, np.float32)


def main() -> None:
    """Build the work named on the command line, then take a turn for each line on standard input.

    A turn is one untimed pass, which finds caches and threads as the other side left them, and the mean of three.
    """
    framework, model, batch_size, image_size, training = sys.argv[1:]
    make = {"mindspore": mindspore_work, "torch": torch_work, "onnx": onnx_work}[framework]
    work = make(model, int(batch_size), int(image_size), training == "training")

    def turn() -> float:
        work()
        return timed(lambda: [work() for _ in range(_PASSES)])() / _PASSES

    take_turns(turn)


if __name__ == "__main__":
    main()
