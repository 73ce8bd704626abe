# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Every file of ``config/`` loads, its model can be built, and its first lines say how, on what, what to expect."""

import pytest

from src.config import load_config
from src.engine.sweep import plan
from src.models.registry import find_variant
from tests.conftest import ROOT

RECIPES = sorted((ROOT / "config").glob("*.yaml"))


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_a_recipe_is_whole(path):
    config = load_config(path)
    find_variant(config.model["name"], {key: value for key, value in config.model.items() if key != "name"})
    comments = [line for line in path.read_text().splitlines() if line.startswith("#")]
    assert f"config/{path.name}" in comments[0]
    assert any(line.startswith("# hardware: ") and "expected: " in line for line in comments)


# batch of all devices, rate, epochs, cooldown, warm-up, clipping, repeats, moving average, stochastic depth
PUBLISHED = {
    "augvit_s": (1024, 1e-3, 300, 10, 5, 0, 3, 0.99996, 0.1),
    "augvit_b": (1024, 1e-3, 300, 10, 5, 0, 3, 0.99996, 0.1),
    "augvit_b_384": (512, 5e-6, 30, 0, 5, 0, 3, 0.99996, 0.1),
    "deit_s": (1024, 1e-3, 300, 0, 5, 0, 3, 0.99996, 0.1),
    "pvt_s": (1024, 1e-3, 300, 0, 5, 0, 3, 0, 0.1),
    "augpvt_m": (1024, 1e-3, 300, 0, 5, 1.0, 3, 0, 0.3),
    "augt2t_14": (512, 5e-4, 300, 10, 10, 0, 1, 0.99996, 0.1),
    "swin_b": (1024, 1e-3, 300, 0, 20, 5.0, 1, 0, 0.5),
}


@pytest.mark.parametrize("name", ["cifar10", "cifar100", "flowers", "pets"])
def test_a_transfer_is_that_of_deit_s_authors(name):
    config = load_config(ROOT / "config" / f"augvit_b_384_{name}.yaml")
    data, optim, train = config.data, config.optim, config.train
    recipe = (8 * data.batch_size, optim.name, optim.lr, optim.weight_decay, train.epochs)
    assert recipe == (768, "sgd", 0.01, 1e-4, 1000)
    assert (data.erase_prob, config.model["drop_path_rate"], config.model["image_size"]) == (0, 0, 384)
    assert (train.new_head, train.init_from) == (True, "runs/augvit_b_384_imagenet/best.ckpt")


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_recipe_is_the_published_one(name):
    config = load_config(ROOT / "config" / f"{name}_imagenet.yaml")
    data, optim, train = config.data, config.optim, config.train
    assert (
        *(8 * data.batch_size, optim.lr, train.epochs, optim.cooldown_epochs, optim.warmup_epochs),
        *(optim.clip_norm, data.repeats, optim.ema_decay, config.model["drop_path_rate"]),
    ) == PUBLISHED[name]


@pytest.mark.parametrize("recipe", ["pets", "cifar10", "tiny_imagenet"])
@pytest.mark.parametrize(("overlay", "paths"), [("plain", 0), ("augmented", 2)])
def test_a_fine_tuning_goes_with_and_without_new_paths(recipe, overlay, paths, tmp_path):
    base, variant = ROOT / "config" / f"deit_ti_{recipe}.yaml", ROOT / "config" / "fine_tuning" / f"{overlay}.yaml"
    (trial,) = plan(base, [variant], [1], tmp_path)
    config = load_config(trial.config)
    assert (config.model["shortcut"]["paths"], config.train.new_paths) == (paths, bool(paths))
    find_variant("deit_ti", {key: value for key, value in config.model.items() if key != "name"})
