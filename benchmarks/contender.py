# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""One side of ``benchmarks/throughput.py``: a process that takes a turn of passes when it is told to.

A process each, because two frameworks in one would share thread pools and libraries, which neither is built for.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # a door in a folder of its own still finds src

_PASSES = 3  # timed ones in a turn


def mindspore_work(model: str, batch_size: int, image_size: int, training: bool) -> Callable[[], object]:
    """Return a forward pass, or forward, backward and nothing more, of a registered model in MindSpore."""
    import mindspore as ms
    from mindspore import Tensor

    from src.distributed import start_device
    from src.engine.step import gradient_function
    from src.models.registry import create_model

    start_device("CPU")
    network = create_model(model, image_size=image_size)
    network.set_train(training)
    images, targets = (Tensor(array) for array in _batch(batch_size, image_size))
    if not training:
        return lambda: network(images).asnumpy()
    gradients = ms.jit(gradient_function(network, ms.ParameterTuple(network.trainable_params())))

    def step() -> None:
        (loss, _), parts = gradients(images, targets, None)
        loss.asnumpy()
        parts[-1].asnumpy()

    return step


def torch_work(model: str, batch_size: int, image_size: int, training: bool) -> Callable[[], object]:
    """Return the same of our reading of the model in PyTorch."""
    import torch
    from torch.nn.functional import cross_entropy

    from benchmarks.torch_vit import registered

    network = registered(model, image_size).train(training)
    images, targets = (torch.from_numpy(array) for array in _batch(batch_size, image_size))

    def forward() -> None:
        with torch.no_grad():
            network(images)

    def step() -> None:
        network.zero_grad()
        cross_entropy(network(images), targets).backward()

    return step if training else forward


def _batch(batch_size: int, image_size: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    images = rng.standard_normal((batch_size, 3, image_size, image_size)).astype(np.float32)
    return images, np.full((batch_size, 1000), 1e-3, np.float32)


def main() -> None:
    """Build the work named on the command line, then take a turn for each line on standard input.

    A turn is one untimed pass, which finds caches and threads as the other side left them, and the mean of three.
    """
    framework, model, batch_size, image_size, training = sys.argv[1:]
    make = {"mindspore": mindspore_work, "torch": torch_work}[framework]
    work = make(model, int(batch_size), int(image_size), training == "training")
    for _ in sys.stdin:
        work()
        start = time.perf_counter()
        for _ in range(_PASSES):
            work()
        print((time.perf_counter() - start) / _PASSES, flush=True)


if __name__ == "__main__":
    main()
