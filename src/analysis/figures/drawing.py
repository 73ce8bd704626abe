# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The paper's pictures of feature diversity: Figures 3, 4 and 5 of Aug-ViT."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from src.analysis.figures.diversity import Measurement
from src.analysis.figures.features import FeatureMaps
from src.errors import UserError
from src.plot import (
    GRID,
    INK,
    PALETTE,
    PRINT_RESOLUTION,
    Axes,
    Box,
    Canvas,
    Point,
    Scale,
    fitted,
    log_ticks,
    paint,
    ticks,
)

_MARGIN, _GAP = 28, 24  # around a figure, and between its parts, pixels
_RULE, _HEAD = 64, 78  # from the top to the line below the title, and to the first part
_TITLE, _LABEL, _SMALL = 19, 16, 13  # sizes of letters
_MATRIX = 240  # side of a similarity matrix, pixels
_BAR = 14  # width of the bar that explains the colours
_PANEL = (540, 380)  # width and height of the axes of a plot, with their margins
_MAP = 112  # side of a feature map
_LOG_RANGE = 100  # a plot whose values span more than this factor has a logarithmic axis, of
_DECADES = 4  # at most: what lies lower is nearer to rounding than to the other curves
_SPREAD = (10, 90)  # percentiles of the pictures that bound the band around a curve
_CLIP = (1, 99)  # percentiles of a feature map that are its darkest and its lightest colour

Named = Sequence[tuple[str, Measurement]]  # (label of the network, what was measured)


def draw_similarity(measured: Named, path: Path) -> None:
    """Write Figure 3: the cosine similarity of the patches, a row a network, a column a layer.

    All matrices share one scale of colours, whose bar stands at the right. A matrix larger than its place on the paper
    is averaged over neighbouring patches.
    """
    rows = [(label, m, sorted(m.similarity)) for label, m in measured]
    low = min(float(matrix.min()) for _, m, _ in rows for matrix in m.similarity.values())
    marks = ticks(min(low, 0.0), 1.0, 12)
    scale = Scale(marks[0], 1.0)
    columns, row_height = max(len(layers) for _, _, layers in rows), _MATRIX + 76
    right = _MARGIN + columns * (_MATRIX + _GAP)
    width, height = right + _BAR + 70, _HEAD + len(rows) * row_height + _MARGIN - 16
    canvas = Canvas(width, height, PRINT_RESOLUTION)
    pictures = _counted(len(rows[0][1].absolute))
    note = f"every pair of patches, in reading order, {pictures}; below: the mean beside the diagonal"
    _title(canvas, "Cosine similarity of patch tokens", note)
    for i, (label, m, layers) in enumerate(rows):
        top = _HEAD + i * row_height
        canvas.text((_MARGIN, top + 4), fitted(label, right - _MARGIN - _GAP, _LABEL), size=_LABEL)
        for j, layer in enumerate(layers):
            left = _MARGIN + j * (_MATRIX + _GAP)
            box = Box(left, top + 30, left + _MATRIX, top + 30 + _MATRIX)
            canvas.image(paint(_shrunk(m.similarity[layer]), scale), box)
            canvas.frame(box)
            canvas.text((left, box.bottom + 8), f"layer {layer}", size=_SMALL)
            canvas.text((box.right, box.bottom + 8), f"mean {m.cosine[:, layer].mean():.3f}", "rt", _SMALL)
    bottom = _HEAD + (len(rows) - 1) * row_height + 30 + _MATRIX
    _colour_bar(canvas, Box(right, _HEAD + 30, right + _BAR, bottom), scale, [v for v in marks if v <= 1])
    _save(canvas, path)


