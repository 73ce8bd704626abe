# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Drawing with Pillow alone: a canvas, axes with lines on them, and a perceptually uniform colour map."""

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from src.errors import UserError

INK, GRID, PAPER = "#333333", "#e3e3e3", "#ffffff"
# colours of lines that are told apart on white, by colour-blind eyes too
PALETTE = ("#c1272d", "#0a5fa5", "#2e8b57", "#e08e00", "#7b3294", "#1a1a1a", "#00a0b0", "#8c6d31")
PRINT_RESOLUTION = 2  # of a figure that shall be sharp on paper, too
_OVERSAMPLE = 2  # drawn so many times as large and reduced, which smooths the lines
_MEASURED = 8  # times the size at which texts are measured: small letters have widths that are rounded
_DOTS = 20  # points up to which each of them is a dot; on a longer line dots hide it

Point = tuple[float, float]


@dataclass(frozen=True)
class Box:
    """A rectangle of a canvas, pixels."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True)
class Scale:
    """The values along an axis."""

    low: float  # where the axis begins
    high: float  # where it ends
    log: bool = False

    def place(self, value: float) -> float:
        """Return where ``value`` lies on the axis: 0 at its beginning, 1 at its end."""
        low, high, value = (math.log(v) if self.log else v for v in (self.low, self.high, value))
        return (value - low) / (high - low)


def check_figure_path(flag: str, path: str) -> Path:
    """Return where a figure goes, before long work begins.

    Raises:
        UserError: another extension than .png, or no such folder; it names ``flag``.
    """
    file = Path(path)
    if file.suffix.lower() != ".png":
        raise UserError(f"{flag} {path}: a figure is a .png file")
    if not file.parent.is_dir():
        raise UserError(f"{flag} {path}: no folder {file.parent}")
    return file


class Canvas:
    """A picture to draw on; all places and lengths are pixels of a picture of resolution 1."""

    def __init__(self, width: int, height: int, resolution: int = 1) -> None:
        """Begin with white paper; the file has ``resolution`` times as many pixels a side."""
        self.width, self.height = width, height
        self._size, self._scale = (width * resolution, height * resolution), _OVERSAMPLE * resolution
        self._picture = Image.new("RGB", (width * self._scale, height * self._scale), PAPER)
        self._pen = ImageDraw.Draw(self._picture, "RGBA")

    def line(self, points: Sequence[Point], colour: str, width: float = 1) -> None:
        """Draw a line through ``points``; one alone draws nothing."""
        if len(points) > 1:
            self._pen.line(self._scaled(points), fill=colour, width=round(width * self._scale), joint="curve")

    def dot(self, point: Point, colour: str, radius: float = 3) -> None:
        """Draw a disc."""
        corners = [(point[0] + d, point[1] + d) for d in (-radius, radius)]
        self._pen.ellipse(self._scaled(corners), fill=colour)

    def area(self, points: Sequence[Point], colour: str) -> None:
        """Fill the polygon of ``points``; ``colour`` may have an opacity, as in #ff000040."""
        if len(points) > 2:
            self._pen.polygon(self._scaled(points), fill=colour)

    def text(self, place: Point, text: str, anchor: str = "lt", size: int = 13, colour: str = INK) -> None:
        """Write ``text``; ``anchor`` says which of its points stands at ``place``, in Pillow's letters."""
        self._pen.text(self._scaled([place])[0], text, fill=colour, font=_font(size * self._scale), anchor=anchor)

    def image(self, image: Image.Image, box: Box) -> None:
        """Put a picture into ``box``, its pixels as squares where it is smaller."""
        (left, top), (right, bottom) = self._scaled([(box.left, box.top), (box.right, box.bottom)])
        left, top, right, bottom = (round(v) for v in (left, top, right, bottom))
        enlarged = image.width <= right - left and image.height <= bottom - top
        resampling = Image.Resampling.NEAREST if enlarged else Image.Resampling.BOX
        self._picture.paste(image.resize((right - left, bottom - top), resampling), (left, top))

    def frame(self, box: Box, colour: str = INK) -> None:
        """Draw the outline of ``box``."""
        left, top, right, bottom = box.left, box.top, box.right, box.bottom
        self.line([(left, top), (right, top), (right, bottom), (left, bottom), (left, top)], colour)

    def save(self, path: Path) -> None:
        """Write the picture as PNG; what stands at ``path`` is replaced when the new file is complete."""
        partial = path.with_suffix(".partial.png")
        try:
            self._picture.resize(self._size, Image.Resampling.LANCZOS).save(partial)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)

    def _scaled(self, points: Sequence[Point]) -> list[Point]:
        return [(x * self._scale, y * self._scale) for x, y in points]


