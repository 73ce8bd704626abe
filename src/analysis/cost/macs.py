# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Multiply-accumulates as functions of the numbers of tokens, so that they hold when tokens are dropped or pooled."""

from dataclasses import dataclass


@dataclass(frozen=True)
class BlockTokens:
    """The tokens that a block works on."""

    count: int  # N, tokens that go through the block: queries of its attention, and what its MLP sees
    attended: int | None = None  # K, tokens that a query attends to; None: what the block's attention makes of N


@dataclass(frozen=True)
class Macs:
    """Multiply-accumulates of one picture: per_token * N + per_key * K + per_pair * N * K + fixed."""

    per_token: float = 0.0
    per_key: float = 0.0
    per_pair: float = 0.0
    fixed: float = 0.0  # of modules that see the same number of tokens in any case

    def of(self, count: int, attended: int) -> float:
        """Return how many they are for ``count`` = N tokens of which each attends to ``attended`` = K."""
        return self.per_token * count + self.per_key * attended + self.per_pair * count * attended + self.fixed


@dataclass(frozen=True)
class Cost:
    """The multiply-accumulates of one module, counted twice."""

    paper: Macs  # as Aug-ViT's tables count
    executed: Macs  # as the implementation at hand works

    @classmethod
    def same(cls, **kwargs: float) -> "Cost":
        """Return the cost of a module that is counted as it is executed; keywords are those of ``Macs``."""
        return cls(Macs(**kwargs), Macs(**kwargs))

    def fixed_at(self, count: int, attended: int) -> "Cost":
        """Return the cost for N and K that are known, whatever they are elsewhere."""
        return Cost(*(Macs(fixed=macs.of(count, attended)) for macs in (self.paper, self.executed)))
