# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""What ``benchmarks/contender.py`` does in PyTorch, with the networks of ``benchmarks/torch_models.py``."""

import copy

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from benchmarks.torch_layers import Block, Paths
from benchmarks.torch_models import registered
from benchmarks.work import RATE, WEIGHT_DECAY, Subject, Work
from src.errors import UserError

_COPIES = 12  # shortcuts in a pass, as many as in MindSpore's
_PASSES = 5  # of these


def forward(subject: Subject) -> Work:
    """Return a forward pass of a registered model."""
    network = _network(subject).eval()
    images = torch.from_numpy(subject.batch()[0])

    def run() -> None:
        with torch.no_grad():
            network(images)

    return Work(run)


def training(subject: Subject) -> Work:
    """Return a whole training step: forward, backward, and AdamW."""
    network = _network(subject).train()
    images, targets = (torch.from_numpy(array) for array in subject.batch())
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=WEIGHT_DECAY)

    def step() -> None:
        optimizer.zero_grad()
        loss = cross_entropy(network(images), targets)
        loss.backward()
        optimizer.step()
        loss.item()

    return Work(step)


def shortcut(subject: Subject) -> Work:
    """Return a forward pass through several shortcuts past the attention of the first block."""
    chain, x, branches = _chain(subject)

    def run() -> None:
        with torch.no_grad():
            _carry(chain, x, branches)

    return Work(run, _PASSES, _COPIES)


def shortcut_training(subject: Subject) -> Work:
    """Return the same and the way back, to tokens, branches and parameters."""
    chain, x, branches = _chain(subject)
    weight = torch.randn_like(x)
    learned = [parameter for one in chain for layer in one.layers for parameter in layer.parameters()]
    wanted = [tensor.requires_grad_() for tensor in (x, *branches)] + learned

    def run() -> None:
        loss = (_carry(chain, x, branches) * weight).sum()
        torch.autograd.grad(loss, wanted)

    return Work(run, _PASSES, _COPIES)


MAKERS = {"forward": forward, "training": training, "shortcut": shortcut, "shortcut_training": shortcut_training}


def describe() -> str:
    """Return a line that says which version computes with how many threads."""
    return f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads"


def _network(subject: Subject) -> nn.Module:
    if subject.settings:
        raise UserError(f"{' '.join(subject.settings)}: PyTorch's models have no settings here")
    return registered(subject.model, subject.image_size)


def _carry(chain: list[Paths], x: Tensor, branches: list[Tensor]) -> Tensor:
    for one, y in zip(chain, branches, strict=True):
        x = one(x, x, y)
    return x


def _chain(subject: Subject) -> tuple[list[Paths], Tensor, list[Tensor]]:
    """Return the shortcuts, the tokens that enter them, and what their branches give."""
    network = _network(subject).eval()
    past_attn = next(module.past_attn for module in network.modules() if isinstance(module, Block))
    seen: list[torch.Size] = []
    hook = past_attn.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].shape))
    with torch.no_grad():
        network(torch.zeros(1, 3, subject.image_size, subject.image_size))
    hook.remove()
    shape = (subject.batch_size, *seen[0][1:])
    chain = [copy.deepcopy(past_attn) for _ in range(_COPIES)]
    return chain, torch.randn(shape), [torch.randn(shape) for _ in range(_COPIES)]
