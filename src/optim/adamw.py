# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""AdamW with bias correction and decoupled weight decay (Loshchilov & Hutter, 2019), as PyTorch computes it.

MindSpore's ``nn.AdamWeightDecay`` has no bias correction, its ``mint.optim.AdamW`` does not run on a CPU.
"""

from collections.abc import Sequence

import mindspore as ms
from mindspore import Parameter, Tensor, ops

from src.config import OptimConfig
from src.optim.grouped import GroupedOptimizer


class AdamW(GroupedOptimizer):
    """One step of AdamW on all parameters at once.

    m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2
    p = p - lr wd p - lr (m / c1) / (sqrt(v / c2) + eps),  c1 = 1 - b1^t,  c2 = 1 - b2^t

    The framework's fused kernel leaves the corrections out: it computes p - r (m / (sqrt(v) + e) + w p). With
    r = lr sqrt(c2) / c1, e = eps sqrt(c2) and w = wd c1 / sqrt(c2) that is the formula above, in one kernel a
    parameter instead of fifteen.
    """

    def __init__(self, parameters: Sequence[Parameter], optim: OptimConfig, no_decay: set[str]) -> None:
        """Build as ``GroupedOptimizer``."""
        super().__init__(parameters, optim, no_decay)
        self.beta1, self.beta2 = (Tensor(beta, ms.float32) for beta in optim.betas)
        self.eps = optim.eps
        self.m = self.parameters.clone(prefix="m", init="zeros")
        self.v = self.parameters.clone(prefix="v", init="zeros")
        self.beta1_power = Parameter(Tensor(1.0, ms.float32), name="beta1_power")
        self.beta2_power = Parameter(Tensor(1.0, ms.float32), name="beta2_power")
        self.update = ops.AdamWeightDecay()

    def construct(self, gradients: tuple[Tensor, ...], lr: Tensor) -> Tensor:
        """Take one step along ``gradients`` (in the order of the parameters) at the rate ``lr``; returns True."""
        beta1_power, beta2_power = self.beta1_power * self.beta1, self.beta2_power * self.beta2
        done = ops.depend(True, ops.assign(self.beta1_power, beta1_power))
        done = ops.depend(done, ops.assign(self.beta2_power, beta2_power))
        c1, root_c2 = 1.0 - beta1_power, ops.sqrt(1.0 - beta2_power)
        rate, eps = lr * root_c2 / c1, self.eps * root_c2
        for i in range(len(self.parameters)):
            p, m, v, decay = self.parameters[i], self.m[i], self.v[i], self.decays[i] * c1 / root_c2
            own_rate = rate if self.lr_scales[i] == 1.0 else rate * self.lr_scales[i]
            done = ops.depend(done, self.update(p, m, v, own_rate, self.beta1, self.beta2, eps, decay, gradients[i]))
        return done

    def state(self) -> dict[str, Parameter]:
        """Return what a checkpoint needs beside the weights, by name."""
        return {p.name: p for p in (*self.m, *self.v, self.beta1_power, self.beta2_power)}
