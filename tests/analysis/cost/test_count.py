# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Parameters and MACs: published counts, hand-made ones, and the products that a forward pass really makes."""

import json

import numpy as np
import pytest
from mindspore import Tensor, nn, ops

from src.analysis.cost.count import build_to_count, cost_of_block, measure, tokens_of_blocks
from src.analysis.cost.formulas import attended, costs
from src.analysis.cost.macs import BlockTokens
from src.models.contract import count_parameters
from src.models.registry import create_model, list_models
from tests.tiny import TINY_FAMILIES, tiny_family, tiny_model

# of the official code: parameters, and billions of MACs to the digits that are printed
PUBLISHED = [
    ("deit_ti", 224, 5_717_416, "1.2537"),
    ("deit_s", 224, 22_050_664, "4.5989"),
    ("deit_b", 224, 86_567_656, "17.5638"),
    ("deit_ti", 384, 5_790_376, "4.682"),
    ("deit_s", 384, 22_196_584, "15.490"),
    ("deit_b", 384, 86_859_496, "55.484"),
    ("augvit_s", 224, 22_142_824, "4.68"),
    ("augvit_b", 224, 86_751_976, "17.73"),
    ("augvit_b", 384, 87_043_816, "55.98"),
    ("pvt_ti", 224, 13_229_288, "1.933"),
    ("pvt_s", 224, 24_485_864, "3.816"),
    ("pvt_m", 224, 44_208_104, "6.659"),
    ("pvt_l", 224, 61_369_320, "9.814"),
    ("augpvt_s", 224, 24_569_064, "3.92"),
    ("augpvt_m", 224, 44_368_104, "6.83"),
    ("t2t_14", 224, 21_465_806, "4.7835"),
    ("t2t_19", 224, 39_085_070, "8.480"),
    ("t2t_24", 224, 64_000_974, "13.662"),
    ("t2t_14_t", 224, 21_465_422, "6.089"),
    ("t2t_19_t", 224, 39_084_686, "9.785"),
    ("t2t_24_t", 224, 64_000_590, "14.967"),
    ("swin_t", 224, 28_288_354, "4.491"),
    ("swin_s", 224, 49_606_258, "8.741"),
    ("swin_b", 224, 87_768_224, "15.431"),
]


def printed(macs, like):
    return f"{macs / 1e9:.{len(like.partition('.')[2])}f}"


@pytest.mark.parametrize(("name", "image_size", "parameters", "macs"), PUBLISHED)
def test_counts_are_the_published_ones(name, image_size, parameters, macs):
    total = measure(build_to_count(name, image_size=image_size)).total
    assert (total.parameters, printed(total.paper, macs)) == (parameters, macs)


@pytest.mark.parametrize(
    ("name", "parameters", "macs"),
    [("t2t_14", 21_545_550, "0.299"), ("t2t_19", 39_177_422, "0.306"), ("t2t_24", 64_105_934, "0.313")],
)
def test_of_t2t_the_fixed_numbers_and_the_module_are_known(name, parameters, macs):
    found = measure(build_to_count(name))
    assert found.total.parameters + found.fixed_parameters == parameters
    (embedding,) = [row for row in found.grouped() if row.name == "embedding"]
    assert printed(embedding.paper, macs) == macs


def test_of_swin_b_the_mlps_are_known():
    rows = [row for row in measure(build_to_count("swin_b")).grouped() if row.name.endswith("MLP")]
    assert len(rows) == 4
    assert round(sum(row.parameters for row in rows) / 1e6, 3) == 55.897
    assert printed(sum(row.paper for row in rows), "9.865") == "9.865"


@pytest.mark.parametrize("name", list_models())
def test_every_model_counts_what_it_learns(name):
    model = build_to_count(name)
    found = measure(model)
    assert found.total.parameters == count_parameters(model)
    assert len({row.name for row in found.rows}) == len(found.rows)


# forms of the augmented shortcut: implementation of the products, and other settings
FORMS = {
    "dense": {"implementation": "dense"},
    "fft": {"implementation": "fft"},
    "unstructured": {"projection": "dense"},
    "act": {"form": "act"},
    "plain": {"paths": 0},
    "none": {"paths": 0, "identity": False},
}


class Products:
    """Counts the multiply-accumulates of every matrix product of a forward pass."""

    def __init__(self, monkeypatch):
        self.macs, self.points = 0, 0
        self.inside = False  # a product that another one is made of
        for owner, name in ((ops.MatMul, "__call__"), (ops.BatchMatMul, "__call__"), (ops, "matmul")):
            monkeypatch.setattr(owner, name, self.counting(getattr(owner, name)))

    def counting(self, product):
        def counted(*args):
            if self.inside:
                return product(*args)
            self.inside = True
            y = product(*args)
            self.inside = False
            # the first argument may be the primitive itself
            self.macs += y.size * args[-2].shape[-2 if getattr(args[0], "transpose_a", False) else -1]
            return y

        return counted


def traced(monkeypatch, model):
    model.set_train(False)
    settings = model.settings
    images = Tensor(np.zeros((1, settings.in_channels, settings.image_size, settings.image_size), np.float32))
    products = Products(monkeypatch)
    model(images)
    return products.macs