def draw_diversity(measured: Named, path: Path) -> None:
    """Write Figure 4: r(Z) and r(Z) / ||Z|| over the layers, a curve a network.

    Curves are means over the pictures, bands reach from the 10th to the 90th percentile. An axis is logarithmic where
    the values ask for it, and then ends four decades below the largest; smaller values lie on its end.
    """
    width, height = _PANEL
    legend = 24 * -(-len(measured) // 2)  # two columns
    canvas = Canvas(2 * width + 2 * _MARGIN, _HEAD + 16 + height + legend + _MARGIN, PRINT_RESOLUTION)
    panels = (("r(Z)", "absolute"), ("r(Z) / ||Z||", "relative"))
    logarithmic = False
    for i, (title, key) in enumerate(panels):
        left = _MARGIN + i * width
        box = Box(left + 56, _HEAD + 36, left + width - 20, _HEAD + height - 48)
        logarithmic |= _draw_curves(canvas, box, title, [getattr(m, key) for _, m in measured])
    first = measured[0][1]
    note = f"{'the least over z' if first.exact else 'with z the mean token'}, {_counted(len(first.absolute))}; "
    note += "shaded: 10th to 90th percentile" + "; on the lower edge: its value or less" * logarithmic
    _title(canvas, "Diversity of patch tokens by depth", note)
    for i, (label, _) in enumerate(measured):
        x, y = _MARGIN + 56 + i % 2 * width, _HEAD + height + 24 + 24 * (i // 2)
        canvas.line([(x, y), (x + 36, y)], _colour(i), 3)
        canvas.dot((x + 18, y), _colour(i), 4)
        canvas.text((x + 48, y), fitted(label, width - 124, 14), "lm", 14)
    _save(canvas, path)


def draw_features(
    looked: Sequence[tuple[str, np.ndarray, dict[int, FeatureMaps]]], picture_name: str, path: Path
) -> None:
    """Write Figure 5: the picture, and feature maps of some layers, a row a network, a block of maps a layer.

    Each map has colours of its own, from its 1st to its 99th percentile, so that a few extreme patches leave the rest
    visible; what r(Z) / ||Z|| says beside them is how much of the features that variation is.

    Args:
        looked: label, picture uint8 (H, W, 3) as the network sees it, and its maps by layer, of each network.
        picture_name: of the picture, for the title.
        path: the .png file.
    """
    count = max(len(found.maps) for _, _, maps in looked for found in maps.values())
    across = max(1, round(count**0.5))
    down = -(-count // across)
    side, tall = across * _MAP + (across - 1) * 4, down * _MAP + (down - 1) * 4
    row_height, columns = tall + 76, max(len(maps) for _, _, maps in looked)
    width = 2 * _MARGIN + (columns + 1) * side + columns * _GAP
    canvas = Canvas(width, _HEAD + len(looked) * row_height + _MARGIN - 16, PRINT_RESOLUTION)
    rule = f"the {count} channels of largest variance; light is high, each map on a scale of its own"
    _title(canvas, f"Feature maps of {picture_name}", rule)
    for i, (label, picture, maps) in enumerate(looked):
        top = _HEAD + i * row_height
        canvas.text((_MARGIN, top + 4), fitted(label, width - 2 * _MARGIN, _LABEL), size=_LABEL)
        shown = min(side, tall)
        canvas.image(Image.fromarray(picture), Box(_MARGIN, top + 30, _MARGIN + shown, top + 30 + shown))
        canvas.text((_MARGIN, top + shown + 38), f"input, {picture.shape[1]} x {picture.shape[0]} pixels", size=_SMALL)
        for j, (layer, found) in enumerate(sorted(maps.items())):
            left = _MARGIN + (j + 1) * (side + _GAP)
            _draw_maps(canvas, left, top + 30, across, found)
            canvas.text((left, top + tall + 38), f"layer {layer}", size=_SMALL)
            text = f"r(Z) / ||Z|| = {found.relative:#.3g}"
            canvas.text((left + side, top + tall + 38), text, "rt", _SMALL)
    _save(canvas, path)


def _draw_maps(canvas: Canvas, left: float, top: float, across: int, found: FeatureMaps) -> None:
    for k, values in enumerate(found.maps):
        x, y = left + k % across * (_MAP + 4), top + k // across * (_MAP + 4)
        low, high = np.percentile(values, _CLIP)
        canvas.image(paint(values, Scale(low, high if high > low else low + 1)), Box(x, y, x + _MAP, y + _MAP))


def _draw_curves(canvas: Canvas, box: Box, title: str, values: Sequence[np.ndarray]) -> bool:
    """Draw one plot of values (P, 1 + L) over the layers, a curve for each, and return whether it is logarithmic."""
    bounds = [np.percentile(one, _SPREAD, axis=0) for one in values]
    means = [one.mean(0) for one in values]
    everything = np.concatenate([*bounds, *(mean[None] for mean in means)], axis=None)
    y_scale, marks = _value_axis(everything)
    deepest = max(len(mean) for mean in means) - 1
    x_marks = [x for x in ticks(0, deepest, 12) if x == int(x) and x <= deepest]
    axes = Axes(canvas, box, Scale(0, deepest), y_scale)
    axes.frame(title + (", logarithmic" if y_scale.log else ""), "layer (0: input of the first block)", x_marks, marks)
    for i, (lower, upper) in enumerate(bounds):
        axes.band(_points(lower, y_scale), _points(upper, y_scale), _colour(i))
    for i, mean in enumerate(means):
        axes.curve(_points(mean, y_scale), _colour(i))
    return y_scale.log


def _value_axis(values: np.ndarray) -> tuple[Scale, list[float]]:
    """Return the axis that suits some values, none of them negative, and its ticks."""
    largest, positive = float(values.max()), values[values > 0]
    if not len(positive) or largest <= _LOG_RANGE * positive.min():
        marks = ticks(0.0, largest)
        return Scale(marks[0], marks[-1]), marks
    marks = log_ticks(max(float(positive.min()), largest / 10**_DECADES), largest)
    high = 1.2 * largest  # a whole decade above the curves would be empty
    return Scale(marks[0], high, log=True), [mark for mark in marks if mark <= high]


def _points(values: np.ndarray, scale: Scale) -> list[Point]:
    """Return (layer, value), with the beginning of the axis in place of smaller values."""
    return [(layer, max(float(value), scale.low)) for layer, value in enumerate(values)]


def _colour_bar(canvas: Canvas, box: Box, scale: Scale, marks: Sequence[float]) -> None:
    canvas.image(paint(np.linspace(scale.high, scale.low, 256)[:, None], scale), box)
    canvas.frame(box)
    canvas.text((box.left, box.top - 11), "cosine", "lb")
    for mark in marks:
        y = box.bottom - (box.bottom - box.top) * scale.place(mark)
        canvas.line([(box.right, y), (box.right + 4, y)], INK)
        canvas.text((box.right + 9, y), f"{mark:g}", "lm")


def _save(canvas: Canvas, path: Path) -> None:
    try:
        canvas.save(path)
    except OSError as error:
        raise UserError(f"--output_path {path}: could not be written ({error.strerror or error})") from None


def _title(canvas: Canvas, title: str, note: str) -> None:
    """Write the title of a figure, and a note below it."""
    canvas.text((_MARGIN, 16), fitted(title, canvas.width - 2 * _MARGIN, _TITLE), size=_TITLE)
    canvas.text((_MARGIN, 42), fitted(note, canvas.width - 2 * _MARGIN, _SMALL), size=_SMALL, colour="#666666")
    canvas.line([(_MARGIN, _RULE), (canvas.width - _MARGIN, _RULE)], GRID)


def _shrunk(matrix: np.ndarray) -> np.ndarray:
    """Return the matrix, averaged to twice the pixels of its place where it is larger."""
    side = 2 * _MATRIX
    if len(matrix) <= side:
        return matrix
    picture = Image.fromarray(matrix.astype(np.float32))
    return np.asarray(picture.resize((side, side), Image.Resampling.BOX))


def _counted(pictures: int) -> str:
    return "1 picture" if pictures == 1 else f"mean of {pictures} pictures"


def _colour(index: int) -> str:
    return PALETTE[index % len(PALETTE)]
