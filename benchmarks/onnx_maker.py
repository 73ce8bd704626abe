# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Makes the ONNX files that ``benchmarks/onnx_latency.py`` compares: ours, or PyTorch's of the same network.

python benchmarks/onnx_maker.py mindspore|torch MODEL FILE
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # a door in a folder of its own still finds src

_SIZE = 224
_TORCH_OPSET = 17


def write_ours(model: str, path: Path) -> None:
    """Write a registered model with fresh weights, as ``export.py`` does."""
    from src.checkpoint.adapt import portable
    from src.deploy.onnx.file import write_onnx
    from src.distributed import start_device
    from src.models.registry import create_model

    start_device("CPU")
    network = create_model(model, image_size=_SIZE)
    write_onnx(portable(network, "traced"), {}, path)


def write_theirs(model: str, path: Path) -> None:
    """Write the same network in PyTorch by its exporter of traced graphs, the batch open."""
    import torch

    from benchmarks.torch_models import registered

    images = torch.zeros(2, 3, _SIZE, _SIZE)
    names = {"input_names": ["image"], "output_names": ["logits"]}
    axes = {"image": {0: "batch"}, "logits": {0: "batch"}}
    network = registered(model, _SIZE).eval()
    torch.onnx.export(network, (images,), path, opset_version=_TORCH_OPSET, dynamic_axes=axes, dynamo=False, **names)


def main() -> None:
    """Make the file that the command line names."""
    framework, model, path = sys.argv[1:]
    {"mindspore": write_ours, "torch": write_theirs}[framework](model, Path(path))


if __name__ == "__main__":
    main()