@pytest.mark.parametrize("form", [form for form in FORMS if form != "fft"])
def test_executed_are_the_products_of_a_forward_pass(form, monkeypatch, pynative):
    model = tiny_model(shortcut=FORMS[form], kernels="portable")
    assert traced(monkeypatch, model) == measure(model).total.executed


@pytest.mark.parametrize("name", TINY_FAMILIES)
def test_executed_are_the_products_of_a_forward_pass_of_every_family(name, monkeypatch, pynative):
    model = tiny_family(name, kernels="portable", shortcut={"implementation": "dense"})
    assert traced(monkeypatch, model) == measure(model).total.executed


def test_beside_its_transforms_fft_executes_the_products_of_a_forward_pass(monkeypatch, pynative):
    model = tiny_model(shortcut=FORMS["fft"], kernels="portable")
    b, n, paths, tokens, places = 4, 12, 2, 17, 4
    transforms = places * tokens * (b + paths * b) * n * np.log2(n)
    assert measure(model).total.executed == pytest.approx(traced(monkeypatch, model) + transforms)


def test_a_network_with_values_counts_as_one_without():
    settings = {"embed_dim": 48, "depth": 1, "num_heads": 3}
    assert measure(create_model("augvit_ti", **settings)) == measure(build_to_count("augvit_ti", **settings))


@pytest.mark.parametrize("name", ["deit_s", "pvt_s", "swin_t"])
def test_the_blocks_of_a_network_cost_what_they_cost_apart(name):
    model = build_to_count(name)
    found = measure(model)
    for index, tokens in enumerate(tokens_of_blocks(model)):
        own = sum(row.paper for row in cost_of_block(model.blocks[index], tokens))
        assert own == sum(row.paper for row in found.rows if row.name.startswith(f"blocks.{index}."))


def block_macs(name, index, tokens, **settings):
    return sum(row.paper for row in cost_of_block(build_to_count(name, **settings).blocks[index], tokens))


def test_a_block_costs_what_its_tokens_make_it_cost():
    n, k, c = 120, 197, 384
    assert block_macs("deit_s", 0, BlockTokens(n)) == 12 * n * c * c + 2 * n * n * c
    # pooled: fewer queries than keys and values
    assert block_macs("deit_s", 0, BlockTokens(n, k)) == (2 * n + 2 * k + 8 * n) * c * c + 2 * n * k * c
    # PVT's second stage: patches of 4 x 4 tokens are keys
    n, c = 784, 128
    keys = n // 16
    products = 2 * n * c * c + keys * (16 + 2) * c * c + 2 * n * keys * c + 16 * n * c * c
    assert block_macs("pvt_s", 3, BlockTokens(n)) == products
    # Swin's third stage: windows of 49 tokens
    n, c = 196, 384
    assert block_macs("swin_t", 4, BlockTokens(n)) == 12 * n * c * c + 2 * n * 49 * c
    # augmented shortcuts, two paths at two places
    added = block_macs("augvit_s", 0, BlockTokens(100)) - block_macs("deit_s", 0, BlockTokens(100))
    assert added == pytest.approx(100 * 4 * (2 * 384 * np.log2(96) + 2 * 4 * 384))


def test_fewer_tokens_in_later_blocks_cost_less():
    model = build_to_count("deit_s")
    tokens = [BlockTokens(197)] * 6 + [BlockTokens(99)] * 6
    late = 6 * block_macs("deit_s", 0, BlockTokens(197)) - 6 * block_macs("deit_s", 0, BlockTokens(99))
    assert measure(model).total.paper - measure(model, tokens).total.paper == late
    with pytest.raises(ValueError, match="shorter"):
        measure(model, tokens[:-1])


def test_what_has_no_formula_is_named():
    with pytest.raises(TypeError, match="Conv2d: no formula for its multiply-accumulates"):
        costs(nn.SequentialCell(nn.Conv2d(3, 4, 2)))
    with pytest.raises(TypeError, match="Identity: no formula for this kind of attention"):
        attended(nn.Identity(), 5)


def test_sums_and_tables_hold_all_modules():
    found = measure(tiny_model())
    groups = ["embedding", *(f"blocks 0-1: {kind}" for kind in ("norms", "attention", "augmented shortcuts", "MLP"))]
    assert [row.name for row in found.grouped()] == [*groups, "head"]
    for rows in (found.rows, found.grouped(), found.to_depth(1), found.to_depth(2)):
        assert sum(row.parameters for row in rows) == found.total.parameters
        assert sum(row.executed for row in rows) == pytest.approx(found.total.executed)
    assert "blocks.1" in {row.name for row in found.to_depth(2)}
    assert found.title().startswith("augvit_s: 32 x 32 pixels, blocks of 17 tokens; block-circulant products: ")
    text, markdown = found.table(found.rows).text().splitlines(), found.table(found.rows).markdown().splitlines()
    assert len(text) == len(markdown) == len(found.rows) + 3
    macs = [f"{value / 1e9:.4f}" for value in (found.total.paper, found.total.executed)]
    assert text[-1].split() == ["total", f"{found.total.parameters:,}", *macs]
    report = json.loads(json.dumps(found.report()))
    assert report["total"]["macs_paper"] == round(found.total.paper)
    assert [row["name"] for row in report["modules"]] == [row.name for row in found.rows]
    assert report["tokens"] == [{"count": 17, "attended": 17}] * 2
