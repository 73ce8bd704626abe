# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""From networks and pictures to a figure and the numbers in it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from src.analysis.figures.diversity import measure_diversity
from src.analysis.figures.drawing import draw_diversity, draw_features, draw_similarity
from src.analysis.figures.features import FeatureMaps, feature_maps
from src.analysis.figures.layers import choose_layers
from src.analysis.figures.networks import Network
from src.analysis.figures.pictures import PictureFiles, picture_loader
from src.data.transforms import eval_picture, normalise

_CHANNELS = 9  # feature maps of a layer: three rows of three


def visualize(
    figure: str,
    networks: Sequence[Network],
    pictures: PictureFiles,
    layers: Sequence[int] | None,
    exact: bool,
    path: Path,
) -> dict[str, Any]:
    """Draw a figure, and return its numbers as a table for JSON.

    Args:
        figure: similarity, diversity or features: Figure 3, 4 or 5.
        networks: what it compares.
        pictures: that Figures 3 and 4 average over; Figure 5 shows the first of them.
        layers: those of Figures 3 and 5; None: the first, the middle and the last block of each network.
        exact: as in ``measure_diversity``.
        path: the .png file.

    Raises:
        UserError: an unreadable picture, or a layer that a network does not have.
    """
    chosen = [choose_layers(network.model, layers, network.label) for network in networks]
    if figure == "features":
        return _visualize_features(networks, pictures, chosen, path)
    measured = []
    for network, wanted in zip(networks, chosen, strict=True):
        loader = picture_loader(pictures, network.model.preprocessing)
        matrices = wanted if figure == "similarity" else ()
        measured.append((network.label, measure_diversity(network.model, loader, matrices, exact, network.label)))
    draw = draw_similarity if figure == "similarity" else draw_diversity
    draw(measured, path)
    rows = [{"label": label, **found.report()} for label, found in measured]
    return {"figure": figure, "data": pictures.name, "networks": rows}


def _visualize_features(
    networks: Sequence[Network], pictures: PictureFiles, layers: Sequence[Sequence[int]], path: Path
) -> dict[str, Any]:
    looked = []
    for network, wanted in zip(networks, layers, strict=True):
        picture = eval_picture(pictures.picture(0), network.model.preprocessing)
        image = normalise(picture[None], network.model.preprocessing)[0]
        looked.append((network.label, picture, feature_maps(network.model, image, wanted, _CHANNELS)))
    name = pictures.picture_name(0)
    draw_features(looked, Path(name).name, path)
    rows = [{"label": label, "layers": _feature_report(maps)} for label, _, maps in looked]
    return {"figure": "features", "picture": name, "networks": rows}


def _feature_report(maps: dict[int, FeatureMaps]) -> dict[int, Any]:
    return {
        layer: {
            "channels": list(found.channels),
            "variance": np.var(found.maps, axis=(1, 2)).tolist(),
            "relative": found.relative,
        }
        for layer, found in maps.items()
    }
