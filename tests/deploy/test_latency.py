# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Classifiers take turns, and the calls that warm them up are not counted."""

from src.checkpoint.record import Description
from src.deploy import latency as module
from src.deploy.classifier import Classifier
from src.deploy.latency import WARM_UP, Latency, compare_latency
from src.preprocessing import Preprocessing


def test_turns_and_percentiles_by_hand(monkeypatch):
    calls, clock = [], [0.0]

    def classifier(name, seconds):
        def logits(images):
            calls.append((name, images.shape))
            clock[0] += seconds(len(calls))

        return Classifier(logits, Description(preprocessing=Preprocessing(size=8, resize=8)), raw=name == "raw")

    monkeypatch.setattr(module.time, "perf_counter", lambda: clock[0])
    slow_start = classifier("raw", lambda number: 9.0 if number <= 2 * WARM_UP else 0.002)
    growing = classifier("normalised", lambda number: (number - 2 * WARM_UP) / 2 * 1e-3)  # 1, 2, ... 101 ms
    found = compare_latency([slow_start, growing], 5, 101)
    assert calls == [("raw", (5, 8, 8, 3)), ("normalised", (5, 3, 8, 8))] * (101 + WARM_UP)
    assert [(one.batch, one.runs) for one in found] == [(5, 101)] * 2
    rounded = [Latency(one.batch, one.runs, *(round(x, 6) for x in (one.p50, one.p90, one.p99))) for one in found]
    assert rounded == [Latency(5, 101, 2.0, 2.0, 2.0), Latency(5, 101, 51.0, 91.0, 100.0)]