class Axes:
    """A pair of axes with lines on them."""

    def __init__(self, canvas: Canvas, box: Box, x: Scale, y: Scale) -> None:
        """Place the axes along the left and the lower side of ``box``."""
        self.canvas, self.box, self._x, self._y = canvas, box, x, y

    def point(self, x: float, y: float) -> Point:
        """Return where the values ``x`` and ``y`` stand on the canvas."""
        box = self.box
        across, up = self._x.place(x), self._y.place(y)
        return box.left + (box.right - box.left) * across, box.bottom - (box.bottom - box.top) * up

    def frame(self, title: str, x_label: str, x_ticks: Sequence[float], y_ticks: Sequence[float]) -> None:
        """Draw the grid, the axes, their numbers and what they are called."""
        canvas, box = self.canvas, self.box
        canvas.text((box.left, box.top - 32), title)
        for tick in y_ticks:
            _, y = self.point(self._x.low, tick)
            canvas.line([(box.left, y), (box.right, y)], GRID)
            canvas.text((box.left - 8, y), f"{tick:g}", "rm")
        for tick in x_ticks:
            x, _ = self.point(tick, self._y.low)
            canvas.line([(x, box.bottom), (x, box.bottom + 4)], INK)
            canvas.text((x, box.bottom + 8), f"{tick:g}", "mt")
        canvas.line([(box.left, box.top), (box.left, box.bottom), (box.right, box.bottom)], INK)
        canvas.text(((box.left + box.right) / 2, box.bottom + 40), x_label, "mb")

    def curve(self, values: Sequence[Point], colour: str) -> None:
        """Draw a line through some (x, y)."""
        points = [self.point(x, y) for x, y in values]
        self.canvas.line(points, colour, 2)
        if len(points) <= _DOTS:
            for point in points:
                self.canvas.dot(point, colour)

    def band(self, lower: Sequence[Point], upper: Sequence[Point], colour: str) -> None:
        """Shade what lies between two lines through some (x, y)."""
        self.canvas.area([self.point(x, y) for x, y in (*lower, *reversed(upper))], colour + "28")


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Return round numbers, at most ``most`` + 1, that span [low, high]: steps of 1, 2 or 5 times a power of ten."""
    if high <= low:
        low, high = low - 0.5, high + 0.5
    magnitude = 10.0 ** math.floor(math.log10((high - low) / most))
    for step in (m * magnitude for m in (1, 2, 5, 10, 20)):
        first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
        if last - first <= most:
            break
    return [round(i * step, 12) for i in range(first, last + 1)]


def log_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Return powers of ten, at most ``most`` + 1, that span the positive values [low, high]."""
    first, last = math.floor(math.log10(low) + 1e-9), math.ceil(math.log10(high) - 1e-9)
    last = max(last, first + 1)
    step = math.ceil((last - first) / most)
    return [10.0**power for power in range(last - step * math.ceil((last - first) / step), last + 1, step)]


def text_width(text: str, size: int = 13) -> float:
    """Return how many pixels wide a text of this size is."""
    return _font(size * _MEASURED).getlength(text) / _MEASURED


def fitted(text: str, width: float, size: int = 13) -> str:
    """Return a text that fits into ``width`` pixels, its end cut off where it must be."""
    if text_width(text, size) <= width:
        return text
    while text and text_width(text + "...", size) > width:
        text = text[:-1]
    return text + "..."


def paint(values: np.ndarray, scale: Scale) -> Image.Image:
    """Return the picture of ``values`` (H, W) in the colours of ``colour_map``; what lies beyond the scale is cut."""
    places = (np.asarray(values, np.float64) - scale.low) / (scale.high - scale.low)
    colours = colour_map()
    return Image.fromarray(colours[np.rint(places.clip(0, 1) * (len(colours) - 1)).astype(int)])


@functools.lru_cache(maxsize=1)
def colour_map() -> np.ndarray:
    """Return the 256 colours (256, 3) uint8 from dark violet to light yellow: equal steps look equally large.

    Lightness grows and hue turns along a line in OKLab (Ottosson, 2020), where distances are those that eyes see; the
    line is cut into pieces of equal length there.
    """
    t = np.linspace(0, 1, 2049)
    lightness, hue = 0.20 + 0.75 * t, np.radians(310 - 205 * t)
    chroma = np.minimum(0.9 * _largest_chroma(lightness, hue), 0.13)
    chroma = np.convolve(np.pad(chroma, 256, mode="edge"), np.hanning(513) / 256, mode="valid")  # a bend would be seen
    line = np.stack([lightness, chroma * np.cos(hue), chroma * np.sin(hue)], 1)
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    places = np.linspace(0, length[-1], 256)
    lab = np.stack([np.interp(places, length, column) for column in line.T], 1)
    rgb = _linear_rgb(lab).clip(0, 1)
    encoded = np.where(rgb <= 0.0031308, 12.92 * rgb, 1.055 * rgb ** (1 / 2.4) - 0.055)  # sRGB's transfer curve
    return np.rint(encoded * 255).astype(np.uint8)


def _largest_chroma(lightness: np.ndarray, hue: np.ndarray) -> np.ndarray:
    """Return the chroma of the most vivid colour that a screen has of each lightness and hue, by bisection."""
    low, high = np.zeros_like(lightness), np.full_like(lightness, 0.4)
    for _ in range(30):
        middle = (low + high) / 2
        rgb = _linear_rgb(np.stack([lightness, middle * np.cos(hue), middle * np.sin(hue)], 1))
        shown = (rgb >= 0).all(1) & (rgb <= 1).all(1)
        low, high = np.where(shown, middle, low), np.where(shown, high, middle)
    return low


def _linear_rgb(lab: np.ndarray) -> np.ndarray:
    """Return linear sRGB (n, 3) of colours (n, 3) in OKLab."""
    cones = lab @ np.array(
        [[1, 1, 1], [0.3963377774, -0.1055613458, -0.0894841775], [0.2158037573, -0.0638541728, -1.2914855480]]
    )
    return cones**3 @ np.array(
        [
            [4.0767416621, -1.2684380046, -0.0041960863],
            [-3.3077115913, 2.6097574011, -0.7034186147],
            [0.2309699292, -0.3413193965, 1.7076147010],
        ]
    )


@functools.lru_cache(maxsize=16)
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.load_default(size)
