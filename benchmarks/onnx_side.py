# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""What ``benchmarks/contender.py`` does with a file in onnxruntime: a forward pass."""

import numpy as np
import onnxruntime

from benchmarks.work import Subject, Work


def forward(subject: Subject) -> Work:
    """Return a forward pass of an ONNX file, which knows the size of its images."""
    session = onnxruntime.InferenceSession(subject.model, providers=["CPUExecutionProvider"])
    (image,) = session.get_inputs()  # its first dimension is the batch
    shape = (subject.batch_size, *image.shape[1:])
    images = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    return Work(lambda: session.run(None, {image.name: images}))


MAKERS = {"forward": forward}


def describe() -> str:
    """Return a line that says which version computes."""
    return f"onnxruntime {onnxruntime.__version__}"
