# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The one builder of networks."""

from src.layers.accelerate import accelerate
from src.layers.dropout import number_dropouts
from src.models.contract import Backbone
from src.models.variants import Variant
from src.networks.settings import NetworkSettings
from src.preprocessing import Preprocessing


def build(tree: NetworkSettings, row: Variant, preprocessing: Preprocessing) -> Backbone:
    """Return a new network with random weights (``mindspore.set_seed`` decides which).

    It is built of portable Cells; then its dropouts are numbered, and the fastest Cells of the device put in.

    Args:
        tree: what it is.
        row: of the table of models, whose ``build`` makes the backbone.
        preprocessing: how pictures become its input.

    Raises:
        UserError: settings that the backbone can't have, or a native kernel that is not to be had.
    """
    network = row.build(tree.settings)
    network.name, network.task, network.preprocessing = tree.model, tree.task, preprocessing
    number_dropouts(network)
    accelerate(network, tree.settings.kernels)
    return network
