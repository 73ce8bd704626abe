# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""MINDIR: MindSpore's own format, with a dynamic batch."""

from pathlib import Path

import mindspore as ms
from mindspore import Tensor, nn
from mindspore.train.mind_ir_pb2 import ModelProto

from src.checkpoint.record import Description
from src.deploy import metadata
from src.errors import UserError
from src.models.contract import Backbone
from src.models.inference import Logits


def write_mindir(network: Backbone, description: Description, path: Path) -> None:
    """Write ``network`` to ``path`` (ending in .mindir), for images (B, 3, H, W) of any B."""
    size = description.preprocessing.size
    images = Tensor(shape=[None, 3, size, size], dtype=ms.float32)

    def describe(model: ModelProto) -> None:
        model.user_info[metadata.KEY] = metadata.to_text(description)

    ms.export(network, images, file_name=str(path), file_format="MINDIR", custom_func=describe)
    path.chmod(0o644)  # the framework leaves it read-only


def read_mindir(path: Path) -> tuple[Logits, Description]:
    """Return the classifier in a file, images (B, 3, H, W) to logits (B, K), and its description.

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
    return lambda images: graph(Tensor(images)).asnumpy(), description
