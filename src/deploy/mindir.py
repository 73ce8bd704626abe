# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""MINDIR: MindSpore's own format, with a dynamic batch."""

from collections.abc import Mapping
from pathlib import Path

import mindspore as ms
from mindspore import Tensor, nn
from mindspore.train.mind_ir_pb2 import ModelProto

from src.checkpoint import metadata
from src.deploy.classifier import Classifier
from src.errors import UserError
from src.models.contract import Backbone


def write_mindir(network: Backbone, properties: Mapping[str, str], path: Path, precision: str = "float32") -> None:
    """Write ``network`` to ``path`` (ending in .mindir), for images (B, 3, H, W) of any B; ``properties`` go into it.

    With the precision float16, weights of products and the products are in half precision, and images and logits are
    float32 as ever. The network's own weights are then in half precision, too.
    """
    images = Tensor(shape=[None, 3, *network.preprocessing.sides], dtype=ms.float32)

    def describe(model: ModelProto) -> None:
        model.user_info.update(properties)

    exported = _in_half_precision(network) if precision == "float16" else network
    ms.export(exported, images, file_name=str(path), file_format="MINDIR", custom_func=describe)
    path.chmod(0o644)  # the framework leaves it read-only


def _in_half_precision(network: Backbone) -> nn.Cell:
    for _, cell in network.cells_and_names():
        if isinstance(cell, nn.Dense):
            cell.weight.set_dtype(ms.float16)  # half the size of the file; nothing else in it is large
    return ms.amp.auto_mixed_precision(network, "auto", ms.float16)  # LayerNorm and softmax stay float32


def read_mindir(path: Path) -> Classifier:
    """Return the classifier in a file.

    Raises:
        UserError: not a MINDIR file of this project.
    """
    model = ModelProto()
    try:
        model.ParseFromString(path.read_bytes())
        graph = nn.GraphCell(ms.load(str(path)))
    except Exception as error:  # protobuf and the framework raise kinds of their own
        raise UserError(f"{path}: not a MINDIR file, or damaged ({' '.join(str(error).split())[:120]})") from None
    description = metadata.from_text(model.user_info.get(metadata.KEY), str(path))
    return Classifier(lambda images: graph(Tensor(images)).asnumpy(), description)
